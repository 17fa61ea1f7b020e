/* cosign's encrypted keys: one that cosign v3 wrote, ours, and everything that must be refused. */
#include "judge.h"

#include "crypto/keyfile.h"
#include "crypto/pem.h"

static const char cosign_key[] = "-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"
				 "eyJrZGYiOnsibmFtZSI6InNjcnlwdCIsInBhcmFtcyI6eyJOIjo2NTUzNiwiciI6\n"
				 "OCwicCI6MX0sInNhbHQiOiJnWUVwZ3JubjMwWGNucG1IVUd4WXBXaUZvMnd4d3Nr\n"
				 "UDA2d3J3b0lieW5RPSJ9LCJjaXBoZXIiOnsibmFtZSI6Im5hY2wvc2VjcmV0Ym94\n"
				 "Iiwibm9uY2UiOiJ5WEhiWHBVMFJuWXUwQ3c5QUMxUmx2UEJyOG9ORmhLViJ9LCJj\n"
				 "aXBoZXJ0ZXh0IjoiS29lQTVUYlNST3ZnZk5uakpmeEZKMzFnVEtzbEFGRC80bU8x\n"
				 "VlNJdVBNdWxIclhGSlVXMC9DNCs5bkM0NFRsSForcklVdFdiTjJSZ1dtbVJKbWZn\n"
				 "N05ZSVlQVEhRSDR2aWZJOVB2QUxlYTBZOFdWU0c0VnJKMWl4dTcrT0RPVkNTdzND\n"
				 "ajh6QndlbENXWi9raEtNQ0FsUjNFeGhYRDhwcHQyUzlhSGZXU2dGYU9mTDZab2Rn\n"
				 "Q0hZV1hwNm1VcmNRRVFXQ0ozZXNKTHFrcVE9PSJ9\n"
				 "-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n";
static const char cosign_pub[] = "-----BEGIN PUBLIC KEY-----\n"
				 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEFMAoVrbcx/QyZxxTts2HqaoOvixs\n"
				 "fVNko402A/0Za0woCFPs69dt0tTZqqDU2N4FChGxKP8m8+a5eY6DH2Fz9g==\n"
				 "-----END PUBLIC KEY-----\n";

static void test_published(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(hm_key_done) struct hm_key pub = { 0 };
	struct hm_err err = { 0 };

	assert_true(hm_keyfile_is(hm_str(cosign_key)));
	assert_false(hm_keyfile_is(hm_str(cosign_pub)));
	assert_ok(hm_keyfile_decrypt(hm_str(cosign_key), HM_STR("pass word"), &signer, &err), &err);
	assert_ok(hm_key_parse_text(hm_str(cosign_pub), &pub, &err), &err);
	assert_true(hm_key_eq(&signer.key, &pub));
	assert_refused("password", hm_keyfile_decrypt(hm_str(cosign_key), HM_STR("pass word "), &signer, &err), &err,
		       HM_R_KEYFILE_PASSWORD);
}

static void test_ours(void **state)
{
	(void)state;
	static const struct {
		enum hm_key_kind kind;
		unsigned bits;
		const char *password;
	} rows[] = {
		{ HM_KEY_P256, 0, "secret" },
		{ HM_KEY_ED25519, 0, "" },
		{ HM_KEY_RSA, 2048, "p\xc3\xa4ssword" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_signer_done) struct hm_signer signer = { 0 }, again = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf one = hm_buf_init(HM_MIB), two = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		assert_ok(hm_signer_generate(rows[i].kind, rows[i].bits, &signer, &err), &err);
		assert_ok(hm_keyfile_encrypt(&signer, hm_str(rows[i].password), hm_effects_system(), &one, &err), &err);
		assert_ok(hm_keyfile_encrypt(&signer, hm_str(rows[i].password), hm_effects_system(), &two, &err), &err);
		assert_false(hm_str_eq(hm_buf_str(&one), hm_buf_str(&two)));
		assert_ok(hm_keyfile_decrypt(hm_buf_str(&one), hm_str(rows[i].password), &again, &err), &err);
		assert_true(hm_key_eq(&signer.key, &again.key));
	}
}

#define SALT  "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define NONCE "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KDF(n, r, p)                                                                                                   \
	"\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":" n ",\"r\":" r ",\"p\":" p "},\"salt\":\"" SALT "\"}"
#define CIPHER "\"cipher\":{\"name\":\"nacl/secretbox\",\"nonce\":\"" NONCE "\"}"
#define TEXT   "\"ciphertext\":\"AAAAAAAAAAAAAAAAAAAAAAAA\""
#define GOOD   "{" KDF("32768", "8", "1") "," CIPHER "," TEXT "}"

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *name, *json;
		enum hm_reason want;
	} rows[] = {
		{ "a wrong password", GOOD, HM_R_KEYFILE_PASSWORD },
		{ "N 2^17", "{" KDF("131072", "8", "1") "," CIPHER "," TEXT "}", HM_R_KEYFILE_PASSWORD },
		{ "N 2^14", "{" KDF("16384", "8", "1") "," CIPHER "," TEXT "}", HM_R_KEYFILE_PARAMETERS },
		{ "N 2^20", "{" KDF("1048576", "8", "1") "," CIPHER "," TEXT "}", HM_R_KEYFILE_PARAMETERS },
		{ "N no power of two", "{" KDF("65537", "8", "1") "," CIPHER "," TEXT "}", HM_R_KEYFILE_PARAMETERS },
		{ "N 0", "{" KDF("0", "8", "1") "," CIPHER "," TEXT "}", HM_R_KEYFILE_PARAMETERS },
		{ "r 2^20", "{" KDF("65536", "1048576", "1") "," CIPHER "," TEXT "}", HM_R_KEYFILE_PARAMETERS },
		{ "p 2^20", "{" KDF("65536", "8", "1048576") "," CIPHER "," TEXT "}", HM_R_KEYFILE_PARAMETERS },
		{ "N negative", "{" KDF("-1", "8", "1") "," CIPHER "," TEXT "}", HM_R_KEYFILE_FORMAT },
		{ "N of half", "{" KDF("65536.5", "8", "1") "," CIPHER "," TEXT "}", HM_R_KEYFILE_FORMAT },
		{ "no JSON", "{", HM_R_KEYFILE_FORMAT },
		{ "no kdf", "{" CIPHER "," TEXT "}", HM_R_KEYFILE_FORMAT },
		{ "no cipher", "{" KDF("65536", "8", "1") "," TEXT "}", HM_R_KEYFILE_FORMAT },
		{ "no ciphertext", "{" KDF("65536", "8", "1") "," CIPHER "}", HM_R_KEYFILE_FORMAT },
		{ "something more", "{" KDF("65536", "8", "1") "," CIPHER "," TEXT ",\"x\":1}", HM_R_KEYFILE_FORMAT },
		{ "kdf twice", "{" KDF("65536", "8", "1") "," KDF("65536", "8", "1") "," CIPHER "," TEXT "}",
		  HM_R_KEYFILE_FORMAT },
		{ "another kdf",
		  "{\"kdf\":{\"name\":\"argon2\",\"params\":{\"N\":65536,\"r\":8,\"p\":1},\"salt\":\"" SALT
		  "\"}," CIPHER "," TEXT "}",
		  HM_R_KEYFILE_FORMAT },
		{ "another cipher",
		  "{" KDF("65536", "8", "1") ",\"cipher\":{\"name\":\"aes\",\"nonce\":\"" NONCE "\"}," TEXT "}",
		  HM_R_KEYFILE_FORMAT },
		{ "a short nonce",
		  "{" KDF("65536", "8", "1") ",\"cipher\":{\"name\":\"nacl/secretbox\",\"nonce\":\"AAAA\"}," TEXT "}",
		  HM_R_KEYFILE_FORMAT },
		{ "a short salt",
		  "{\"kdf\":{\"name\":\"scrypt\",\"params\":{\"N\":65536,\"r\":8,\"p\":1},\"salt\":\"AAAA\"}," CIPHER
		  "," TEXT "}",
		  HM_R_KEYFILE_FORMAT },
		{ "a short ciphertext", "{" KDF("65536", "8", "1") "," CIPHER ",\"ciphertext\":\"AAAA\"}",
		  HM_R_KEYFILE_FORMAT },
		{ "no Base64", "{" KDF("65536", "8", "1") "," CIPHER ",\"ciphertext\":\"*\"}", HM_R_KEYFILE_FORMAT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(HM_MIB);
		struct hm_err err = { 0 };
		hm_pem_encode(&pem, i % 2 ? "ENCRYPTED SIGSTORE PRIVATE KEY" : "ENCRYPTED COSIGN PRIVATE KEY",
			      hm_str(rows[i].json));
		assert_true(hm_keyfile_is(hm_buf_str(&pem)));
		enum hm_status st = hm_keyfile_check(hm_buf_str(&pem), &err);
		if (rows[i].want == HM_R_KEYFILE_PASSWORD)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
		assert_refused(rows[i].name, hm_keyfile_decrypt(hm_buf_str(&pem), HM_STR("x"), &signer, &err), &err,
			       rows[i].want);
	}
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	struct hm_err err = { 0 };
	assert_refused("a plain key",
		       hm_keyfile_decrypt(HM_STR("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
					  HM_STR("x"), &signer, &err),
		       &err, HM_R_PEM);
}

/* What a box holds need not be a key. */
static void test_other_content(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 }, other = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf pem = hm_buf_init(HM_MIB);
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_P256, 0, &signer, &err), &err);
	assert_ok(hm_keyfile_encrypt(&signer, HM_STR("x"), hm_effects_system(), &pem, &err), &err);
	/* one bit of what is encrypted, in the last full line */
	char *place = pem.ptr + pem.len - strlen("\n-----END ENCRYPTED SIGSTORE PRIVATE KEY-----\n") - 20;
	*place = *place == 'A' ? 'B' : 'A';
	assert_int_not_equal(hm_keyfile_decrypt(hm_buf_str(&pem), HM_STR("x"), &other, &err), HM_OK);
}

static struct hm_signer walked;
static uint8_t next_byte;

static enum hm_status fixed_random(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)ctx;
	(void)err;
	memset(ret_bytes, ++next_byte, len);
	return HM_OK;
}

/* scrypt is slow and its memory is libsodium's own, so the two ways are walked apart, each with one scrypt. */
static struct hm_buf walked_file;

static enum hm_status walk_encrypt(struct hm_err *err)
{
	const struct hm_effects fx = { .random = fixed_random };

	hm_buf_done(&walked_file);
	return hm_keyfile_encrypt(&walked, HM_STR("x"), &fx, &walked_file, err);
}

static enum hm_status walk_decrypt(struct hm_err *err)
{
	HM_OWN(hm_signer_done) struct hm_signer again = { 0 };

	return hm_keyfile_decrypt(hm_buf_str(&walked_file), HM_STR("x"), &again, err);
}

static void test_memory_runs_out(void **state)
{
	(void)state;
	struct hm_err err = { 0 };

	walked_file = hm_buf_init(HM_MIB);
	assert_ok(hm_signer_generate(HM_KEY_ED25519, 0, &walked, &err), &err);
	walk_failures("encrypt", walk_encrypt);
	walk_failures("decrypt", walk_decrypt);
	hm_buf_done(&walked_file);
	hm_signer_done(&walked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published),       cmocka_unit_test(test_ours),
		cmocka_unit_test(test_refused),         cmocka_unit_test(test_other_content),
		cmocka_unit_test(test_memory_runs_out),
	};
	return cmocka_run_group_tests_name("crypto/keyfile", tests, NULL, NULL);
}
