#include "sigstore/log_entry.h"

#include "base/limits.h"
#include "base/plant.h"
#include "crypto/digest.h"
#include "sigstore/json.h"
#include "tlog/proof.h"

static const struct hm_json_field checkpoint_fields[] = {
	{ "envelope", HM_JSON_STR, 0, .max = HM_MAX_NOTE },
};
static const struct hm_json_table checkpoint_table = HM_JSON_TABLE(struct hm_str, checkpoint_fields);

static const struct hm_json_field proof_fields[] = {
	{ "logIndex", HM_JSON_I64_STRING, offsetof(struct hm_inclusion_proof, index) },
	{ "rootHash", HM_JSON_BASE64_LINES, offsetof(struct hm_inclusion_proof, root_hash) },
	{ "treeSize", HM_JSON_I64_STRING, offsetof(struct hm_inclusion_proof, tree_size) },
	{ "hashes", HM_JSON_ARRAY, offsetof(struct hm_inclusion_proof, hashes), .of = HM_JSON_BASE64_LINES,
	  .count = offsetof(struct hm_inclusion_proof, hashes_count), .max = HM_TLOG_MAX_PATH },
	{ "checkpoint", HM_JSON_OBJECT, offsetof(struct hm_inclusion_proof, checkpoint), .table = &checkpoint_table },
};
static const struct hm_json_table proof_table = HM_JSON_TABLE(struct hm_inclusion_proof, proof_fields);

static const struct hm_json_field promise_fields[] = {
	{ "signedEntryTimestamp", HM_JSON_BASE64_LINES, 0 },
};
static const struct hm_json_table promise_table = HM_JSON_TABLE(struct hm_str, promise_fields);

/* kind and version stand in an object of their own, which begins where kind does. */
struct kind_version {
	struct hm_str kind, version;
};
_Static_assert(offsetof(struct hm_log_entry, version) == offsetof(struct hm_log_entry, kind) + sizeof(struct hm_str),
	       "kind and version are decoded as one");

static const struct hm_json_field kind_fields[] = {
	{ "kind", HM_JSON_STR, offsetof(struct kind_version, kind) },
	{ "version", HM_JSON_STR, offsetof(struct kind_version, version) },
};
static const struct hm_json_table kind_table = HM_JSON_TABLE(struct kind_version, kind_fields);

static const struct hm_json_field entry_fields[] = {
	{ "logIndex", HM_JSON_I64_STRING, offsetof(struct hm_log_entry, index) },
	{ "logId", HM_JSON_OBJECT, offsetof(struct hm_log_entry, log_id), .table = &hm_key_id_table },
	{ "kindVersion", HM_JSON_OBJECT, offsetof(struct hm_log_entry, kind), .table = &kind_table },
	{ "integratedTime", HM_JSON_I64_STRING, offsetof(struct hm_log_entry, integrated_time_s) },
	{ "inclusionPromise", HM_JSON_OBJECT, offsetof(struct hm_log_entry, promise), .table = &promise_table },
	{ "inclusionProof", HM_JSON_OBJECT_PTR, offsetof(struct hm_log_entry, proof), .table = &proof_table },
	{ "canonicalizedBody", HM_JSON_BASE64_LINES, offsetof(struct hm_log_entry, body) },
};
const struct hm_json_table hm_log_entry_table = HM_JSON_TABLE(struct hm_log_entry, entry_fields);

/* Times are compared in nanoseconds, of which 64 bits hold 292 years. */
#define MAX_TIME_S (INT64_MAX / 1000000000)

static enum hm_status check_proof(const struct hm_inclusion_proof *proof, struct hm_err *err)
{
	if (proof->index < 0 || proof->tree_size < 0)
		return hm_fail(err, HM_R_BUNDLE_ENTRY, "an inclusion proof with a negative index or tree size");
	if (proof->root_hash.len != HM_HASH_LEN)
		return hm_fail(err, HM_R_BUNDLE_ENTRY, "an inclusion proof with a root hash of %zu bytes",
			       proof->root_hash.len);
	for (size_t i = 0; i < proof->hashes_count; i++) {
		if (proof->hashes[i].len != HM_HASH_LEN)
			return hm_fail(err, HM_R_BUNDLE_ENTRY, "an inclusion proof with a hash of %zu bytes",
				       proof->hashes[i].len);
	}
	HM_PLANT(proof->hashes_count == 2 && proof->index == 77);
	return HM_OK;
}

enum hm_status hm_log_entry_check(const struct hm_log_entry *entry, struct hm_err *err)
{
	if (entry->index < 0)
		return hm_fail(err, HM_R_BUNDLE_ENTRY, "a log entry with a negative index");
	if (entry->integrated_time_s < 0 || entry->integrated_time_s > MAX_TIME_S)
		return hm_fail(err, HM_R_BUNDLE_ENTRY, "a log entry with an integrated time that is none");
	if (entry->log_id.len != HM_HASH_LEN)
		return hm_fail(err, HM_R_BUNDLE_ENTRY, "a log entry whose log id has %zu bytes", entry->log_id.len);
	if (entry->kind.len == 0 || entry->version.len == 0)
		return hm_fail(err, HM_R_BUNDLE_ENTRY, "a log entry without its kind and version");
	if (entry->body.len > HM_MAX_LOG_BODY)
		return hm_fail(err, HM_R_LIMIT, "a log entry's body of %zu bytes is over the limit of %zu",
			       entry->body.len, (size_t)HM_MAX_LOG_BODY);
	return entry->proof ? check_proof(entry->proof, err) : HM_OK;
}

enum hm_status hm_log_entry_parse(struct hm_str text, struct hm_arena *arena, struct hm_log_entry *ret_entry,
				  struct hm_err *err)
{
	const struct hm_decode_opts opts = { .proto_json = true };
	struct hm_log_entry entry = { 0 };

	enum hm_status st = hm_json_decode(text, &hm_log_entry_table, &opts, arena, &entry, err);
	if (st == HM_OK)
		st = hm_log_entry_check(&entry, err);
	if (st == HM_OK)
		*ret_entry = entry;
	return st;
}

static void write_proof(const struct hm_inclusion_proof *proof, struct hm_json_writer *w)
{
	hm_json_key(w, "inclusionProof");
	hm_json_object(w);
	hm_json_member_i64_string(w, "logIndex", proof->index);
	hm_json_member_base64(w, "rootHash", proof->root_hash.ptr, proof->root_hash.len);
	hm_json_member_i64_string(w, "treeSize", proof->tree_size);
	hm_json_key(w, "hashes");
	hm_json_array(w);
	for (size_t i = 0; i < proof->hashes_count; i++)
		hm_json_base64(w, proof->hashes[i].ptr, proof->hashes[i].len);
	hm_json_array_end(w);
	if (proof->checkpoint.len > 0) {
		hm_json_key(w, "checkpoint");
		hm_json_object(w);
		hm_json_member_str(w, "envelope", proof->checkpoint);
		hm_json_object_end(w);
	}
	hm_json_object_end(w);
}

void hm_log_entry_write(const struct hm_log_entry *entry, struct hm_json_writer *w)
{
	hm_json_object(w);
	hm_json_member_i64_string(w, "logIndex", entry->index);
	hm_key_id_write(w, "logId", entry->log_id);
	hm_json_key(w, "kindVersion");
	hm_json_object(w);
	hm_json_member_str(w, "kind", entry->kind);
	hm_json_member_str(w, "version", entry->version);
	hm_json_object_end(w);
	/* rekor-tiles: Rekor v2 has neither, and clients leave them out. */
	if (entry->integrated_time_s != 0)
		hm_json_member_i64_string(w, "integratedTime", entry->integrated_time_s);
	if (entry->promise.len > 0) {
		hm_json_key(w, "inclusionPromise");
		hm_json_object(w);
		hm_json_member_base64(w, "signedEntryTimestamp", entry->promise.ptr, entry->promise.len);
		hm_json_object_end(w);
	}
	if (entry->proof)
		write_proof(entry->proof, w);
	if (entry->body.len > 0)
		hm_json_member_base64(w, "canonicalizedBody", entry->body.ptr, entry->body.len);
	hm_json_object_end(w);
}
