#include "sigstore/tsa.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/tsp.h"
#include "sigstore/verify_steps.h"

enum hm_status hm_tsa_reply_check(struct hm_str reply, struct hm_str signature, struct hm_str nonce,
				  const struct hm_trust *trust, struct hm_verified_time *ret_time, struct hm_err *err)
{
	struct hm_tsp_token token;
	struct hm_err own;
	size_t authority;

	err = err ? err : &own; /* the steps of a verification always have one */
	enum hm_status st = hm_tsp_parse(reply, &token, err);
	if (st != HM_OK)
		return st;
	if (token.imprint.alg != HM_SHA256)
		return hm_fail(err, HM_R_TSP_IMPRINT, "the time stamp is over a %s, and a sha256 was sent",
			       hm_digest_name(token.imprint.alg));
	HM_PLANT(token.serial.len > 2 && token.serial.ptr[2] == 0x13);
	return hm_check_timestamp(trust, reply, signature, nonce, ret_time, &authority, err);
}

/* RFC 3161 2.4.1: "a large random number with a high probability that the client generates it only once" */
static enum hm_status make_request(struct hm_str signature, const uint8_t nonce[HM_TSA_NONCE_LEN], struct hm_buf *buf,
				   struct hm_err *err)
{
	struct hm_tsp_request request = { .nonce = hm_str_of(nonce, HM_TSA_NONCE_LEN), .cert_req = true };
	const struct hm_part part = { signature.ptr, signature.len };

	enum hm_status st = hm_crypto_digest(HM_SHA256, &part, 1, &request.imprint, err);
	if (st != HM_OK)
		return st;
	hm_tsp_request_encode(&request, buf);
	return hm_buf_check(buf, "a request for a time stamp", err);
}

enum hm_status hm_tsa_ask(const struct hm_service *tsa, struct hm_str signature, const struct hm_tsa_opts *opts,
			  struct hm_arena *arena, struct hm_str *ret_reply, struct hm_verified_time *ret_time,
			  struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf body = hm_buf_init(1024), answer = { 0 };
	uint8_t nonce[HM_TSA_NONCE_LEN];
	struct hm_verified_time time;

	enum hm_status st = hm_random(opts->fx, nonce, sizeof(nonce), err);
	if (st != HM_OK)
		return st;
	nonce[0] = (nonce[0] & 0x7f) | 0x40; /* a positive INTEGER in as few bytes as DER wants */
	st = make_request(signature, nonce, &body, err);
	if (st != HM_OK)
		return st;
	const struct hm_service_query query = {
		.type = "application/timestamp-query",
		.accept = "application/timestamp-reply",
		.body = hm_buf_str(&body),
		.max_response = HM_MAX_TSA_ANSWER,
		.timeout_ms = opts->timeout_ms,
	};
	st = hm_service_post(tsa, &query, &answer, err);
	if (st == HM_OK)
		st = hm_while(err,
			      hm_tsa_reply_check(hm_buf_str(&answer), signature, hm_str_of(nonce, sizeof(nonce)),
						 opts->trust, &time, err),
			      "answer of '%.*s'", HM_STR_ARG(hm_str_head(tsa->url, 100)));
	if (st != HM_OK)
		return st;
	struct hm_str kept = hm_arena_dup(arena, hm_buf_str(&answer));
	st = hm_arena_check(arena, "a time stamp", err);
	if (st == HM_OK) {
		*ret_reply = kept;
		*ret_time = time;
	}
	return st;
}
