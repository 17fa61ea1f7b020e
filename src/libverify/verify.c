/*
 * The public functions of libhallmark-verify over sigstore. They check what a stranger passes, and translate.
 *
 * Layer 8. No state; any thread.
 */
#include "hallmark/verify.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/own.h"
#include "libverify/version.h"
#include "sigstore/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

struct hallmark_trust_root {
	struct hm_trust *trust;
};

struct hallmark_bundle {
	struct hm_buf text;
	struct hm_bundle bundle;
};

struct hallmark_result {
	struct hm_arena arena;
	struct hallmark_text identity, issuer, certificate, key, digest, statement, predicate_type;
	struct hallmark_time *times;
	struct hallmark_entry *entries;
	size_t times_count, entries_count;
};

/* What one verification holds. */
struct call {
	struct hm_key key;
	struct hm_artifact_file file;
	struct hm_str bytes;
	struct hm_digest digest;
	struct hm_artifact artifact;
	struct hm_verified *verified;
};

static void call_done(struct call *call)
{
	hm_verified_free(call->verified);
	hm_artifact_file_done(&call->file);
	hm_key_done(&call->key);
}

static enum hallmark_status status_of(enum hm_status st)
{
	switch (st) {
	case HM_OK:
		return HALLMARK_OK;
	case HM_EINVAL:
		return HALLMARK_INVALID;
	case HM_EPARSE:
		return HALLMARK_MALFORMED;
	case HM_EVERIFY:
		return HALLMARK_REFUSED;
	case HM_EPOLICY:
		return HALLMARK_NOT_ALLOWED;
	case HM_EIO:
	case HM_ENET:
	case HM_ENOTFOUND:
	case HM_ECONFLICT:
		return HALLMARK_UNCHECKED;
	case HM_ELIMIT:
		return HALLMARK_TOO_LARGE;
	case HM_ENOMEM:
		return HALLMARK_NO_MEMORY;
	case HM_EBUG:
		break;
	}
	return HALLMARK_BUG;
}

/* What a caller is told; of a success too, so that an error is never one of an earlier call. */
static enum hallmark_status answer(enum hm_status st, const struct hm_err *err, struct hallmark_error *error)
{
	if (!error)
		return status_of(st);
	*error = (struct hallmark_error){ .status = status_of(st), .reason = hm_reason_code(HM_R_OK) };
	if (st != HM_OK) {
		error->reason = hm_reason_code(err->reason);
		error->hint = hm_reason_hint(err->reason);
		hm_err_text(err, error->text, sizeof(error->text));
	}
	return error->status;
}

const char *hallmark_verify_version(void)
{
	return HALLMARK_VERSION;
}

enum hallmark_status hallmark_trust_root_read(const void *json, size_t size, struct hallmark_trust_root **ret_root,
					      struct hallmark_error *error)
{
	struct hallmark_trust_root *root = NULL;
	struct hm_err err = { 0 };
	enum hm_status st = HM_OK;

	if (!json || !ret_root)
		st = hm_fail(&err, HM_R_USAGE, "a trust root's text, and a place for what is read, are wanted");
	if (st == HM_OK && !(root = hm_calloc(1, sizeof(*root))))
		st = hm_fail(&err, HM_R_NO_MEMORY, "a trust root");
	if (st == HM_OK)
		st = hm_while(&err, hm_trust_parse(hm_str_of(json, size), &root->trust, &err), "read the trust root");
	if (st == HM_OK)
		*ret_root = HM_STEAL(root);
	free(root);
	return answer(st, &err, error);
}

void hallmark_trust_root_free(struct hallmark_trust_root *root)
{
	if (root)
		hm_trust_free(root->trust);
	free(root);
}

enum hallmark_status hallmark_bundle_read(const void *json, size_t size, struct hallmark_bundle **ret_bundle,
					  struct hallmark_error *error)
{
	struct hallmark_bundle *bundle = NULL;
	struct hm_err err = { 0 };
	enum hm_status st = HM_OK;

	if (!json || !ret_bundle)
		st = hm_fail(&err, HM_R_USAGE, "a bundle's text, and a place for what is read, are wanted");
	if (st == HM_OK && !(bundle = hm_calloc(1, sizeof(*bundle))))
		st = hm_fail(&err, HM_R_NO_MEMORY, "a bundle");
	if (st == HM_OK) {
		bundle->text = hm_buf_init(HM_MAX_BUNDLE);
		hm_buf_add(&bundle->text, json, size);
		st = hm_buf_check(&bundle->text, "a bundle", &err);
	}
	if (st == HM_OK)
		st = hm_while(&err, hm_bundle_parse(hm_buf_str(&bundle->text), &bundle->bundle, &err),
			      "read the bundle");
	if (st == HM_OK)
		*ret_bundle = HM_STEAL(bundle);
	hallmark_bundle_free(bundle);
	return answer(st, &err, error);
}

void hallmark_bundle_free(struct hallmark_bundle *bundle)
{
	if (!bundle)
		return;
	hm_bundle_done(&bundle->bundle);
	hm_buf_done(&bundle->text);
	free(bundle);
}

static enum hm_status open_path(const struct hallmark_artifact *artifact, struct call *call, struct hm_err *err)
{
	if (!artifact->path)
		return hm_fail(err, HM_R_USAGE, "an artifact without its path");
	call->artifact = hm_artifact_of_file(&call->file);
	return hm_artifact_file_open(artifact->path, &call->file, err);
}

static enum hm_status open_fd(const struct hallmark_artifact *artifact, struct call *call, struct hm_err *err)
{
	int fd = fcntl(artifact->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return hm_fail_errno(err, errno, "read descriptor %d", artifact->fd);
	call->artifact = hm_artifact_of_file(&call->file);
	return hm_artifact_file_take(fd, "the artifact", &call->file, err);
}

static enum hm_status open_artifact(const struct hallmark_artifact *artifact, struct call *call, struct hm_err *err)
{
	switch (artifact->kind) {
	case HALLMARK_ARTIFACT_FILE:
		return open_path(artifact, call, err);
	case HALLMARK_ARTIFACT_FD:
		return open_fd(artifact, call, err);
	case HALLMARK_ARTIFACT_BYTES:
		if (!artifact->bytes && artifact->size > 0)
			return hm_fail(err, HM_R_USAGE, "an artifact without its bytes");
		call->bytes = hm_str_of(artifact->bytes ? artifact->bytes : "", artifact->size);
		call->artifact = hm_artifact_of_bytes(&call->bytes);
		return HM_OK;
	case HALLMARK_ARTIFACT_DIGEST:
		if (!artifact->digest)
			return hm_fail(err, HM_R_USAGE, "an artifact without its digest");
		call->artifact = hm_artifact_of_digest(&call->digest);
		return hm_artifact_digest_parse(hm_str(artifact->digest), &call->digest, err);
	case HALLMARK_ARTIFACT_NONE:
		return HM_OK;
	}
	return hm_fail(err, HM_R_USAGE, "an artifact of kind %d", (int)artifact->kind);
}

/* A caller that was compiled with a later header may want what this version does not know. */
static enum hm_status check_wanted(const struct hallmark_wanted *wanted, const struct hallmark_bundle *bundle,
				   const struct hallmark_artifact *artifact, struct hm_err *err)
{
	if (wanted->struct_size != sizeof(*wanted))
		return hm_fail(err, HM_R_USAGE, "struct hallmark_wanted of %zu bytes, and this version's has %zu",
			       wanted->struct_size, sizeof(*wanted));
	if (wanted->without & ~(unsigned)(HALLMARK_WITHOUT_SCT | HALLMARK_WITHOUT_TLOG))
		return hm_fail(err, HM_R_USAGE, "something to do without that is not known: %#x", wanted->without);
	if (bundle->bundle.content == HM_CONTENT_DSSE)
		return HM_OK;
	if (artifact->kind == HALLMARK_ARTIFACT_NONE)
		return hm_fail(err, HM_R_USAGE, "a message signature, and no artifact that it could be of");
	if (wanted->predicate_type)
		return hm_fail(err, HM_R_DSSE_PREDICATE, "the bundle holds a message signature and no statement");
	return HM_OK;
}

static enum hm_status check_kind(const struct hallmark_wanted *wanted, const struct hm_verified *verified,
				 struct hm_err *err)
{
	struct hm_str found = hm_verified_predicate_type(verified);

	if (!wanted->predicate_type || hm_str_is(found, wanted->predicate_type))
		return HM_OK;
	return hm_fail(err, HM_R_DSSE_PREDICATE, "the statement is of the kind '%.*s' and not '%s'",
		       HM_STR_ARG(hm_str_head(found, 150)), wanted->predicate_type);
}

static enum hm_status judge(const struct hallmark_trust_root *root, const struct hallmark_bundle *bundle,
			    const struct hallmark_artifact *artifact, const struct hallmark_wanted *wanted,
			    struct call *call, struct hm_err *err)
{
	const struct hm_verify_policy policy = {
		.identity = hm_str(wanted->identity),
		.issuer = hm_str(wanted->issuer),
		.key = wanted->key ? &call->key : NULL,
	};
	const struct hm_verify_opts opts = {
		.without_sct = wanted->without & HALLMARK_WITHOUT_SCT,
		.without_tlog = wanted->without & HALLMARK_WITHOUT_TLOG,
		.without_subject = artifact->kind == HALLMARK_ARTIFACT_NONE,
		.tlogs = wanted->tlogs,
		.timestamps = wanted->timestamps,
	};
	enum hm_status st = check_wanted(wanted, bundle, artifact, err);

	if (st == HM_OK && wanted->key)
		st = hm_trust_read_key(hm_str_of(wanted->key, wanted->key_size), &call->key, err);
	if (st == HM_OK)
		st = open_artifact(artifact, call, err);
	if (st == HM_OK)
		st = hm_bundle_verify(root->trust, &bundle->bundle, &call->artifact, &policy, &opts, &call->verified,
				      err);
	return st == HM_OK ? check_kind(wanted, call->verified, err) : st;
}

static struct hallmark_text text_of(struct hallmark_result *result, struct hm_str s)
{
	struct hm_str copy = hm_arena_dup(&result->arena, s);

	return (struct hallmark_text){ copy.ptr ? copy.ptr : "", copy.len };
}

static struct hallmark_text digest_text(struct hallmark_result *result, const struct hm_digest *digest)
{
	char hex[2 * sizeof(digest->b) + 1] = "";

	if (digest->len == 0)
		return (struct hallmark_text){ "", 0 };
	for (size_t i = 0; i < digest->len; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest->b[i]);
	struct hm_str text = hm_arena_printf(&result->arena, "%s:%s", hm_digest_name(digest->alg), hex);
	return (struct hallmark_text){ text.ptr ? text.ptr : "", text.len };
}

static void take_times(struct hallmark_result *result, const struct hm_verified *verified)
{
	const struct hm_verified_time *times;
	size_t count = hm_verified_times(verified, &times);

	result->times = hm_arena_calloc(&result->arena, count, sizeof(*result->times));
	for (size_t i = 0; result->times && i < count; i++)
		result->times[i] = (struct hallmark_time){ .time_ns = times[i].time_ns,
							   .is_by_log = times[i].source == HM_TIME_LOG,
							   .by = text_of(result, times[i].by) };
	result->times_count = result->times ? count : 0;
}

static void take_entries(struct hallmark_result *result, const struct hm_verified *verified)
{
	const struct hm_verified_entry *entries;
	size_t count = hm_verified_entries(verified, &entries);

	result->entries = hm_arena_calloc(&result->arena, count, sizeof(*result->entries));
	for (size_t i = 0; result->entries && i < count; i++)
		result->entries[i] = (struct hallmark_entry){
			.index = entries[i].index,
			.log = text_of(result, entries[i].log_url),
			.kind = text_of(result, entries[i].kind),
			.version = text_of(result, entries[i].version),
			.integrated_time_s = entries[i].integrated_time_s,
			.is_inclusion_proven = entries[i].proven_index >= 0,
		};
	result->entries_count = result->entries ? count : 0;
}

/* Copies of everything, so that a result outlives what it was made from. */
static enum hm_status make_result(const struct hm_verified *verified, struct hallmark_result **ret_result,
				  struct hm_err *err)
{
	const struct hm_identity *identity = hm_verified_identity(verified);
	const struct hm_cert *cert = hm_verified_cert(verified);
	struct hallmark_result *result = hm_calloc(1, sizeof(*result));

	if (!result)
		return hm_fail(err, HM_R_NO_MEMORY, "a result");
	result->arena = hm_arena_init(2 * HM_MAX_BUNDLE);
	result->identity = text_of(result, identity ? identity->subject : (struct hm_str){ 0 });
	result->issuer = text_of(result, identity ? identity->issuer : (struct hm_str){ 0 });
	result->certificate = text_of(result, cert ? cert->der : (struct hm_str){ 0 });
	result->key = text_of(result, hm_verified_key(verified)->spki);
	result->digest = digest_text(result, hm_verified_digest(verified));
	result->statement = text_of(result, hm_verified_payload(verified));
	result->predicate_type = text_of(result, hm_verified_predicate_type(verified));
	take_times(result, verified);
	take_entries(result, verified);
	enum hm_status st = hm_arena_check(&result->arena, "a result", err);
	if (st == HM_OK)
		*ret_result = HM_STEAL(result);
	hallmark_result_free(result);
	return st;
}

enum hallmark_status hallmark_verify(const struct hallmark_trust_root *root, const struct hallmark_bundle *bundle,
				     const struct hallmark_artifact *artifact, const struct hallmark_wanted *wanted,
				     struct hallmark_result **ret_result, struct hallmark_error *error)
{
	HM_OWN(call_done) struct call call = { 0 };
	struct hm_err err = { 0 };
	enum hm_status st = HM_OK;

	if (!root || !bundle || !artifact || !wanted)
		st = hm_fail(&err, HM_R_USAGE, "a trust root, a bundle, an artifact and a signer are wanted");
	if (st == HM_OK)
		st = judge(root, bundle, artifact, wanted, &call, &err);
	if (st == HM_OK && ret_result)
		st = make_result(call.verified, ret_result, &err);
	return answer(hm_while(&err, st, "verify"), &err, error);
}

void hallmark_result_free(struct hallmark_result *result)
{
	if (!result)
		return;
	hm_arena_done(&result->arena);
	free(result);
}

struct hallmark_text hallmark_result_identity(const struct hallmark_result *result)
{
	return result->identity;
}

struct hallmark_text hallmark_result_issuer(const struct hallmark_result *result)
{
	return result->issuer;
}

struct hallmark_text hallmark_result_certificate(const struct hallmark_result *result)
{
	return result->certificate;
}

struct hallmark_text hallmark_result_key(const struct hallmark_result *result)
{
	return result->key;
}

struct hallmark_text hallmark_result_digest(const struct hallmark_result *result)
{
	return result->digest;
}

struct hallmark_text hallmark_result_statement(const struct hallmark_result *result)
{
	return result->statement;
}

struct hallmark_text hallmark_result_predicate_type(const struct hallmark_result *result)
{
	return result->predicate_type;
}

size_t hallmark_result_times(const struct hallmark_result *result, const struct hallmark_time **ret_times)
{
	*ret_times = result->times;
	return result->times_count;
}

size_t hallmark_result_entries(const struct hallmark_result *result, const struct hallmark_entry **ret_entries)
{
	*ret_entries = result->entries;
	return result->entries_count;
}
