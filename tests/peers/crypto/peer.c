/*
 * crypto for tests in other languages, one command a call:
 *
 *     key-open FILE PASSWORD             print the public key of an encrypted private key
 *     key-make ALGORITHM FILE PASSWORD   make an encrypted private key, print its public key
 *     verify ALGORITHM PUB SIG FILE      check a signature; ALGORITHM as in Sigstore's registry
 *     stamp-query FILE no|yes OUT        ask for a time stamp, with certificates or without
 *     stamp-check QUERY REPLY CHAIN      check a reply; CHAIN: PEM, the signer's first, the root last
 *     stamp-authority DIR                make an authority: DIR/chain.pem and DIR/key.pem
 *     stamp-reply DIR QUERY OUT          stamp as that authority, with the present time
 */
#include "base/effects.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "crypto/keyfile.h"
#include "crypto/oid.h"
#include "crypto/tsp.h"

#include <stdio.h>

#define DAY_S 86400

static enum hm_status print_key(const struct hm_key *key, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(HM_MAX_CONFIG_FILE);

	hm_key_encode_pem(key, &pem);
	enum hm_status st = hm_buf_check(&pem, "a key", err);
	if (st == HM_OK)
		fwrite(pem.ptr, 1, pem.len, stdout);
	return st;
}

static enum hm_status key_open(char **args, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };

	enum hm_status st = hm_file_read(args[0], HM_MAX_CONFIG_FILE, &text, err);
	if (st == HM_OK)
		st = hm_keyfile_decrypt(hm_buf_str(&text), hm_str(args[1]), &signer, err);
	return st == HM_OK ? print_key(&signer.key, err) : st;
}

static enum hm_status generate(struct hm_str algorithm, struct hm_signer *ret_signer, struct hm_err *err)
{
	static const struct {
		enum hm_key_details details;
		enum hm_key_kind kind;
		unsigned bits;
	} rows[] = {
		{ HM_DETAILS_P256_SHA256, HM_KEY_P256, 0 },      { HM_DETAILS_P384_SHA384, HM_KEY_P384, 0 },
		{ HM_DETAILS_P521_SHA512, HM_KEY_P521, 0 },      { HM_DETAILS_ED25519PH, HM_KEY_ED25519, 0 },
		{ HM_DETAILS_RSA2048_SHA256, HM_KEY_RSA, 2048 }, { HM_DETAILS_RSA4096_SHA256, HM_KEY_RSA, 4096 },
	};
	enum hm_key_details details;

	if (!hm_key_details_from_registry(algorithm, &details))
		return hm_fail(err, HM_R_USAGE, "no algorithm '%.*s'", HM_STR_ARG(algorithm));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].details == details)
			return hm_signer_generate(rows[i].kind, rows[i].bits, ret_signer, err);
	}
	return hm_fail(err, HM_R_USAGE, "no key for '%.*s'", HM_STR_ARG(algorithm));
}

static enum hm_status key_make(char **args, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(HM_MAX_CONFIG_FILE);
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };

	enum hm_status st = generate(hm_str(args[0]), &signer, err);
	if (st == HM_OK)
		st = hm_keyfile_encrypt(&signer, hm_str(args[2]), hm_effects_system(), &pem, err);
	if (st == HM_OK)
		st = hm_file_save(args[1], hm_buf_str(&pem), 0600, err);
	return st == HM_OK ? print_key(&signer.key, err) : st;
}

static enum hm_status verify(char **args, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf pub = { 0 }, sig = { 0 }, data = { 0 };
	HM_OWN(hm_key_done) struct hm_key key = { 0 };
	enum hm_key_details details;

	if (!hm_key_details_from_registry(hm_str(args[0]), &details))
		return hm_fail(err, HM_R_USAGE, "no algorithm '%s'", args[0]);
	enum hm_status st = hm_file_read(args[1], HM_MAX_CONFIG_FILE, &pub, err);
	if (st == HM_OK)
		st = hm_file_read(args[2], HM_MAX_CONFIG_FILE, &sig, err);
	if (st == HM_OK)
		st = hm_file_read(args[3], HM_MAX_CONFIG_FILE, &data, err);
	if (st == HM_OK)
		st = hm_key_parse_text(hm_buf_str(&pub), &key, err);
	return st == HM_OK ? hm_key_verify(&key, hm_key_details_sig(details), hm_buf_str(&data), hm_buf_str(&sig), err)
			   : st;
}

static enum hm_status stamp_query(char **args, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(HM_MAX_CERT);
	struct hm_tsp_request request = { .nonce = HM_STR("\x01\x02\x03\x04\x05\x06\x07\x08") };

	request.cert_req = hm_str_is(hm_str(args[1]), "yes");
	enum hm_status st = hm_crypto_digest_file(args[0], HM_SHA256, &request.imprint, NULL, err);
	if (st != HM_OK)
		return st;
	hm_tsp_request_encode(&request, &der);
	st = hm_buf_check(&der, "a request", err);
	return st == HM_OK ? hm_file_save(args[2], hm_buf_str(&der), 0600, err) : st;
}

/* A chain's certificates, the signer's first. */
struct chain {
	struct hm_secret ders[HM_MAX_POOL_CERTS];
	struct hm_cert certs[HM_MAX_POOL_CERTS];
	size_t len;
};

static void chain_done(struct chain *chain)
{
	for (size_t i = 0; i < chain->len; i++)
		hm_secret_done(&chain->ders[i]);
}

static enum hm_status read_chain(const char *path, struct chain *chain, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf pem = { 0 };

	enum hm_status st = hm_file_read(path, HM_MAX_CONFIG_FILE, &pem, err);
	if (st == HM_OK)
		st = hm_cert_read_pem(hm_buf_str(&pem), chain->ders, HM_MAX_POOL_CERTS, &chain->len, err);
	for (size_t i = 0; i < chain->len && st == HM_OK; i++)
		st = hm_cert_parse(hm_secret_str(&chain->ders[i]), &chain->certs[i], err);
	return st;
}

static enum hm_status check_reply(const struct hm_tsp_token *token, const struct hm_tsp_request *request,
				  const struct chain *chain, struct hm_err *err)
{
	struct hm_tsp_query query = { .digest = &request->imprint, .nonce = request->nonce };
	struct hm_x509_pool *pool = NULL;

	enum hm_status st = hm_x509_pool_new(&pool, err);
	for (size_t i = 0; i < chain->len && st == HM_OK; i++)
		st = hm_x509_pool_add(pool, chain->certs[i].der, i + 1 == chain->len, err);
	query.pool = pool;
	if (st == HM_OK)
		st = hm_tsp_verify(token, &query, NULL, err);
	hm_x509_pool_free(pool);
	return st;
}

static enum hm_status stamp_check(char **args, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf query = { 0 }, reply = { 0 };
	HM_OWN(chain_done) struct chain chain = { 0 };
	struct hm_tsp_request request;
	struct hm_tsp_token token;

	enum hm_status st = hm_file_read(args[0], HM_MAX_CONFIG_FILE, &query, err);
	if (st == HM_OK)
		st = hm_file_read(args[1], HM_MAX_CONFIG_FILE, &reply, err);
	if (st == HM_OK)
		st = read_chain(args[2], &chain, err);
	if (st == HM_OK)
		st = hm_tsp_request_parse(hm_buf_str(&query), &request, err);
	if (st == HM_OK)
		st = hm_tsp_parse(hm_buf_str(&reply), &token, err);
	if (st == HM_OK)
		st = check_reply(&token, &request, &chain, err);
	if (st == HM_OK)
		printf("%lld %zu\n", (long long)token.time_s, token.certs_len);
	return st;
}

static enum hm_status make_cert(enum hm_profile profile, const struct hm_signer *subject, const char *name,
				const struct hm_signer *by, const struct hm_cert *issuer, struct hm_buf *ret_der,
				struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf exts = hm_buf_init(HM_MAX_CERT), dn = hm_buf_init(HM_MAX_CERT);
	const int64_t now_s = hm_now_s(hm_effects_system());
	struct hm_cert_spec spec = { .key = &subject->key,
				     .not_before_s = now_s - DAY_S,
				     .not_after_s = now_s + DAY_S };

	*ret_der = hm_buf_init(HM_MAX_CERT);
	hm_name_encode(&dn, &(struct hm_name){ HM_STR("hallmark"), hm_str(name) });
	spec.subject = hm_buf_str(&dn);
	spec.issuer = issuer ? issuer->subject : spec.subject;
	enum hm_status st = hm_cert_serial(hm_effects_system(), spec.serial, err);
	if (st == HM_OK)
		st = hm_ext_add_profile(&exts, profile, &subject->key, issuer, err);
	spec.exts = hm_buf_str(&exts);
	return st == HM_OK ? hm_cert_make(&spec, by, ret_der, err) : st;
}

static enum hm_status save_in(const char *dir, const char *name, struct hm_str data, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", dir, name);

	return path ? hm_file_save(path, data, 0600, err) : hm_fail(err, HM_R_NO_MEMORY, "a path");
}

static enum hm_status stamp_authority(char **args, struct hm_err *err)
{
	HM_OWN(hm_signer_done) struct hm_signer root = { 0 }, tsa = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf root_der = { 0 }, tsa_der = { 0 }, pem = hm_buf_init(HM_MAX_CONFIG_FILE);
	HM_OWN(hm_secret_done) struct hm_secret key = { 0 };
	struct hm_cert root_cert;

	enum hm_status st = hm_signer_generate(HM_KEY_P384, 0, &root, err);
	if (st == HM_OK)
		st = hm_signer_generate(HM_KEY_P256, 0, &tsa, err);
	if (st == HM_OK)
		st = make_cert(HM_PROFILE_ROOT, &root, "root", &root, NULL, &root_der, err);
	if (st == HM_OK)
		st = hm_cert_parse(hm_buf_str(&root_der), &root_cert, err);
	if (st == HM_OK)
		st = make_cert(HM_PROFILE_TSA, &tsa, "tsa", &root, &root_cert, &tsa_der, err);
	if (st == HM_OK)
		st = hm_signer_encode_pem(&tsa, &key, err);
	if (st != HM_OK)
		return st;
	hm_cert_encode_pem(hm_buf_str(&tsa_der), &pem);
	hm_cert_encode_pem(hm_buf_str(&root_der), &pem);
	st = save_in(args[0], "chain.pem", hm_buf_str(&pem), err);
	return st == HM_OK ? save_in(args[0], "key.pem", hm_secret_str(&key), err) : st;
}

static enum hm_status stamp_reply(char **args, struct hm_err *err)
{
	HM_OWN(hm_freep)
	char *chain_path = hm_asprintf("%s/chain.pem", args[0]), *key_path = hm_asprintf("%s/key.pem", args[0]);
	HM_OWN(hm_buf_done) struct hm_buf key = { 0 }, query = { 0 }, reply = hm_buf_init(HM_MAX_CERT);
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(chain_done) struct chain chain = { 0 };
	const struct hm_effects *fx = hm_effects_system();
	uint8_t serial[HM_SERIAL_LEN];
	struct hm_tsp_request request;

	if (!chain_path || !key_path)
		return hm_fail(err, HM_R_NO_MEMORY, "a path");
	enum hm_status st = read_chain(chain_path, &chain, err);
	if (st == HM_OK)
		st = hm_file_read(key_path, HM_MAX_CONFIG_FILE, &key, err);
	if (st == HM_OK)
		st = hm_signer_parse_text(hm_buf_str(&key), &signer, err);
	if (st == HM_OK)
		st = hm_file_read(args[1], HM_MAX_CONFIG_FILE, &query, err);
	if (st == HM_OK)
		st = hm_tsp_request_parse(hm_buf_str(&query), &request, err);
	if (st == HM_OK)
		st = hm_cert_serial(fx, serial, err);
	const struct hm_tsp_authority self = { &signer, chain.certs, chain.len, HM_OID_SIGSTORE_TSA };
	if (st == HM_OK)
		st = hm_tsp_reply(&self, &request, hm_now_s(fx), serial, &reply, err);
	return st == HM_OK ? hm_file_save(args[2], hm_buf_str(&reply), 0600, err) : st;
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int args;
		enum hm_status (*run)(char **, struct hm_err *);
	} commands[] = {
		{ "key-open", 2, key_open },       { "key-make", 3, key_make },
		{ "verify", 4, verify },           { "stamp-query", 3, stamp_query },
		{ "stamp-check", 3, stamp_check }, { "stamp-authority", 1, stamp_authority },
		{ "stamp-reply", 3, stamp_reply },
	};
	struct hm_err err = { 0 };
	char text[1024];

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (argc != 2 + commands[i].args || !hm_str_is(hm_str(argv[1]), commands[i].name))
			continue;
		if (commands[i].run(argv + 2, &err) == HM_OK)
			return 0;
		hm_err_text(&err, text, sizeof(text));
		fprintf(stderr, "%s: %s\n", hm_reason_code(err.reason), text);
		return 1;
	}
	fprintf(stderr, "see the comment at the head of peer.c\n");
	return 2;
}
