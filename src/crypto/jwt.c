#include "crypto/jwt.h"

#include "base/time.h"
#include "data/json.h"
#include "data/number.h"

enum hm_status hm_jwt_sign(const struct hm_signer *signer, struct hm_str claims, struct hm_buf *buf, struct hm_err *err)
{
	char kid[HM_THUMBPRINT_LEN + 1];

	enum hm_status st = hm_jwk_thumbprint(&signer->key, kid, err);
	return st == HM_OK ? hm_jws_sign(signer, hm_str(kid), "JWT", claims, buf, err) : st;
}

enum hm_status hm_jwt_claims(const struct hm_jws *jws, struct hm_arena *arena, struct hm_value *ret_claims,
			     struct hm_err *err)
{
	struct hm_value claims;
	struct hm_err inner = { 0 };

	enum hm_status st = hm_json_parse(jws->payload, NULL, arena, &claims, &inner);
	if (st == HM_EPARSE)
		return hm_fail(err, HM_R_JWT_FORMAT, "token: its claims: %s", inner.cause);
	if (st != HM_OK)
		return hm_fail(err, inner.reason, "%s", inner.cause);
	if (claims.kind != HM_OBJECT)
		return hm_fail(err, HM_R_JWT_FORMAT, "token: its claims are no object");
	*ret_claims = claims;
	return HM_OK;
}

/* RFC 7519 2: NumericDate, "non-integer values can be represented"; what is below a second counts for nothing here. */
static enum hm_status read_date(const struct hm_value *claims, const char *name, bool *ret_is_there,
				int64_t *ret_time_s, struct hm_err *err)
{
	const struct hm_value *value = hm_value_get(claims, name);
	double seconds;

	*ret_is_there = value != NULL;
	if (!value || hm_number_to_i64(value, ret_time_s))
		return HM_OK;
	/* Within this bound a double holds every second, and the cast is defined. */
	if (!hm_number_to_double(value, &seconds) || seconds < -1e15 || seconds > 1e15)
		return hm_fail(err, HM_R_JWT_CLAIM, "the token's '%s' is no time", name);
	int64_t whole = (int64_t)seconds;
	*ret_time_s = (double)whole > seconds ? whole - 1 : whole;
	return HM_OK;
}

static enum hm_status refuse_time(enum hm_reason reason, const char *name, int64_t time_s, int64_t now_s,
				  struct hm_err *err)
{
	char text[HM_TIME_TEXT_LEN] = "a time far away", now[HM_TIME_TEXT_LEN];
	const int64_t year_9999_s = INT64_C(253402300799);

	if (time_s >= 0 && time_s <= year_9999_s)
		hm_time_write(time_s, text);
	hm_time_write(now_s, now);
	return hm_fail(err, reason, "the token's '%s' is %s, and now is %s", name, text, now);
}

/* a + b, at the end of the range where it would be past it */
static int64_t add_seconds(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		return b > 0 ? INT64_MAX : INT64_MIN;
	return sum;
}

static enum hm_status check_times(const struct hm_value *claims, const struct hm_jwt_expect *expect, struct hm_err *err)
{
	/* RFC 7519 4.1.5 and 4.1.6: neither may lie in the future */
	static const char *const begins[] = { "nbf", "iat" };
	int64_t time_s = 0;
	bool is_there = false;

	enum hm_status st = read_date(claims, "exp", &is_there, &time_s, err);
	if (st == HM_OK && !is_there)
		return hm_fail(err, HM_R_JWT_CLAIM, "the token has no 'exp': it would be good for ever");
	/* RFC 7519 4.1.4: "on or after which the JWT MUST NOT be accepted" */
	if (st == HM_OK && expect->now_s >= add_seconds(time_s, expect->leeway_s))
		return refuse_time(HM_R_JWT_EXPIRED, "exp", time_s, expect->now_s, err);
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]) && st == HM_OK; i++) {
		st = read_date(claims, begins[i], &is_there, &time_s, err);
		if (st == HM_OK && is_there && add_seconds(expect->now_s, expect->leeway_s) < time_s)
			return refuse_time(HM_R_JWT_NOT_YET, begins[i], time_s, expect->now_s, err);
	}
	return st;
}

/* RFC 7519 4.1.3: one string, or an array of them */
static enum hm_status check_audience(const struct hm_value *claims, struct hm_str audience, struct hm_err *err)
{
	const struct hm_value *aud = hm_value_get(claims, "aud");
	bool found = false;

	if (!aud || (aud->kind != HM_STRING && aud->kind != HM_ARRAY))
		return hm_fail(err, HM_R_JWT_CLAIM, "the token's 'aud' is missing, or neither text nor a list");
	found = hm_value_is_str(aud, audience);
	for (size_t i = 0; aud->kind == HM_ARRAY && i < hm_value_count(aud); i++) {
		const struct hm_value *one = hm_value_at(aud, i);
		if (one->kind != HM_STRING)
			return hm_fail(err, HM_R_JWT_CLAIM, "in the token's 'aud' is something that is no text");
		found = found || hm_value_is_str(one, audience);
	}
	if (!found)
		return hm_fail(err, HM_R_JWT_AUDIENCE, "the token is not for '%.*s'", HM_STR_ARG(audience));
	return HM_OK;
}

enum hm_status hm_jwt_check(const struct hm_value *claims, const struct hm_jwt_expect *expect, struct hm_err *err)
{
	const struct hm_value *iss = hm_value_get(claims, "iss");

	if (!iss || iss->kind != HM_STRING)
		return hm_fail(err, HM_R_JWT_CLAIM, "the token's 'iss' is missing, or no text");
	if (!hm_value_is_str(iss, expect->issuer))
		return hm_fail(err, HM_R_JWT_ISSUER, "the token is issued by '%.*s', not by '%.*s'",
			       HM_STR_ARG(hm_str_head(hm_value_text(iss), 120)), HM_STR_ARG(expect->issuer));
	enum hm_status st = check_audience(claims, expect->audience, err);
	return st == HM_OK ? check_times(claims, expect, err) : st;
}
