/*
 * A transparency log: Rekor's v2 API over a log of its own, in one directory.
 *
 * What is kept: tiles and entry bundles as files in the layout of C2SP tlog-tiles, a checkpoint that the log's Ed25519
 * key signed, the time at which each entry came, and an index in SQLite for searching, which can be dropped: it is
 * built again from the rest. An entry is acknowledged once it and a checkpoint over it are on disk; all entries that
 * wait at one moment share the next checkpoint. Before a checkpoint is signed, what was written is read back and must
 * lead to its root.
 *
 * Any number of threads and processes may have one directory open: whoever writes holds the directory's lock meanwhile,
 * and begins by looking what the others did.
 *
 * Times are this log's own record. Entries of Rekor v2 hold none, so no signature covers them: what proves a time is an
 * RFC 3161 time stamp.
 *
 * Not here: making entries and checking what a log answers (sigstore), sockets (net), who may write (whoever serves
 * it). Layer 10. Any thread. Source  sigstore/rekor-tiles v2; C2SP tlog-tiles, tlog-checkpoint; docs/services.md
 */
#ifndef HM_SERVICE_LOG_LOG_H
#define HM_SERVICE_LOG_LOG_H

#include "base/arena.h"
#include "base/effects.h"
#include "crypto/key.h"
#include "http/route.h"
#include "tlog/proof.h"

#include <stdbool.h>

struct hm_log;

struct hm_log_opts {
	const char *dir; /* made where it is missing */
	/*
	 * The log's name: the first line of its checkpoints, and the host (with a path, where there is one) of the
	 * baseUrl under which clients know it. NULL: the name that it has, and for a new log
	 * "<the first 8 hexadecimal digits of its key's id>.hallmark.localhost".
	 */
	const char *origin;
	bool must_exist;             /* to look at a log, not to make one */
	const struct hm_effects *fx; /* NULL: the system's */
	/*
	 * For tests: called while an entry is being added, with the name of the place, so that a process can be ended
	 * there: "log.begin", "log.entries", "log.times", "log.tiles", "log.checked", "log.checkpoint", "log.index".
	 * Between "log.entries" and "log.checkpoint" there is more on disk than a checkpoint covers.
	 */
	void (*reached)(void *ctx, const char *place);
	void *reached_ctx;
};

/*
 * Open a log; make it where it is missing.
 *
 * Owns    opts is copied; what fx and reached_ctx point to must live until hm_log_free(); ret_log is the caller's
 * Errors  HM_EINVAL log.origin: it has another name, or that cannot be one
 *         HM_EVERIFY log.lost: its key or its checkpoint is gone; log.rollback: it is older than its index, or of
 *         another history; tlog.signature, tlog.unsigned: the checkpoint is not by its key
 *         HM_EVERIFY log.damaged: the tiles do not lead to the checkpoint's root
 *         as hm_datadir_open(), hm_db_open(), hm_datadir_make_signer()
 */
enum hm_status hm_log_open(const struct hm_log_opts *opts, struct hm_log **ret_log, struct hm_err *err) HM_MUST;

/* Close; no handler may run any more. Returns NULL. */
struct hm_log *hm_log_free(struct hm_log *log);

/* For HM_OWN. */
void hm_log_freep(struct hm_log **log);

/* What a trust root says of it; borrowed until it is closed. The id is that of Rekor v2: SHA-256 of name and key. */
const char *hm_log_origin(const struct hm_log *log);
const struct hm_key *hm_log_key(const struct hm_log *log);
const struct hm_hash *hm_log_id(const struct hm_log *log);

/*
 * Answer a request of Rekor's v2 API; service is the struct hm_log.
 *
 * POST /api/v2/log/entries; GET /api/v2/checkpoint, /api/v2/tile/…, /api/v2/tile/entries/…, /healthz. A POST waits
 * until its entry is in a checkpoint.
 */
enum hm_status hm_log_handle(void *service, const struct hm_http_request *request, struct hm_http_response *response,
			     struct hm_err *err);

static inline struct hm_http_endpoint hm_log_endpoint(struct hm_log *log)
{
	return (struct hm_http_endpoint){ hm_log_handle, log };
}

/* --- what is in it --- */

/* An entry as the index has it. */
struct hm_log_found {
	uint64_t index;
	int64_t time_s;         /* when this log took it; 0: not known. No signature covers it */
	struct hm_str kind;     /* "hashedrekord" */
	struct hm_str version;  /* "0.0.2" */
	struct hm_str identity; /* of the certificate: its first name, an address or a URI; empty: a bare key signed */
	struct hm_str issuer;   /* who vouched for the identity, as Fulcio writes it; may be empty */
	struct hm_hash key_id;  /* SHA-256 of the SubjectPublicKeyInfo */
	struct hm_digest digest;
};

struct hm_log_query {
	/* Of what was signed: of an artifact for a message signature; of the PAE for a DSSE envelope. Any of them. */
	const struct hm_digest *digests;
	size_t digests_len;
	struct hm_str identity; /* exactly this one; {0}: any */
	uint64_t from;          /* the first index that is wanted */
	size_t max;             /* entries; 0: HM_MAX_LOG_FOUND */
};

/*
 * Search, the oldest first. What the log holds when it is called is found, whoever added it.
 *
 * Shape   query: without digests and without identity, all entries.
 * Owns    ret_found lies in arena
 * Errors  as hm_log_open(); HM_ELIMIT limit: more than max, the first max are in ret_found then
 */
enum hm_status hm_log_search(struct hm_log *log, const struct hm_log_query *query, struct hm_arena *arena,
			     struct hm_log_found **ret_found, size_t *ret_count, struct hm_err *err) HM_MUST;

/* An entry with its proof, checked against the newest checkpoint. */
struct hm_log_proof {
	struct hm_str body;       /* canonical JSON, the leaf's bytes; in the arena */
	struct hm_str checkpoint; /* the signed note; in the arena */
	struct hm_tlog_head head; /* what it says */
	struct hm_tlog_path path;
};

/*
 * Prove that an entry is in the log. HM_OK is the verdict: the body's hash, by the path, leads to the root that the
 * log's key signed.
 *
 * Owns    ret_proof's texts lie in arena
 * Errors  HM_EVERIFY tlog.index: there is no such entry; HM_EVERIFY log.damaged; HM_EIO; HM_ENOMEM
 */
enum hm_status hm_log_prove(struct hm_log *log, uint64_t index, struct hm_arena *arena, struct hm_log_proof *ret_proof,
			    struct hm_err *err) HM_MUST;

/*
 * Check all of it: that each entry is what this log writes, with a good signature, that every tile follows from the
 * entries and the whole from the checkpoint, and that the index says the same.
 *
 * Shape   ret_size: entries; may be NULL.
 * Errors  HM_EVERIFY log.damaged, with the first place; HM_EPARSE log.entry; as hm_log_open()
 */
enum hm_status hm_log_check(struct hm_log *log, uint64_t *ret_size, struct hm_err *err) HM_MUST;

/*
 * Drop the index and build it again from the entries.
 *
 * Errors  as hm_log_open()
 */
enum hm_status hm_log_reindex(struct hm_log *log, struct hm_err *err) HM_MUST;

#endif
