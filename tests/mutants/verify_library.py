"""libhallmark-verify by ctypes: a verdict for a bundle's text."""
import ctypes

OK = 0


class Error(ctypes.Structure):
    _fields_ = [("status", ctypes.c_int), ("reason", ctypes.c_char_p), ("hint", ctypes.c_char_p),
                ("text", ctypes.c_char * 1024)]


class Artifact(ctypes.Structure):
    _fields_ = [("kind", ctypes.c_int), ("path", ctypes.c_char_p), ("fd", ctypes.c_int), ("bytes", ctypes.c_char_p),
                ("size", ctypes.c_size_t), ("digest", ctypes.c_char_p)]


class Wanted(ctypes.Structure):
    _fields_ = [("struct_size", ctypes.c_size_t), ("identity", ctypes.c_char_p), ("issuer", ctypes.c_char_p),
                ("key", ctypes.c_char_p), ("key_size", ctypes.c_size_t), ("predicate_type", ctypes.c_char_p),
                ("timestamps", ctypes.c_uint), ("tlogs", ctypes.c_uint), ("without", ctypes.c_uint)]


BYTES = 3
WITHOUT_TLOG = 2


class Library:
    def __init__(self, path):
        self.lib = ctypes.CDLL(str(path))
        for name in ["hallmark_trust_root_free", "hallmark_bundle_free"]:
            getattr(self.lib, name).argtypes = [ctypes.c_void_p]

    def read(self, function, text):
        """(handle, reason)"""
        handle, error = ctypes.c_void_p(), Error()
        status = function(text, ctypes.c_size_t(len(text)), ctypes.byref(handle), ctypes.byref(error))
        return (handle, None) if status == OK else (None, error.reason.decode())

    def root(self, text):
        handle, reason = self.read(self.lib.hallmark_trust_root_read, text)
        assert handle, reason
        return handle

    def verify(self, root, text, artifact, identity=None, issuer=None, key=None, without=0):
        """None where it is accepted, else the reason."""
        bundle, reason = self.read(self.lib.hallmark_bundle_read, text)
        if not bundle:
            return reason
        what = Artifact(kind=BYTES, bytes=artifact, size=len(artifact))
        wanted = Wanted(struct_size=ctypes.sizeof(Wanted), identity=identity, issuer=issuer, key=key,
                        key_size=len(key or b""), without=without)
        error = Error()
        status = self.lib.hallmark_verify(root, bundle, ctypes.byref(what), ctypes.byref(wanted), None,
                                          ctypes.byref(error))
        self.lib.hallmark_bundle_free(bundle)
        return None if status == OK else error.reason.decode()
