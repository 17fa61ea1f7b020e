#include "sigstore/rekor.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "sigstore/json.h"
#include "sigstore/verify_steps.h"

enum hm_status hm_rekor_request(const struct hm_log_claim *claim, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(buf, NULL);

	if (claim->details == HM_DETAILS_NONE || claim->details == HM_DETAILS_ED25519)
		return hm_fail(err, HM_R_TLOG_KIND, "hashedrekord 0.0.2 does not hold signatures of this kind of key");
	hm_json_object(&w);
	hm_json_key(&w, "hashedRekordRequestV002");
	hm_json_object(&w);
	hm_json_member_base64(&w, "digest", claim->digest.b, claim->digest.len);
	hm_json_key(&w, "signature");
	hm_json_object(&w);
	hm_json_member_base64(&w, "content", claim->signature.ptr, claim->signature.len);
	hm_json_key(&w, "verifier");
	hm_json_object(&w);
	if (claim->cert.len > 0)
		hm_raw_bytes_write(&w, "x509Certificate", claim->cert);
	else
		hm_raw_bytes_write(&w, "publicKey", claim->spki);
	hm_json_member_cstr(&w, "keyDetails", hm_key_details_name(claim->details));
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "a request for a log entry", err);
}

/* Bundles hold the body, which a log may leave out as it follows from the request. */
static enum hm_status add_body(const struct hm_log_claim *claim, struct hm_arena *arena, struct hm_log_entry *entry,
			       struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf body = hm_buf_init(HM_MAX_LOG_BODY);

	if (entry->body.len > 0)
		return HM_OK;
	enum hm_status st = hm_log_body_make(claim, &body, err);
	if (st != HM_OK)
		return st;
	entry->body = hm_arena_dup(arena, hm_buf_str(&body));
	return hm_arena_check(arena, "a log entry", err);
}

enum hm_status hm_rekor_answer_parse(struct hm_str text, const struct hm_trust *trust, const struct hm_log_claim *claim,
				     struct hm_arena *arena, struct hm_log_entry *ret_entry, struct hm_err *err)
{
	const struct hm_trust_log *log;
	struct hm_log_entry entry;
	enum hm_log_kind kind;

	if (text.len > HM_MAX_REKOR_ANSWER)
		return hm_fail(err, HM_R_LIMIT, "a log's answer of %zu bytes is over the limit of %zu", text.len,
			       (size_t)HM_MAX_REKOR_ANSWER);
	enum hm_status st = hm_log_entry_parse(text, arena, &entry, err);
	if (st == HM_OK)
		st = hm_log_kind_of(&entry, &kind, err);
	if (st != HM_OK)
		return st;
	if (kind != HM_LOG_HASHEDREKORD_V2)
		return hm_fail(err, HM_R_TLOG_KIND, "the log answers with an entry of kind %.*s %.*s",
			       HM_STR_ARG(entry.kind), HM_STR_ARG(entry.version));
	HM_PLANT(entry.index == 41 && entry.proof);
	st = hm_check_logged(trust, &entry, claim, &log, err);
	/* Of Rekor v2 nobody signed a time or a promise; a bundle must not claim them. */
	entry.integrated_time_s = 0;
	entry.promise = (struct hm_str){ 0 };
	if (st == HM_OK)
		st = add_body(claim, arena, &entry, err);
	if (st == HM_OK)
		*ret_entry = entry;
	return st;
}

enum hm_status hm_rekor_log(const struct hm_service *log, const struct hm_log_claim *claim,
			    const struct hm_rekor_opts *opts, struct hm_arena *arena, struct hm_log_entry *ret_entry,
			    struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf body = hm_buf_init(HM_MAX_LOG_BODY), answer = { 0 };

	enum hm_status st = hm_rekor_request(claim, &body, err);
	if (st != HM_OK)
		return st;
	const struct hm_service_query query = {
		.path = HM_STR("/api/v2/log/entries"),
		.type = "application/json",
		.accept = "application/json",
		.body = hm_buf_str(&body),
		.max_response = HM_MAX_REKOR_ANSWER,
		.timeout_ms = opts->timeout_ms,
	};
	st = hm_service_post(log, &query, &answer, err);
	if (st == HM_OK)
		st =
		    hm_while(err, hm_rekor_answer_parse(hm_buf_str(&answer), opts->trust, claim, arena, ret_entry, err),
			     "answer of '%.*s'", HM_STR_ARG(hm_str_head(log->url, 100)));
	return st;
}
