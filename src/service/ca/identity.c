#include "service/ca/identity.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "crypto/jwt.h"
#include "data/decode.h"
#include "http/url.h"

#include <pthread.h>

struct issuer {
	char *url, *audience;
	bool skip_email_verification;
	pthread_rwlock_t lock; /* over what follows */
	bool has_keys;
	struct hm_jwks jwks;
	int64_t fetched_s; /* when the keys were last asked for */
};

struct hm_ca_issuers {
	struct hm_transport transport;
	const struct hm_effects *fx;
	size_t count;
	struct issuer issuers[];
};

struct hm_ca_issuers *hm_ca_issuers_free(struct hm_ca_issuers *issuers)
{
	for (size_t i = 0; issuers && i < issuers->count; i++) {
		struct issuer *issuer = &issuers->issuers[i];
		hm_jwks_done(&issuer->jwks);
		pthread_rwlock_destroy(&issuer->lock);
		free(issuer->url);
		free(issuer->audience);
	}
	free(issuers);
	return NULL;
}

static void issuers_freep(struct hm_ca_issuers **issuers)
{
	*issuers = hm_ca_issuers_free(*issuers);
}

static enum hm_status add_issuer(struct hm_ca_issuers *known, const struct hm_ca_issuer *from, struct hm_err *err)
{
	struct issuer *issuer = &known->issuers[known->count];
	struct hm_url url;

	enum hm_status st = hm_url_parse(hm_str(from->url), &url, err);
	if (st != HM_OK)
		return st;
	if (!from->audience || !from->audience[0])
		return hm_fail(err, HM_R_USAGE, "the issuer '%s' has no audience", from->url);
	for (size_t i = 0; i < known->count; i++) {
		if (strcmp(known->issuers[i].url, from->url) == 0)
			return hm_fail(err, HM_R_USAGE, "the issuer '%s' is given twice", from->url);
	}
	if (pthread_rwlock_init(&issuer->lock, NULL) != 0)
		return hm_fail(err, HM_R_NO_MEMORY, "make a lock");
	known->count++;
	issuer->url = hm_asprintf("%s", from->url);
	issuer->audience = hm_asprintf("%s", from->audience);
	issuer->skip_email_verification = from->skip_email_verification;
	return issuer->url && issuer->audience ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "know an issuer");
}

enum hm_status hm_ca_issuers_new(const struct hm_ca_issuer *issuers, size_t count, const struct hm_transport *transport,
				 const struct hm_effects *fx, struct hm_ca_issuers **ret_issuers, struct hm_err *err)
{
	HM_OWN(issuers_freep)
	struct hm_ca_issuers *known = hm_calloc(1, sizeof(*known) + count * sizeof(known->issuers[0]));
	enum hm_status st = HM_OK;

	if (!known)
		return hm_fail(err, HM_R_NO_MEMORY, "know issuers");
	if (count == 0)
		return hm_fail(err, HM_R_USAGE, "a CA needs an issuer of tokens");
	known->transport = *transport;
	known->fx = fx;
	for (size_t i = 0; i < count && st == HM_OK; i++)
		st = add_issuer(known, &issuers[i], err);
	if (st != HM_OK)
		return st;
	*ret_issuers = HM_STEAL(known);
	return HM_OK;
}

/* --- an issuer's keys --- */

/* OpenID Connect Discovery 1.0, 3: what is needed of it */
struct discovery {
	struct hm_str issuer, jwks_uri;
};

static const struct hm_json_field discovery_fields[] = {
	{ "issuer", HM_JSON_STR, offsetof(struct discovery, issuer), HM_REQUIRED },
	{ "jwks_uri", HM_JSON_STR, offsetof(struct discovery, jwks_uri), HM_REQUIRED },
};
static const struct hm_json_table discovery_table = HM_JSON_TABLE(struct discovery, discovery_fields);

static const struct hm_ask_opts ask_opts = { .timeout_ms = 10000, .max_response = HM_MAX_ISSUER_DOCUMENT };

/* 4.3: the document must be about the issuer that it was asked of; keys of https may not come over http. */
static enum hm_status check_discovery(const struct issuer *issuer, const struct discovery *doc, struct hm_err *err)
{
	struct hm_url from, keys;

	if (!hm_str_is(doc->issuer, issuer->url))
		return hm_fail(err, HM_R_CA_ISSUER, "the document of '%s' is about '%.*s'", issuer->url,
			       HM_STR_ARG(hm_str_head(doc->issuer, 120)));
	enum hm_status st = hm_url_parse(hm_str(issuer->url), &from, err);
	if (st == HM_OK)
		st = hm_url_parse(doc->jwks_uri, &keys, err);
	if (st == HM_OK && from.is_https && !keys.is_https)
		return hm_fail(err, HM_R_CA_ISSUER, "the keys of '%s' are not behind https", issuer->url);
	return st;
}

static enum hm_status ask_issuer(const struct hm_ca_issuers *known, const struct issuer *issuer,
				 struct hm_jwks *ret_jwks, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MAX_ISSUER_DOCUMENT);
	HM_OWN(hm_buf_done) struct hm_buf url = hm_buf_init(HM_MAX_URL);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 }, keys = { 0 };
	static const struct hm_decode_opts opts = { .ignore_unknown = true };
	struct discovery doc = { 0 };

	hm_url_join(&url, hm_str(issuer->url), HM_STR("/.well-known/openid-configuration"));
	enum hm_status st = hm_buf_check(&url, "a URL", err);
	if (st == HM_OK)
		st = hm_transport_get(&known->transport, hm_buf_str(&url), "application/json", &ask_opts, &text, err);
	if (st == HM_OK)
		st = hm_json_decode(hm_buf_str(&text), &discovery_table, &opts, &arena, &doc, err);
	if (st == HM_OK)
		st = check_discovery(issuer, &doc, err);
	if (st == HM_OK)
		st = hm_transport_get(&known->transport, doc.jwks_uri, "application/json", &ask_opts, &keys, err);
	return st == HM_OK ? hm_jwks_parse(hm_buf_str(&keys), ret_jwks, err) : st;
}

/* Whatever is wrong with the issuer, it says nothing about the token. */
static enum hm_status fetch_keys(const struct hm_ca_issuers *known, struct issuer *issuer, struct hm_err *err)
{
	struct hm_jwks jwks = { 0 };
	struct hm_err inner = { 0 };

	issuer->fetched_s = hm_now_s(known->fx);
	enum hm_status st = ask_issuer(known, issuer, &jwks, &inner);
	if (st == HM_ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "ask the issuer '%s'", issuer->url);
	if (st != HM_OK)
		return hm_fail(err, HM_R_CA_ISSUER, "ask the issuer '%s': %s", issuer->url, inner.cause);
	hm_jwks_done(&issuer->jwks);
	issuer->jwks = jwks;
	issuer->has_keys = true;
	return HM_OK;
}

/*
 * Have keys that are fresh enough.
 *
 * Shape   max_age_s: how old they may be; those that cannot be had anew stay what they are until then.
 */
static enum hm_status refresh_keys(const struct hm_ca_issuers *known, struct issuer *issuer, int64_t max_age_s,
				   struct hm_err *err)
{
	const int64_t now_s = hm_now_s(known->fx);
	enum hm_status st = HM_OK;

	pthread_rwlock_rdlock(&issuer->lock);
	bool is_fresh = issuer->has_keys && now_s - issuer->fetched_s < max_age_s && now_s >= issuer->fetched_s;
	pthread_rwlock_unlock(&issuer->lock);
	if (is_fresh)
		return HM_OK;
	pthread_rwlock_wrlock(&issuer->lock);
	/* another thread may have been first */
	if (!issuer->has_keys || now_s - issuer->fetched_s >= max_age_s || now_s < issuer->fetched_s)
		st = fetch_keys(known, issuer, err);
	pthread_rwlock_unlock(&issuer->lock);
	return st;
}

static enum hm_status verify_once(struct issuer *issuer, const struct hm_jws *jws, struct hm_err *err)
{
	pthread_rwlock_rdlock(&issuer->lock);
	enum hm_status st = hm_jws_verify(jws, &issuer->jwks, err);
	pthread_rwlock_unlock(&issuer->lock);
	return st;
}

static enum hm_status verify_signature(const struct hm_ca_issuers *known, struct issuer *issuer,
				       const struct hm_jws *jws, struct hm_err *err)
{
	struct hm_err first = { 0 };

	enum hm_status st = refresh_keys(known, issuer, HM_CA_KEYS_KEPT_S, err);
	if (st == HM_OK)
		st = verify_once(issuer, jws, &first);
	else
		return st;
	/* the issuer may have a new key */
	if (st != HM_OK && first.reason == HM_R_JWT_KEY) {
		st = refresh_keys(known, issuer, HM_CA_KEYS_AGAIN_S, err);
		if (st != HM_OK)
			return st;
		first = (struct hm_err){ 0 };
		st = verify_once(issuer, jws, &first);
	}
	if (st != HM_OK && err)
		*err = first;
	return st;
}

/* --- what the token says --- */

static struct issuer *find_issuer(struct hm_ca_issuers *known, struct hm_str url)
{
	for (size_t i = 0; i < known->count; i++) {
		if (hm_str_is(url, known->issuers[i].url))
			return &known->issuers[i];
	}
	return NULL;
}

/* A token may come from a clock that is ahead; it may not be used for longer because of that. */
static enum hm_status check_claims(const struct hm_ca_issuers *known, const struct issuer *issuer,
				   const struct hm_value *claims, struct hm_err *err)
{
	struct hm_jwt_expect expect = { hm_str(issuer->url), hm_str(issuer->audience), hm_now_s(known->fx), 0 };
	struct hm_err first = { 0 };

	enum hm_status st = hm_jwt_check(claims, &expect, &first);
	if (st == HM_OK)
		return HM_OK;
	if (first.reason == HM_R_JWT_NOT_YET) {
		expect.leeway_s = HM_CA_SKEW_S;
		return hm_jwt_check(claims, &expect, err);
	}
	if (err)
		*err = first;
	return st;
}

/* As RFC 5321 has mailboxes without quotes: it stands in a certificate as IA5String, and in people's policies. */
static bool is_email(struct hm_str text)
{
	static const char marks[] = "!#$%&'*+-/=?^_`{|}~.";
	struct hm_str local, domain;

	if (text.len > HM_MAX_EMAIL || !hm_str_cut(text, '@', &local, &domain) || local.len == 0 || domain.len == 0)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		const char c = text.ptr[i];
		const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (i == local.len)
			continue;
		if (!is_word && (i < local.len ? c == '\0' || !strchr(marks, c) : c != '-' && c != '.'))
			return false;
	}
	return domain.ptr[0] != '.' && domain.ptr[domain.len - 1] != '.' && hm_str_find(text, HM_STR("..")) < 0 &&
	       local.ptr[0] != '.' && local.ptr[local.len - 1] != '.';
}

/* Fulcio, oauthflow: some issuers say it as text */
static bool is_true(const struct hm_value *v)
{
	return v && ((v->kind == HM_BOOL && v->truth) || hm_value_is_str(v, HM_STR("true")) ||
		     hm_value_is_str(v, HM_STR("True")));
}

static enum hm_status read_identity(const struct issuer *issuer, const struct hm_value *claims,
				    struct hm_ca_identity *ret_identity, struct hm_err *err)
{
	struct hm_ca_identity identity = { .issuer = hm_value_text(hm_value_get(claims, "iss")) };

	enum hm_status st = hm_value_may_str(claims, "sub", &identity.subject, NULL);
	if (st == HM_OK)
		st = hm_value_may_str(claims, "email", &identity.email, NULL);
	if (st != HM_OK)
		return hm_fail(err, HM_R_JWT_CLAIM, "the token's 'sub' or 'email' is no text");
	if (!identity.email.len)
		return hm_fail(err, HM_R_CA_EMAIL, "the token has no 'email'");
	if (!issuer->skip_email_verification && !is_true(hm_value_get(claims, "email_verified")))
		return hm_fail(err, HM_R_CA_UNVERIFIED, "the token's 'email_verified' is not true");
	if (!is_email(identity.email))
		return hm_fail(err, HM_R_CA_EMAIL, "the token's 'email' is no address");
	*ret_identity = identity;
	return HM_OK;
}

enum hm_status hm_ca_identify(struct hm_ca_issuers *issuers, struct hm_str token, struct hm_arena *arena,
			      struct hm_ca_identity *ret_identity, struct hm_err *err)
{
	struct hm_value claims;
	struct hm_jws jws;

	/* who is said to have issued it tells whose keys are asked for; nothing else is believed yet */
	enum hm_status st = hm_jws_parse(token, arena, &jws, err);
	if (st == HM_OK)
		st = hm_jwt_claims(&jws, arena, &claims, err);
	if (st != HM_OK)
		return st;
	struct hm_str url = hm_value_text(hm_value_get(&claims, "iss"));
	struct issuer *issuer = find_issuer(issuers, url);
	if (!issuer)
		return hm_fail(err, HM_R_JWT_ISSUER, "tokens of '%.*s' are not accepted",
			       HM_STR_ARG(hm_str_head(url, 120)));
	st = verify_signature(issuers, issuer, &jws, err);
	if (st == HM_OK)
		st = check_claims(issuers, issuer, &claims, err);
	return st == HM_OK ? read_identity(issuer, &claims, ret_identity, err) : st;
}
