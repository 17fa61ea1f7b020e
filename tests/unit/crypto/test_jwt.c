/* Tokens: the examples of RFC 7515, 7638 and 8037, ours, and one row for each way to be refused. */
#include "judge.h"

#include "crypto/jwt.h"

#define JOE "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"

static const struct {
	const char *name, *token, *jwk;
} vectors[] = {
	{ "RFC 7515 A.2",
	  "eyJhbGciOiJSUzI1NiJ9." JOE ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_"
	  "lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1"
	  "dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--"
	  "xi12jzDwus"
	  "C-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_"
	  "IoypGlUPQGe77Rw",
	  "{\"kty\":\"RSA\",\"n\":\"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-"
	  "4qPCJrcS2mJPMEzP1Pt0"
	  "Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-"
	  "KXBdQOS-"
	  "UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_"
	  "h9iaGNj8q2ethFkMLs91kzk2P"
	  "AcDTW9gb54h4FRWyuXpoQ\",\"e\":\"AQAB\"}" },
	{ "RFC 7515 A.3",
	  "eyJhbGciOiJFUzI1NiJ9." JOE
	  ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
	  "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
	  "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}" },
	{ "RFC 7515 A.4",
	  "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-"
	  "KGDKB34XO0aw"
	  "_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
	  "{\"kty\":\"EC\",\"crv\":\"P-521\","
	  "\"x\":\"AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk\","
	  "\"y\":\"ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2\"}" },
	{ "RFC 8037 A.4",
	  "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
	  "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
	  "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}" },
};

/* A set of one key, or of more with commas between them. */
static struct hm_jwks make_set(const char *jwk)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
	struct hm_jwks jwks = { 0 };
	struct hm_err err = { 0 };

	hm_buf_addf(&text, "{\"keys\":[%s]}", jwk);
	assert_ok(hm_jwks_parse(hm_buf_str(&text), &jwks, &err), &err);
	return jwks;
}

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_jwks_done) struct hm_jwks jwks = make_set(vectors[i].jwk);
		HM_OWN(hm_freep) char *token = strdup(vectors[i].token);
		struct hm_jws jws;
		struct hm_err err = { 0 };
		assert_int_equal(jwks.len, 1);
		assert_ok(hm_jws_parse(hm_str(token), &arena, &jws, &err), &err);
		assert_ok(hm_jws_verify(&jws, &jwks, &err), &err);
		/* one character of the payload, then of the signature */
		char *payload = strchr(token, '.') + 3, *signature = strrchr(token, '.') + 3;
		char *places[] = { payload, signature };
		for (size_t p = 0; p < COUNT(places); p++) {
			char was = *places[p];
			*places[p] = was == 'A' ? 'B' : 'A';
			assert_ok(hm_jws_parse(hm_str(token), &arena, &jws, &err), &err);
			assert_refused(vectors[i].name, hm_jws_verify(&jws, &jwks, &err), &err, HM_R_JWT_SIGNATURE);
			*places[p] = was;
		}
	}
}

static void test_thumbprint(void **state)
{
	(void)state;
	/* RFC 7638 3.1 */
	HM_OWN(hm_jwks_done)
	struct hm_jwks jwks =
	    make_set("{\"kty\":\"RSA\",\"n\":"
		     "\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJ"
		     "ECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_"
		     "FDW2QvzqY368QQMicAtaSqzs8KJZ"
		     "gnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_"
		     "xBniIqbw0Ls1jF44-"
		     "csFCur-kEgU8awapJzKnqDKgw\",\"e\":\"AQAB\",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}");
	/* RFC 8037 A.3 */
	HM_OWN(hm_jwks_done) struct hm_jwks ed = make_set(vectors[3].jwk);
	char text[HM_THUMBPRINT_LEN + 1];
	struct hm_err err = { 0 };

	assert_ok(hm_jwk_thumbprint(&jwks.keys[0].key, text, &err), &err);
	assert_string_equal(text, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
	assert_true(hm_str_is(jwks.keys[0].kid, "2011-04-29") && jwks.keys[0].has_alg);
	assert_ok(hm_jwk_thumbprint(&ed.keys[0].key, text, &err), &err);
	assert_string_equal(text, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

/* Base64url of a text, with the payload {} and a signature of three zero bytes. */
static void make_token(const char *header, struct hm_buf *ret_token)
{
	hm_base64_encode(ret_token, HM_BASE64_URL, header, strlen(header));
	hm_buf_add_cstr(ret_token, ".e30.AAAA");
}

static void test_headers(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		enum hm_reason want;
	} rows[] = {
		{ "{\"alg\":\"ES256\"}", HM_R_OK },
		{ "{\"alg\":\"ES256\",\"kid\":\"k\",\"typ\":\"JWT\",\"x5c\":[1,2]}", HM_R_OK },
		{ "{\"alg\":\"none\"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"None\"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"nOnE\"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"\"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"HS256\"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"ES256 \"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"es256\"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"ES256\\u0000\"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"RSA-OAEP\",\"enc\":\"A256GCM\"}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"ES256\",\"crit\":[]}", HM_R_JWT_ALGORITHM },
		{ "{\"alg\":\"ES256\",\"alg\":\"none\"}", HM_R_JWT_FORMAT },
		{ "{\"alg\":[\"ES256\"]}", HM_R_JWT_FORMAT },
		{ "{\"alg\":null}", HM_R_JWT_FORMAT },
		{ "{\"typ\":\"JWT\"}", HM_R_JWT_FORMAT },
		{ "{\"alg\":\"ES256\",\"kid\":1}", HM_R_JWT_FORMAT },
		{ "[\"ES256\"]", HM_R_JWT_FORMAT },
		{ "{\"alg\":\"ES256\"", HM_R_JWT_FORMAT },
		{ "", HM_R_JWT_FORMAT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf token = hm_buf_init(HM_MIB);
		struct hm_jws jws;
		struct hm_err err = { 0 };
		make_token(rows[i].header, &token);
		enum hm_status st = hm_jws_parse(hm_buf_str(&token), &arena, &jws, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].header, st, &err, rows[i].want);
	}
}

static void test_malformed(void **state)
{
	(void)state;
	static const char good[] = "eyJhbGciOiJFUzI1NiJ9.e30.AAAA";
	static const char *const rows[] = {
		"",
		".",
		"..",
		"...",
		"eyJhbGciOiJFUzI1NiJ9.e30",
		"eyJhbGciOiJFUzI1NiJ9.e30.AAAA.",
		"eyJhbGciOiJFUzI1NiJ9.e30.AAAA.AAAA.AAAA", /* an encrypted one has five parts */
		".eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
		" eyJhbGciOiJFUzI1NiJ9.e30.AAAA",
		"eyJhbGciOiJFUzI1NiJ9.e30.AAAA\n",
		"eyJhbGciOiJFUzI1NiJ9.e30=.AAAA",
		"eyJhbGciOiJFUzI1NiJ9.e3.AAAA", /* unused bits are set */
		"eyJhbGciOiJFUzI1NiJ9.e30.AA+A",
		"eyJhbGciOiJFUzI1NiJ9.e30.A",
		"eyJhbGciOiJFUzI1NiJ9,e30.AAAA.",
	};
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_jws jws;
	struct hm_err err = { 0 };

	assert_ok(hm_jws_parse(hm_str(good), &arena, &jws, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_refused(rows[i], hm_jws_parse(hm_str(rows[i]), &arena, &jws, &err), &err, HM_R_JWT_FORMAT);

	HM_OWN(hm_freep) char *big = hm_malloc(HM_MAX_JWT + 1);
	memset(big, '.', HM_MAX_JWT + 1);
	assert_refused("size", hm_jws_parse(hm_str_of(big, HM_MAX_JWT + 1), &arena, &jws, &err), &err, HM_R_LIMIT);
	assert_refused("dots", hm_jws_parse(hm_str_of(big, HM_MAX_JWT), &arena, &jws, &err), &err, HM_R_JWT_FORMAT);
}

static const struct {
	enum hm_key_kind kind;
	unsigned bits;
	const char *alg;
} kinds[] = {
	{ HM_KEY_P256, 0, "ES256" },    { HM_KEY_P384, 0, "ES384" },   { HM_KEY_P521, 0, "ES512" },
	{ HM_KEY_ED25519, 0, "EdDSA" }, { HM_KEY_RSA, 2048, "RS256" },
};

static void test_ours(void **state)
{
	(void)state;
	struct hm_signer signers[COUNT(kinds)] = { 0 };
	const struct hm_key *keys[COUNT(kinds)];
	HM_OWN(hm_buf_done) struct hm_buf set = hm_buf_init(HM_MIB);
	HM_OWN(hm_jwks_done) struct hm_jwks jwks = { 0 };
	struct hm_err err = { 0 };

	for (size_t i = 0; i < COUNT(kinds); i++) {
		assert_ok(hm_signer_generate(kinds[i].kind, kinds[i].bits, &signers[i], &err), &err);
		keys[i] = &signers[i].key;
	}
	assert_ok(hm_jwks_encode(keys, COUNT(keys), &set, &err), &err);
	assert_ok(hm_jwks_parse(hm_buf_str(&set), &jwks, &err), &err);
	assert_int_equal(jwks.len, COUNT(kinds));
	for (size_t i = 0; i < COUNT(kinds); i++) {
		/* often enough that an ECDSA number with leading zeros comes by */
		for (int round = 0; round < (kinds[i].kind == HM_KEY_P256 ? 300 : 3); round++) {
			HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
			HM_OWN(hm_buf_done) struct hm_buf token = hm_buf_init(HM_MIB);
			struct hm_jws jws;
			struct hm_value claims;
			assert_ok(hm_jwt_sign(&signers[i], HM_STR("{\"sub\":\"me\"}"), &token, &err), &err);
			assert_ok(hm_jws_parse(hm_buf_str(&token), &arena, &jws, &err), &err);
			assert_string_equal(hm_jws_alg_name(jws.alg), kinds[i].alg);
			assert_ok(hm_jws_verify(&jws, &jwks, &err), &err);
			assert_ok(hm_jwt_claims(&jws, &arena, &claims, &err), &err);
			assert_true(hm_str_is(hm_value_text(hm_value_get(&claims, "sub")), "me"));
			assert_true(hm_key_eq(&jwks.keys[i].key, keys[i]));
		}
	}
	for (size_t i = 0; i < COUNT(kinds); i++)
		hm_signer_done(&signers[i]);
}

/* Which key of a set is taken. */
static void test_choice_of_key(void **state)
{
	(void)state;
	struct hm_signer one = { 0 }, two = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf named = hm_buf_init(HM_MIB), nameless = hm_buf_init(HM_MIB);
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_jws with_name, without;
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &one, &err), &err);
	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &two, &err), &err);
	assert_ok(hm_jws_sign(&one, HM_STR("1"), NULL, HM_STR("{}"), &named, &err), &err);
	assert_ok(hm_jws_sign(&one, HM_STR(""), NULL, HM_STR("{}"), &nameless, &err), &err);
	assert_ok(hm_jws_parse(hm_buf_str(&named), &arena, &with_name, &err), &err);
	assert_ok(hm_jws_parse(hm_buf_str(&nameless), &arena, &without, &err), &err);
	const struct {
		const char *name;
		const struct hm_jws *jws;
		struct hm_signer *first, *second;
		const char *first_kid, *second_kid;
		bool first_has_alg;
		enum hm_jws_alg first_alg;
		enum hm_reason want;
	} rows[] = {
		{ "by name", &with_name, &two, &one, "2", "1", false, 0, HM_R_OK },
		{ "by name, another's key", &with_name, &two, &one, "1", "2", false, 0, HM_R_JWT_SIGNATURE },
		{ "no such name", &with_name, &two, &one, "2", "3", false, 0, HM_R_JWT_KEY },
		{ "two of one name", &with_name, &two, &one, "1", "1", false, 0, HM_R_OK },
		{ "names nothing", &without, &two, &one, "2", "1", false, 0, HM_R_OK },
		{ "the key is for something else", &with_name, &one, &two, "1", "2", true, HM_JWS_RS256, HM_R_JWT_KEY },
		{ "the key is for this", &with_name, &one, &two, "1", "2", true, HM_JWS_ES256, HM_R_OK },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_jwk keys[] = {
			{ rows[i].first->key, hm_str(rows[i].first_kid), rows[i].first_has_alg, rows[i].first_alg },
			{ rows[i].second->key, hm_str(rows[i].second_kid), false, 0 },
		};
		const struct hm_jwks jwks = { keys, 2, 2 };
		enum hm_status st = hm_jws_verify(rows[i].jws, &jwks, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
	}
	assert_refused("empty set", hm_jws_verify(&with_name, &(struct hm_jwks){ 0 }, &err), &err, HM_R_JWT_KEY);
	hm_signer_done(&one);
	hm_signer_done(&two);
}

/* RFC 8725 2.1: a token must not choose how its key is used. */
static void test_confusion(void **state)
{
	(void)state;
	struct hm_signer p256 = { 0 }, p384 = { 0 };
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf token = hm_buf_init(HM_MIB);
	struct hm_jws jws;
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &p256, &err), &err);
	assert_ok(hm_signer_generate(HM_KEY_P384, 0, &p384, &err), &err);
	assert_ok(hm_jws_sign(&p256, HM_STR(""), NULL, HM_STR("{}"), &token, &err), &err);
	assert_ok(hm_jws_parse(hm_buf_str(&token), &arena, &jws, &err), &err);
	assert_ok(hm_jws_verify_key(&jws, &p256.key, &err), &err);
	assert_refused("other curve", hm_jws_verify_key(&jws, &p384.key, &err), &err, HM_R_JWT_KEY);
	for (int alg = HM_JWS_ES384; alg <= HM_JWS_EDDSA; alg++) {
		jws.alg = (enum hm_jws_alg)alg;
		assert_refused(hm_jws_alg_name(jws.alg), hm_jws_verify_key(&jws, &p256.key, &err), &err, HM_R_JWT_KEY);
	}
	jws.alg = HM_JWS_ES256;
	jws.signature.len--;
	assert_refused("cut", hm_jws_verify_key(&jws, &p256.key, &err), &err, HM_R_JWT_SIGNATURE);
	/* a signature in DER is none here */
	HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_MAX_SIGNATURE);
	assert_ok(hm_signer_sign(&p256, HM_SIG_ECDSA_SHA256, jws.signed_part, &der, &err), &err);
	jws.signature = hm_buf_str(&der);
	assert_refused("DER", hm_jws_verify_key(&jws, &p256.key, &err), &err, HM_R_JWT_SIGNATURE);
	hm_signer_done(&p256);
	hm_signer_done(&p384);
}

static void test_sets(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		size_t len;
		enum hm_reason want;
	} rows[] = {
		{ "empty", "{\"keys\":[]}", 0, HM_R_OK },
		{ "other members", "{\"keys\":[],\"x\":1}", 0, HM_R_OK },
		{ "no JSON", "{", 0, HM_R_JSON_SYNTAX },
		{ "keys twice", "{\"keys\":[],\"keys\":[]}", 0, HM_R_JSON_DUPLICATE },
		{ "no keys", "{}", 0, HM_R_JWT_KEYS },
		{ "keys of another kind", "{\"keys\":{}}", 0, HM_R_JWT_KEYS },
		{ "an array", "[]", 0, HM_R_JWT_KEYS },
		{ "a key that is none", "{\"keys\":[1]}", 0, HM_R_OK },
		{ "a key without a kind", "{\"keys\":[{}]}", 0, HM_R_OK },
		{ "a secret", "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", 0, HM_R_OK },
		{ "another curve", "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"secp256k1\",\"x\":\"AA\",\"y\":\"AA\"}]}", 0,
		  HM_R_OK },
		{ "X25519",
		  "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_"
		  "7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
		  0, HM_R_OK },
		{ "for encryption",
		  "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
		  "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
		  "\"use\":\"enc\"}]}",
		  0, HM_R_OK },
		{ "for another algorithm",
		  "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
		  "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
		  "\"alg\":\"HS256\"}]}",
		  0, HM_R_OK },
		{ "good beside bad",
		  "{\"keys\":[{},{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
		  "7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
		  "\"kid\":\"a\",\"use\":\"sig\",\"alg\":\"EdDSA\"},2]}",
		  1, HM_R_OK },
		{ "coordinate cut",
		  "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVA\","
		  "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}",
		  0, HM_R_OK },
		{ "coordinates of another division",
		  "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH\","
		  "\"y\":\"8UTNG72bfocs3-257rn0s2ldbqkLJK2KRiMohYjlrQ\"}]}",
		  0, HM_R_OK },
		{ "off the curve",
		  "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\","
		  "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5aw\"}]}",
		  0, HM_R_OK },
		{ "RSA of 16 bits", "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"__8\",\"e\":\"AQAB\"}]}", 0, HM_R_OK },
		{ "RSA without an exponent", "{\"keys\":[{\"kty\":\"RSA\",\"n\":\"__8\"}]}", 0, HM_R_OK },
		{ "a kid that is a number",
		  "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_"
		  "7TyWQHOg7hcvPapiMlrwIaaPcHURo\",\"kid\":1}]}",
		  0, HM_R_OK },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_jwks_done) struct hm_jwks jwks = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_jwks_parse(hm_str(rows[i].text), &jwks, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		if (jwks.len != rows[i].len)
			fail_msg("%s: %zu keys", rows[i].name, jwks.len);
	}
	for (size_t over = 0; over <= 1; over++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MIB);
		HM_OWN(hm_jwks_done) struct hm_jwks jwks = { 0 };
		struct hm_err err = { 0 };
		hm_buf_add_cstr(&text, "{\"keys\":[{}");
		for (size_t i = 1; i < HM_MAX_JWKS + over; i++)
			hm_buf_add_cstr(&text, ",{}");
		hm_buf_add_cstr(&text, "]}");
		enum hm_status st = hm_jwks_parse(hm_buf_str(&text), &jwks, &err);
		if (over)
			assert_refused("65 keys", st, &err, HM_R_LIMIT);
		else
			assert_ok(st, &err);
	}
}

#define US "\"iss\":\"https://us\",\"aud\":\"sigstore\""

static void test_claims(void **state)
{
	(void)state;
	static const struct {
		const char *name, *claims;
		enum hm_reason want;
	} rows[] = {
		{ "good", "{" US ",\"exp\":1001,\"nbf\":999,\"iat\":999}", HM_R_OK },
		{ "only what must be", "{" US ",\"exp\":1001}", HM_R_OK },
		{ "one of many", "{\"iss\":\"https://us\",\"aud\":[\"x\",\"sigstore\"],\"exp\":1001}", HM_R_OK },
		{ "half a second", "{" US ",\"exp\":1001.5,\"nbf\":999.5,\"iat\":9.995e2}", HM_R_OK },
		{ "within the leeway", "{" US ",\"exp\":991,\"nbf\":1010,\"iat\":1010}", HM_R_OK },
		{ "expired by the leeway", "{" US ",\"exp\":990}", HM_R_JWT_EXPIRED },
		{ "expired by less than a second", "{" US ",\"exp\":990.9}", HM_R_JWT_EXPIRED },
		{ "expired long ago", "{" US ",\"exp\":-5}", HM_R_JWT_EXPIRED },
		{ "expired before time", "{" US ",\"exp\":-9223372036854775808}", HM_R_JWT_EXPIRED },
		{ "expires at the end of time", "{" US ",\"exp\":9223372036854775807}", HM_R_OK },
		{ "not yet", "{" US ",\"exp\":9999,\"nbf\":1011}", HM_R_JWT_NOT_YET },
		{ "issued in the future", "{" US ",\"exp\":9999,\"iat\":1011}", HM_R_JWT_NOT_YET },
		{ "issued at the end of time", "{" US ",\"exp\":9999,\"iat\":9223372036854775807}", HM_R_JWT_NOT_YET },
		{ "no exp", "{" US "}", HM_R_JWT_CLAIM },
		{ "exp is text", "{" US ",\"exp\":\"1001\"}", HM_R_JWT_CLAIM },
		{ "exp is null", "{" US ",\"exp\":null}", HM_R_JWT_CLAIM },
		{ "exp is huge", "{" US ",\"exp\":1e300}", HM_R_JWT_CLAIM },
		{ "nbf is text", "{" US ",\"exp\":1001,\"nbf\":\"1\"}", HM_R_JWT_CLAIM },
		{ "another issuer", "{\"iss\":\"https://us/\",\"aud\":\"sigstore\",\"exp\":1001}", HM_R_JWT_ISSUER },
		{ "no issuer", "{\"aud\":\"sigstore\",\"exp\":1001}", HM_R_JWT_CLAIM },
		{ "issuers", "{\"iss\":[\"https://us\"],\"aud\":\"sigstore\",\"exp\":1001}", HM_R_JWT_CLAIM },
		{ "another audience", "{\"iss\":\"https://us\",\"aud\":\"other\",\"exp\":1001}", HM_R_JWT_AUDIENCE },
		{ "none of many", "{\"iss\":\"https://us\",\"aud\":[\"x\",\"y\"],\"exp\":1001}", HM_R_JWT_AUDIENCE },
		{ "an empty list", "{\"iss\":\"https://us\",\"aud\":[],\"exp\":1001}", HM_R_JWT_AUDIENCE },
		{ "no audience", "{\"iss\":\"https://us\",\"exp\":1001}", HM_R_JWT_CLAIM },
		{ "audience is a number", "{\"iss\":\"https://us\",\"aud\":1,\"exp\":1001}", HM_R_JWT_CLAIM },
		{ "a number among the audiences", "{\"iss\":\"https://us\",\"aud\":[\"sigstore\",1],\"exp\":1001}",
		  HM_R_JWT_CLAIM },
		{ "exp twice", "{" US ",\"exp\":1,\"exp\":1001}", HM_R_JWT_FORMAT },
		{ "an array", "[]", HM_R_JWT_FORMAT },
		{ "no JSON", "x", HM_R_JWT_FORMAT },
	};
	const struct hm_jwt_expect expect = { HM_STR("https://us"), HM_STR("sigstore"), 1000, 10 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		const struct hm_jws jws = { .payload = hm_str(rows[i].claims) };
		struct hm_value claims;
		struct hm_err err = { 0 };
		enum hm_status st = hm_jwt_claims(&jws, &arena, &claims, &err);
		if (st == HM_OK)
			st = hm_jwt_check(&claims, &expect, &err);
		if (rows[i].want != HM_R_OK)
			assert_refused(rows[i].name, st, &err, rows[i].want);
		else if (st != HM_OK)
			fail_msg("%s: %s", rows[i].name, err.cause);
	}
}

static struct hm_signer walked;

static enum hm_status walk(struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf token = hm_buf_init(HM_MIB), set = hm_buf_init(HM_MIB);
	HM_OWN(hm_jwks_done) struct hm_jwks jwks = { 0 };
	const struct hm_key *key = &walked.key;
	struct hm_value claims;
	struct hm_jws jws;

	enum hm_status st = hm_jwt_sign(&walked, HM_STR("{\"sub\":\"me\"}"), &token, err);
	if (st == HM_OK)
		st = hm_jwks_encode(&key, 1, &set, err);
	if (st == HM_OK)
		st = hm_jwks_parse(hm_buf_str(&set), &jwks, err);
	if (st == HM_OK)
		st = hm_jws_parse(hm_buf_str(&token), &arena, &jws, err);
	if (st == HM_OK)
		st = hm_jws_verify(&jws, &jwks, err);
	return st == HM_OK ? hm_jwt_claims(&jws, &arena, &claims, err) : st;
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &walked, &err), &err);
	walk_failures("token", walk);
	hm_signer_done(&walked);
}

int main(void)
{
	fail_inside_openssl();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),   cmocka_unit_test(test_thumbprint),
		cmocka_unit_test(test_headers),   cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_ours),      cmocka_unit_test(test_choice_of_key),
		cmocka_unit_test(test_confusion), cmocka_unit_test(test_sets),
		cmocka_unit_test(test_claims),    cmocka_unit_test(test_memory_runs_out),
	};
	return cmocka_run_group_tests_name("crypto/jwt", tests, NULL, NULL);
}
