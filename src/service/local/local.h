/*
 * The local instance: CA, transparency log, time-stamp authority and OIDC issuer on one state directory, reached in
 * this process through the bytes that HTTP would carry. It is what `hallmark run` signs with where no other is named.
 *
 * What it vouches for is that the holder of the state directory signed: integrity and inclusion in the log, not origin,
 * for all keys lie on this machine. Everybody who runs locally is HM_LOCAL_IDENTITY by HM_LOCAL_ISSUER; two state
 * directories have different keys, so neither's trust root accepts what the other signed.
 *
 * Not here: signing and verifying (sigstore), listening on a network (net), which state directory is meant where the
 * environment decides (hm_local_state_dir() is told).
 * Layer 12. An instance is used by any number of threads; any number of processes may have the same state open.
 */
#ifndef HM_SERVICE_LOCAL_H
#define HM_SERVICE_LOCAL_H

#include "base/effects.h"
#include "base/secret.h"
#include "base/strv.h"
#include "crypto/digest.h"
#include "http/transport.h"

#include <stdbool.h>

/* Who a local run is, and who says so; the same on every machine and in every run. */
#define HM_LOCAL_ISSUER   "https://hallmark.localhost"
#define HM_LOCAL_IDENTITY "local-run@hallmark.localhost"

/* For whom its tokens are: what every Sigstore client sends and Fulcio expects. */
#define HM_LOCAL_AUDIENCE "sigstore"

struct hm_instance;

struct hm_instance_opts {
	const char *state;               /* the state directory; made where it is missing, mode 0700 */
	bool must_exist;                 /* to look at what is there; nothing is made then */
	const struct hm_effects *fx;     /* clock and random numbers; NULL: the system's */
	const struct hm_transport *next; /* asked for all other origins; NULL: they are an error */
	struct hm_http_observer observer;
	const char *issuer; /* for tests that serve it elsewhere; NULL: HM_LOCAL_ISSUER */
};

/*
 * The state directory.
 *
 * Shape   given: --state, or NULL; xdg: $XDG_STATE_HOME, or NULL; home: $HOME, or NULL. GIVEN, or XDG/hallmark where
 *         xdg is absolute, or HOME/.local/state/hallmark.
 * Owns    the caller frees
 * Errors  HM_EINVAL usage: none of the three says where; HM_ENOMEM
 * Source  XDG Base Directory Specification
 */
enum hm_status hm_local_state_dir(const char *given, const char *xdg, const char *home, char **ret_path,
				  struct hm_err *err) HM_MUST;

/*
 * Open the instance; at first use its keys and certificates are made. A process that is killed on the way leaves what
 * the next one completes, and of two that begin at once both end up with the same keys.
 *
 * Owns    opts is copied, but for fx and next's context, which must live as long; ret_instance is the caller's
 * Errors  HM_EPARSE store.format, HM_EINVAL store.version: the directory is somebody else's, or of a newer version
 *         HM_EPARSE ca.state and what the services say of their files: damaged, or they do not belong together
 *         HM_EVERIFY ca.expired: the CA's certificates have run out
 *         HM_ENOTFOUND: must_exist, and there is no instance yet; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_instance_open(const struct hm_instance_opts *opts, struct hm_instance **ret_instance,
				struct hm_err *err) HM_MUST;

/* Close it; nothing may be under way. Returns NULL. */
struct hm_instance *hm_instance_free(struct hm_instance *instance);

/* For HM_OWN. */
void hm_instance_freep(struct hm_instance **instance);

/* What clients ask the instance by. Owns: borrows the instance. */
struct hm_transport hm_instance_transport(const struct hm_instance *instance);

/* All of its services as one handler, for a server. Owns: borrows the instance. */
struct hm_http_endpoint hm_instance_endpoint(const struct hm_instance *instance);

/*
 * Where all of its services are: "https://1a2b3c4d.hallmark.localhost", the first four bytes of the log's key id. The
 * host is the log's name, which its checkpoints begin with.
 */
const char *hm_instance_origin(const struct hm_instance *instance);

/* Its log, to be searched. Owns: borrowed from the instance. */
struct hm_log;
struct hm_log *hm_instance_log(const struct hm_instance *instance);

/*
 * Keep an attestation that was signed, so that it is found later by what it is about: the log has no statements. A
 * bundle with a message signature need not be kept, and is not.
 *
 * Errors  as hm_bundle_parse() and hm_attest_statement_parse(); HM_EIO; HM_ENOMEM
 */
enum hm_status hm_instance_keep(const struct hm_instance *instance, struct hm_str bundle, struct hm_err *err) HM_MUST;

/*
 * Those that were kept about an artifact: paths of bundles, of which nothing is checked.
 *
 * Shape   ret_paths: they are added to it, in no order.
 * Errors  HM_EIO; HM_ENOMEM
 */
enum hm_status hm_instance_kept(const struct hm_instance *instance, const struct hm_digest *digest,
				struct hm_strv *ret_paths, struct hm_err *err) HM_MUST;

/*
 * A token for a local run: issuer, identity and audience as above, good for five minutes.
 *
 * Owns    ret_token is the caller's, for hm_secret_done()
 * Errors  HM_EIO random; HM_ENOMEM
 */
enum hm_status hm_instance_token(const struct hm_instance *instance, struct hm_secret *ret_token,
				 struct hm_err *err) HM_MUST;

/* Its trust root, as JSON; the same for as long as the state is. Owns: borrowed from the instance. */
struct hm_str hm_instance_trusted_root(const struct hm_instance *instance);

/*
 * Add its signing configuration, or both documents in one as sigstore-python takes them, as JSON.
 *
 * Shape   origin: where the services are asked, such as a server's "http://127.0.0.1:4711"; NULL: hm_instance_origin().
 * Errors  HM_ELIMIT; HM_ENOMEM
 */
enum hm_status hm_instance_signing_config(const struct hm_instance *instance, const char *origin, struct hm_buf *buf,
					  struct hm_err *err) HM_MUST;
enum hm_status hm_instance_trust_config(const struct hm_instance *instance, const char *origin, struct hm_buf *buf,
					struct hm_err *err) HM_MUST;

/*
 * Save trusted_root.json, signing_config.json and trust_config.json in a folder, each in one step.
 *
 * Shape   origin: as above.
 * Errors  HM_ENOTFOUND: the folder; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_instance_save(const struct hm_instance *instance, const char *origin, const char *folder,
				struct hm_err *err) HM_MUST;

#endif
