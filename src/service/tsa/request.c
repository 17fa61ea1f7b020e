#include "service/tsa/request.h"

#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/der.h"
#include "data/decode.h"

#include <strings.h>

struct request {
	struct hm_str hash, algorithm, nonce, policy;
	bool certificates, has_nonce;
};

static const struct hm_json_field fields[] = {
	{ "artifactHash", HM_JSON_BASE64, offsetof(struct request, hash), HM_REQUIRED },
	{ "hashAlgorithm", HM_JSON_STR, offsetof(struct request, algorithm), HM_REQUIRED },
	{ "certificates", HM_JSON_BOOL, offsetof(struct request, certificates) },
	{ "nonce", HM_JSON_TEXT, offsetof(struct request, nonce), .has = HM_JSON_HAS(struct request, has_nonce) },
	{ "tsaPolicyOID", HM_JSON_STR, offsetof(struct request, policy) },
};
static const struct hm_json_table table = HM_JSON_TABLE(struct request, fields);

/* "SHA256" as much as "sha256". */
static bool find_algorithm(struct hm_str name, enum hm_digest_alg *ret_alg)
{
	for (enum hm_digest_alg alg = HM_SHA256; alg <= HM_SHA512; alg++) {
		const char *known = hm_digest_name(alg);
		if (name.len == strlen(known) && strncasecmp(name.ptr, known, name.len) == 0) {
			*ret_alg = alg;
			return true;
		}
	}
	return false;
}

static enum hm_status read_imprint(const struct request *r, struct hm_digest *ret_imprint, struct hm_err *err)
{
	struct hm_digest imprint = { 0 };

	if (!find_algorithm(r->algorithm, &imprint.alg))
		return hm_fail(err, HM_R_TSP_ALGORITHM, "the hash algorithm is '%.*s'",
			       HM_STR_ARG(hm_str_head(r->algorithm, 32)));
	imprint.len = hm_digest_len(imprint.alg);
	if (r->hash.len != imprint.len)
		return hm_fail(err, HM_R_TSP_ALGORITHM, "a hash of %zu bytes is none of %s", r->hash.len,
			       hm_digest_name(imprint.alg));
	memcpy(imprint.b, r->hash.ptr, imprint.len);
	*ret_imprint = imprint;
	return HM_OK;
}

/* Decimal to the content of a DER INTEGER: as few bytes as go, the first below 0x80. The text has few digits. */
static enum hm_status read_nonce(struct hm_str digits, struct hm_arena *arena, struct hm_str *ret_nonce,
				 struct hm_err *err)
{
	uint8_t number[HM_MAX_TSP_NONCE] = { 0 };
	size_t first = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] < '0' || digits.ptr[i] > '9')
			return hm_fail(err, HM_R_TSP_REQUEST, "the nonce is no whole number from 0 on");
		unsigned carry = (unsigned)(digits.ptr[i] - '0');
		for (size_t at = sizeof(number); at-- > 0;) {
			carry += number[at] * 10u;
			number[at] = (uint8_t)carry;
			carry >>= 8;
		}
		if (carry > 0 || number[0] >= 0x80)
			return hm_fail(err, HM_R_LIMIT, "a nonce of more than %d bytes", HM_MAX_TSP_NONCE);
	}
	while (first + 1 < sizeof(number) && number[first] == 0 && number[first + 1] < 0x80)
		first++;
	HM_PLANT(sizeof(number) - first == 3);
	*ret_nonce = hm_arena_dup(arena, hm_str_of(number + first, sizeof(number) - first));
	return HM_OK;
}

static enum hm_status read_policy(struct hm_str text, struct hm_arena *arena, struct hm_str *ret_policy,
				  struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf oid = hm_buf_init(HM_MAX_TSA_JSON);

	if (!hm_der_oid_read(&oid, text))
		return hm_fail(err, HM_R_TSP_REQUEST, "the policy is no OID");
	enum hm_status st = hm_buf_check(&oid, "a policy", err);
	if (st == HM_OK)
		*ret_policy = hm_arena_dup(arena, hm_buf_str(&oid));
	return st;
}

enum hm_status hm_tsa_request_json(struct hm_str json, struct hm_arena *arena, struct hm_tsp_request *ret_request,
				   struct hm_err *err)
{
	/* as the peer's reader: other members are passed over, a null is none */
	const struct hm_decode_opts opts = { .json = { .max_size = HM_MAX_TSA_JSON, .max_depth = 8 },
					     .ignore_unknown = true,
					     .refuse_other_case = true,
					     .proto_json = true };
	struct hm_tsp_request request = { 0 };
	struct request r = { 0 };

	enum hm_status st = hm_json_decode(json, &table, &opts, arena, &r, err);
	if (st == HM_OK)
		st = read_imprint(&r, &request.imprint, err);
	if (st == HM_OK && r.has_nonce)
		st = read_nonce(r.nonce, arena, &request.nonce, err);
	if (st == HM_OK && r.policy.len > 0)
		st = read_policy(r.policy, arena, &request.policy, err);
	if (st == HM_OK)
		st = hm_arena_check(arena, "a request for a time stamp", err);
	if (st != HM_OK)
		return st;
	request.cert_req = r.certificates;
	*ret_request = request;
	return HM_OK;
}
