"""What conftest.py and the golden tests share: where the tested program is, and the environment that it runs in."""
import functools
import os
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]

# Of the caller's environment, only what programs need to be found and Go needs to reach its module proxy and caches.
KEPT = ["PATH", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY",
        "HTTPS_PROXY", "NO_PROXY"]
GO_KEPT = ["GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOMODCACHE", "GOCACHE", "GOTOOLCHAIN"]


def build_folder():
    return Path(os.environ.get("HM_BUILD") or TOP / "build")


@functools.lru_cache
def program_path(name="hallmark"):
    """The program that is tested: $HALLMARK, else the build folder's; None where it is not built."""
    if name == "hallmark" and os.environ.get("HALLMARK"):
        return Path(os.environ["HALLMARK"]).resolve()
    found = [p for p in sorted(build_folder().rglob(name)) if p.is_file() and os.access(p, os.X_OK)]
    return found[0] if found else None


def clean_environment(home):
    """A caller's environment with a home of its own below the folder; nothing of the real one's is read or written."""
    env = {name: os.environ[name] for name in KEPT if name in os.environ}
    env.update(HOME=str(home), LANG="C.UTF-8", TZ="UTC")
    for name, folder in [("CONFIG", ".config"), ("CACHE", ".cache"), ("STATE", ".local/state"), ("DATA", ".local/share"),
                         ("RUNTIME", ".run")]:
        path = Path(home) / folder
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        env[f"XDG_{name}_" + ("DIR" if name == "RUNTIME" else "HOME")] = str(path)
    return env
