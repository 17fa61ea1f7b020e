#include "crypto/keyfile.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "crypto/pem.h"
#include "crypto/ssl.h"
#include "data/decode.h"
#include "data/json_write.h"

#include <errno.h>

#include <sodium.h>

#define LABEL     "ENCRYPTED SIGSTORE PRIVATE KEY"
#define OLD_LABEL "ENCRYPTED COSIGN PRIVATE KEY"
#define SALT_LEN  32

/* scrypt's parameters that go-securesystemslib has ever written; r and p never differed. */
#define SCRYPT_R 8
#define SCRYPT_P 1
static const uint64_t scrypt_ns[] = { 32768, 65536, 131072 };
#define SCRYPT_N 65536 /* what is written */

struct params {
	uint64_t n, r, p;
};

struct kdf {
	struct hm_str name, salt;
	struct params params;
};

struct cipher {
	struct hm_str name, nonce;
};

struct keyfile {
	struct kdf kdf;
	struct cipher cipher;
	struct hm_str ciphertext;
};

static const struct hm_json_field param_fields[] = {
	{ "N", HM_JSON_U64, offsetof(struct params, n), HM_REQUIRED },
	{ "r", HM_JSON_U64, offsetof(struct params, r), HM_REQUIRED },
	{ "p", HM_JSON_U64, offsetof(struct params, p), HM_REQUIRED },
};
static const struct hm_json_table param_table = HM_JSON_TABLE(struct params, param_fields);

static const struct hm_json_field kdf_fields[] = {
	{ "name", HM_JSON_STR, offsetof(struct kdf, name), HM_REQUIRED },
	{ "params", HM_JSON_OBJECT, offsetof(struct kdf, params), HM_REQUIRED, .table = &param_table },
	{ "salt", HM_JSON_BASE64, offsetof(struct kdf, salt), HM_REQUIRED },
};
static const struct hm_json_table kdf_table = HM_JSON_TABLE(struct kdf, kdf_fields);

static const struct hm_json_field cipher_fields[] = {
	{ "name", HM_JSON_STR, offsetof(struct cipher, name), HM_REQUIRED },
	{ "nonce", HM_JSON_BASE64, offsetof(struct cipher, nonce), HM_REQUIRED },
};
static const struct hm_json_table cipher_table = HM_JSON_TABLE(struct cipher, cipher_fields);

static const struct hm_json_field keyfile_fields[] = {
	{ "kdf", HM_JSON_OBJECT, offsetof(struct keyfile, kdf), HM_REQUIRED, .table = &kdf_table },
	{ "cipher", HM_JSON_OBJECT, offsetof(struct keyfile, cipher), HM_REQUIRED, .table = &cipher_table },
	{ "ciphertext", HM_JSON_BASE64, offsetof(struct keyfile, ciphertext), HM_REQUIRED },
};
static const struct hm_json_table keyfile_table = HM_JSON_TABLE(struct keyfile, keyfile_fields);

bool hm_keyfile_is(struct hm_str text)
{
	return hm_str_find(text, HM_STR("-----BEGIN " LABEL "-----")) >= 0 ||
	       hm_str_find(text, HM_STR("-----BEGIN " OLD_LABEL "-----")) >= 0;
}

static enum hm_status malformed(const char *what, struct hm_err *err)
{
	return hm_fail(err, HM_R_KEYFILE_FORMAT, "encrypted private key: %s", what);
}

/* The password's key. Errors: HM_ENOMEM, the one way in which scrypt with these parameters fails. */
static enum hm_status derive(struct hm_str password, struct hm_str salt, uint64_t n,
			     uint8_t ret_key[crypto_secretbox_KEYBYTES], struct hm_err *err)
{
	if (!hm_sodium_start())
		return hm_fail(err, HM_R_RANDOM, "libsodium could not start");
	if (crypto_pwhash_scryptsalsa208sha256_ll((const uint8_t *)password.ptr, password.len,
						  (const uint8_t *)salt.ptr, salt.len, n, SCRYPT_R, SCRYPT_P, ret_key,
						  crypto_secretbox_KEYBYTES) != 0)
		return hm_fail(err, HM_R_NO_MEMORY, "a password's key needs %llu MiB",
			       (unsigned long long)(128 * SCRYPT_R * n / HM_MIB));
	return HM_OK;
}

static enum hm_status check_params(const struct keyfile *file, struct hm_err *err)
{
	const struct params *params = &file->kdf.params;
	bool known = false;

	if (!hm_str_is(file->kdf.name, "scrypt"))
		return malformed("a password function other than scrypt", err);
	if (!hm_str_is(file->cipher.name, "nacl/secretbox"))
		return malformed("a cipher other than nacl/secretbox", err);
	for (size_t i = 0; i < sizeof(scrypt_ns) / sizeof(scrypt_ns[0]); i++)
		known = known || params->n == scrypt_ns[i];
	if (!known || params->r != SCRYPT_R || params->p != SCRYPT_P)
		return hm_fail(err, HM_R_KEYFILE_PARAMETERS, "scrypt with N %llu, r %llu, p %llu",
			       (unsigned long long)params->n, (unsigned long long)params->r,
			       (unsigned long long)params->p);
	if (file->kdf.salt.len < 16 || file->kdf.salt.len > 64)
		return malformed("a salt that is not of 16 to 64 bytes", err);
	if (file->cipher.nonce.len != crypto_secretbox_NONCEBYTES)
		return malformed("a nonce that is not of 24 bytes", err);
	if (file->ciphertext.len < crypto_secretbox_MACBYTES)
		return malformed("what is encrypted is cut", err);
	return HM_OK;
}

static enum hm_status open_box(const struct keyfile *file, struct hm_str password, struct hm_secret *ret_plain,
			       struct hm_err *err)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	size_t len = file->ciphertext.len - crypto_secretbox_MACBYTES;

	enum hm_status st = derive(password, file->kdf.salt, file->kdf.params.n, key, err);
	if (st != HM_OK)
		return st;
	HM_OWN(hm_secret_done) struct hm_secret plain = { hm_calloc(len + 1, 1), len };
	if (!plain.ptr)
		st = hm_fail(err, HM_R_NO_MEMORY, "a private key");
	else if (crypto_secretbox_open_easy((uint8_t *)plain.ptr, (const uint8_t *)file->ciphertext.ptr,
					    file->ciphertext.len, (const uint8_t *)file->cipher.nonce.ptr, key) != 0)
		st = hm_fail(err, HM_R_KEYFILE_PASSWORD, "the private key does not open with this password");
	hm_wipe(key, sizeof(key));
	if (st != HM_OK)
		return st;
	*ret_plain = plain;
	plain = (struct hm_secret){ 0 };
	return HM_OK;
}

static enum hm_status read_pem(struct hm_str text, struct hm_secret *ret_json, struct hm_err *err)
{
	bool is_old = hm_str_find(text, HM_STR("-----BEGIN " OLD_LABEL "-----")) >= 0;

	return hm_pem_only(text, is_old ? OLD_LABEL : LABEL, ret_json, err);
}

static enum hm_status read_file(struct hm_str text, struct hm_arena *arena, struct keyfile *ret_file,
				struct hm_err *err)
{
	HM_OWN(hm_secret_done) struct hm_secret json = { 0 };
	struct hm_err inner = { 0 };

	enum hm_status st = read_pem(text, &json, err);
	if (st != HM_OK)
		return st;
	st = hm_json_decode(hm_secret_str(&json), &keyfile_table, NULL, arena, ret_file, &inner);
	if (st == HM_EPARSE)
		return malformed(inner.cause, err);
	if (st != HM_OK)
		return hm_fail(err, inner.reason, "%s", inner.cause);
	st = check_params(ret_file, err);
	HM_PLANT(st == HM_OK && ret_file->kdf.salt.len != 32);
	return st;
}

enum hm_status hm_keyfile_check(struct hm_str text, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MAX_CONFIG_FILE);
	struct keyfile file;

	return read_file(text, &arena, &file, err);
}

enum hm_status hm_keyfile_decrypt(struct hm_str text, struct hm_str password, struct hm_signer *ret_signer,
				  struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MAX_CONFIG_FILE);
	HM_OWN(hm_secret_done) struct hm_secret plain = { 0 };
	struct keyfile file;

	enum hm_status st = read_file(text, &arena, &file, err);
	if (st == HM_OK)
		st = open_box(&file, password, &plain, err);
	return st == HM_OK ? hm_signer_parse(hm_secret_str(&plain), ret_signer, err) : st;
}

static enum hm_status write_json(struct hm_str salt, struct hm_str nonce, struct hm_str ciphertext, struct hm_buf *json,
				 struct hm_err *err)
{
	struct hm_json_writer w = hm_json_writer_init(json, NULL);

	hm_json_object(&w);
	hm_json_key(&w, "kdf");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "name", "scrypt");
	hm_json_key(&w, "params");
	hm_json_object(&w);
	hm_json_member_u64(&w, "N", SCRYPT_N);
	hm_json_member_u64(&w, "r", SCRYPT_R);
	hm_json_member_u64(&w, "p", SCRYPT_P);
	hm_json_object_end(&w);
	hm_json_member_base64(&w, "salt", salt.ptr, salt.len);
	hm_json_object_end(&w);
	hm_json_key(&w, "cipher");
	hm_json_object(&w);
	hm_json_member_cstr(&w, "name", "nacl/secretbox");
	hm_json_member_base64(&w, "nonce", nonce.ptr, nonce.len);
	hm_json_object_end(&w);
	hm_json_member_base64(&w, "ciphertext", ciphertext.ptr, ciphertext.len);
	hm_json_object_end(&w);
	return hm_json_writer_check(&w, "an encrypted private key", err);
}

enum hm_status hm_keyfile_encrypt(const struct hm_signer *signer, struct hm_str password, const struct hm_effects *fx,
				  struct hm_buf *buf, struct hm_err *err)
{
	uint8_t salt[SALT_LEN], nonce[crypto_secretbox_NONCEBYTES], key[crypto_secretbox_KEYBYTES];
	HM_OWN(hm_secret_done) struct hm_secret plain = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf box = hm_buf_init(HM_MAX_CONFIG_FILE), json = hm_buf_init(HM_MAX_CONFIG_FILE);

	enum hm_status st = hm_random(fx, salt, sizeof(salt), err);
	if (st == HM_OK)
		st = hm_random(fx, nonce, sizeof(nonce), err);
	if (st == HM_OK)
		st = hm_signer_encode(signer, &plain, err);
	if (st == HM_OK)
		st = derive(password, hm_str_of(salt, sizeof(salt)), SCRYPT_N, key, err);
	if (st != HM_OK)
		return st;
	uint8_t *out = hm_buf_add_space(&box, plain.len + crypto_secretbox_MACBYTES);
	if (out)
		crypto_secretbox_easy(out, (const uint8_t *)plain.ptr, plain.len, nonce, key);
	hm_wipe(key, sizeof(key));
	st = hm_buf_check(&box, "an encrypted private key", err);
	if (st == HM_OK)
		st = write_json(hm_str_of(salt, sizeof(salt)), hm_str_of(nonce, sizeof(nonce)), hm_buf_str(&box), &json,
				err);
	if (st != HM_OK)
		return st;
	hm_pem_encode(buf, LABEL, hm_buf_str(&json));
	return hm_buf_check(buf, "an encrypted private key", err);
}
