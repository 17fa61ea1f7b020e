#include "sigstore/verify_steps.h"

#include "base/own.h"
#include "base/time.h"
#include "sigstore/leave_out.h"
#include "tlog/checkpoint.h"
#include "tlog/proof.h"

#include <inttypes.h>

/* Rekor v1 has many trees under one name and writes "host - number"; elsewhere an origin is the name itself. */
static bool is_origin_of(struct hm_str origin, struct hm_str name, bool is_v2)
{
	if (hm_str_eq(origin, name))
		return true;
	return !is_v2 && hm_str_has_prefix(origin, name) &&
	       hm_str_has_prefix(hm_str_skip(origin, name.len), HM_STR(" - "));
}

/* rekor-v2-spec 7.2, step 1: "verifies the signature of the checkpoint against the server's public key and the expected
 * server name" */
static enum hm_status open_checkpoint(const struct hm_trust_log *log, const struct hm_inclusion_proof *proof,
				      bool is_v2, struct hm_tlog_head *ret_head, struct hm_err *err)
{
	struct hm_tlog_verified_checkpoint checkpoint;

	if (log->unusable)
		return hm_fail(err, HM_R_TLOG_UNKNOWN, "the log '%.*s' cannot be used: %s",
			       HM_STR_ARG(hm_str_head(log->url, 100)), log->unusable);
	enum hm_status st = hm_tlog_checkpoint_verify(proof->checkpoint, (struct hm_str){ 0 }, log->names,
						      log->names_count, &checkpoint, err);
	if (st != HM_OK)
		return hm_while(err, st, "checkpoint of '%.*s'", HM_STR_ARG(hm_str_head(log->url, 100)));
	if (!is_origin_of(checkpoint.is.origin, hm_str(checkpoint.by->name), is_v2))
		return hm_fail(err, HM_R_TLOG_ORIGIN, "a checkpoint signed by '%s' is of '%.*s'", checkpoint.by->name,
			       HM_STR_ARG(hm_str_head(checkpoint.is.origin, 100)));
	*ret_head = checkpoint.is.head;
	return HM_OK;
}

/* Step 2: "verifies the inclusion proof using the algorithm specified in RFC 6962 2.1.1" */
static enum hm_status check_path(const struct hm_log_entry *entry, struct hm_str body, bool is_v2,
				 const struct hm_tlog_head *head, struct hm_err *err)
{
	const struct hm_inclusion_proof *proof = entry->proof;
	struct hm_hash path[HM_TLOG_MAX_PATH], leaf;

	/* In Rekor v2 there is one tree, and so one index. */
	if (is_v2 && proof->index != entry->index)
		return hm_fail(err, HM_R_TLOG_INDEX,
			       "the entry has index %" PRId64 " and the inclusion proof is of %" PRId64, entry->index,
			       proof->index);
	for (size_t i = 0; i < proof->hashes_count; i++)
		memcpy(path[i].b, proof->hashes[i].ptr, HM_HASH_LEN);
	enum hm_status st = hm_tlog_leaf_hash(body, &leaf, err);
	if (st == HM_OK)
		st = hm_tlog_check_inclusion((uint64_t)proof->index, head->size, &leaf, path, proof->hashes_count,
					     &head->root, err);
	return hm_while(err, st, "inclusion proof");
}

/* What a proof says itself of its tree, which nobody signed. */
static struct hm_tlog_head head_beside(const struct hm_inclusion_proof *proof)
{
	struct hm_tlog_head head = { .size = (uint64_t)proof->tree_size };

	memcpy(head.root.b, proof->root_hash.ptr, HM_HASH_LEN);
	return head;
}

enum hm_status hm_check_own_root(const struct hm_log_entry *entry, struct hm_str body, bool is_v2, struct hm_err *err)
{
	const struct hm_tlog_head head = head_beside(entry->proof);

	return check_path(entry, body, is_v2, &head, err);
}

static enum hm_status check_head(const struct hm_inclusion_proof *proof, const struct hm_tlog_head *head,
				 struct hm_err *err)
{
	if (head->size == (uint64_t)proof->tree_size && memcmp(head->root.b, proof->root_hash.ptr, HM_HASH_LEN) == 0)
		return HM_OK;
	return hm_fail(err, HM_R_TLOG_ROOT,
		       "the inclusion proof is of a tree of %" PRId64
		       " entries, its checkpoint of another, of %" PRIu64,
		       proof->tree_size, head->size);
}

static enum hm_status included_in(const struct hm_trust_log *log, const struct hm_log_entry *entry, struct hm_str body,
				  bool is_v2, struct hm_err *err)
{
	const struct hm_inclusion_proof *proof = entry->proof;
	struct hm_tlog_head head = head_beside(proof);

	/* Root and size count as they are signed; what stands beside them must say the same. */
	enum hm_status st = HM_STEP("checkpoint", open_checkpoint(log, proof, is_v2, &head, err));
	if (st == HM_OK)
		st = HM_STEP("root", check_head(proof, &head, err));
	return st == HM_OK ? HM_STEP("inclusion", check_path(entry, body, is_v2, &head, err)) : st;
}

enum hm_status hm_check_inclusion(const struct hm_trust *trust, const struct hm_log_entry *entry, struct hm_str body,
				  bool is_v2, const struct hm_trust_log **ret_log, struct hm_err *err)
{
	const struct hm_trust_log *log;
	enum hm_status st = hm_fail(err, HM_R_TLOG_UNKNOWN, "no log of the trust root has its log id");

	if (hm_find_log(trust, entry->log_id, 0) && entry->proof->checkpoint.len == 0)
		return hm_fail(err, HM_R_BUNDLE_CHECKPOINT, "an inclusion proof without checkpoint");
	for (size_t i = 0; st != HM_OK && st != HM_ENOMEM && (log = hm_find_log(trust, entry->log_id, i)); i++) {
		st = included_in(log, entry, body, is_v2, err);
		if (st == HM_OK)
			*ret_log = log;
	}
	return st;
}

enum hm_status hm_refuse_entry(unsigned differs, struct hm_err *err)
{
	/* Another artifact or another key has another signature: that it differs too says nothing more. */
	if ((differs & HM_DIFFERS_DIGEST) && (differs & HM_DIFFERS_SIGNER))
		return hm_fail(err, HM_R_TLOG_ENTRY, "the log entry is that of another signature");
	if (differs & HM_DIFFERS_DIGEST)
		return hm_fail(err, HM_R_TLOG_ENTRY_DIGEST, "the log entry is that of something else that was signed");
	if (differs & HM_DIFFERS_SIGNER)
		return hm_fail(err, HM_R_TLOG_ENTRY_KEY, "the log entry names another certificate or key");
	if (differs & HM_DIFFERS_SIGNATURE)
		return hm_fail(err, HM_R_TLOG_ENTRY_SIG, "the log entry holds another signature");
	if (differs & HM_DIFFERS_DETAILS)
		return hm_fail(err, HM_R_TLOG_ENTRY_KEY, "the log entry says that the key signs in another way");
	return HM_OK;
}

/*
 * rekor-v2-spec 6.1.4, 1 (preferred): "Reconstruct the canonicalized `HashedRekordLogEntryV002` from the entry's
 * `apiVersion` and `kind` together with the bundle's signed content … The recomputed leaf hash is then used as the
 * input to verify the inclusion proof"
 */
enum hm_status hm_check_logged(const struct hm_trust *trust, const struct hm_log_entry *entry,
			       const struct hm_log_claim *claim, const struct hm_trust_log **ret_log,
			       struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf body = hm_buf_init(HM_MAX_LOG_BODY);

	enum hm_status st = hm_log_body_make(claim, &body, err);
	if (st != HM_OK)
		return st;
	if (!entry->proof)
		return hm_fail(err, HM_R_BUNDLE_PROOF, "a log entry without inclusion proof");
	/* It may be left out; if not, it is what the log has. */
	if (entry->body.len > 0 && !hm_str_eq(entry->body, hm_buf_str(&body)))
		return hm_fail(err, HM_R_TLOG_ENTRY, "the log entry is that of another signature");
	return hm_check_inclusion(trust, entry, hm_buf_str(&body), true, ret_log, err);
}

/* Rekor v1: the log signed or proves the body as it stands there, and the body must be of this signature. */
static enum hm_status check_v1(struct hm_check *c, const struct hm_log_entry *entry, enum hm_log_kind kind,
			       const struct hm_trust_log **ret_log, struct hm_err *err)
{
	struct hm_log_body body;
	unsigned differs = 0;
	enum hm_status st = HM_OK;

	/* Without a proof there was a promise, which was good: times come first. */
	*ret_log = hm_find_log(c->trust, entry->log_id, 0);
	if (entry->proof)
		st = hm_check_inclusion(c->trust, entry, entry->body, false, ret_log, err);
	/* 4.4: "it MUST parse `body` as the given type"; "1. The signature from the parsed body is the same as the
	 * provided signature. 2. The key or certificate from the parsed body is the same as in the input
	 * certificate. 3. The “subject” of the parsed body matches the artifact." */
	if (st == HM_OK)
		st = hm_log_body_parse(entry->body, kind, &c->out->arena, &body, err);
	if (st == HM_OK)
		st = hm_log_body_compare(&body, kind, &c->claim, &differs, err);
	return st == HM_OK ? HM_STEP("entry", hm_refuse_entry(differs, err)) : st;
}

/* Whether a log's key was trusted at a time; it may stand there more than once, for different spans. */
static bool is_trusted_at(const struct hm_trust *trust, struct hm_str log_id, int64_t time_ns)
{
	const struct hm_trust_log *log;

	for (size_t i = 0; (log = hm_find_log(trust, log_id, i)); i++) {
		if (hm_time_range_has(&log->valid_for, time_ns))
			return true;
	}
	return false;
}

/* Of an entry whose time the log did not sign: what else is known of the time. */
static enum hm_status check_unsigned_time(const struct hm_check *c, const struct hm_log_entry *entry,
					  struct hm_err *err)
{
	char time[HM_TIME_NS_TEXT_LEN];

	for (size_t i = 0; i < c->out->times_count; i++) {
		if (is_trusted_at(c->trust, entry->log_id, c->out->times[i].time_ns))
			continue;
		hm_time_ns_text(c->out->times[i].time_ns, time);
		return hm_fail(err, HM_R_TLOG_VALIDITY, "the signature is of %s, when the log's key was not trusted",
			       time);
	}
	if (entry->integrated_time_s == 0 || c->out->chain_len == 0)
		return HM_OK;
	const struct hm_cert *leaf = &c->out->chain[0];
	if (entry->integrated_time_s >= leaf->not_before_s && entry->integrated_time_s <= leaf->not_after_s)
		return HM_OK;
	hm_time_ns_text(entry->integrated_time_s * HM_NS_PER_S, time);
	return hm_fail(err, HM_R_TLOG_TIME,
		       "the entry says that it was logged at %s, when the certificate was not valid", time);
}

static enum hm_status check_entry(struct hm_check *c, const struct hm_log_entry *entry,
				  const struct hm_trust_log **ret_log, struct hm_err *err)
{
	enum hm_log_kind kind;

	enum hm_status st = hm_log_kind_of(entry, &kind, err);
	if (st != HM_OK)
		return st;
	if (hm_log_kind_is_v2(kind))
		st = hm_check_logged(c->trust, entry, &c->claim, ret_log, err);
	else
		st = check_v1(c, entry, kind, ret_log, err);
	if (st == HM_OK && entry->promise.len == 0)
		st = HM_STEP("log time", check_unsigned_time(c, entry, err));
	return st;
}

/* "two proofs from log deployments operated by the same operator should count as only one valid proof" */
static bool is_same_operator(const struct hm_trust_log *a, const struct hm_trust_log *b)
{
	return a == b || hm_str_eq(a->id, b->id) ||
	       (a->operator_name.len > 0 && hm_str_eq(a->operator_name, b->operator_name));
}

enum hm_status hm_check_entries(struct hm_check *c, struct hm_err *err)
{
	const struct hm_trust_log *logs[HM_MAX_BUNDLE_ENTRIES];
	const struct hm_bundle *bundle = c->bundle;
	unsigned operators = 0;

	if (c->opts.without_tlog)
		return HM_OK;
	enum hm_status st = hm_check_claim(c, err);
	for (size_t i = 0; st == HM_OK && i < bundle->entries_count; i++) {
		const struct hm_log_entry *entry = &bundle->entries[i];
		st = hm_while(err, check_entry(c, entry, &logs[i], err), "log entry %zu", i + 1);
		if (st != HM_OK)
			return st;
		bool is_new = true;
		for (size_t j = 0; j < i && is_new; j++)
			is_new = !is_same_operator(logs[i], logs[j]);
		operators += is_new;
		c->out->entries[c->out->entries_count++] = (struct hm_verified_entry){
			.index = entry->index,
			.log_url = logs[i]->url,
			.log_id = logs[i]->id,
			.kind = entry->kind,
			.version = entry->version,
			.integrated_time_s = entry->promise.len > 0 ? entry->integrated_time_s : 0,
			.proven_index = entry->proof ? entry->proof->index : -1,
		};
	}
	if (st == HM_OK && operators < c->opts.tlogs)
		return hm_fail(err, HM_R_TLOG_MISSING, "the signature is in %u transparency logs, and %u are wanted",
			       operators, c->opts.tlogs);
	return st;
}
