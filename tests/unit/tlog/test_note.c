/* Signed notes: Go's published example, each way to be malformed, whose signatures count. */
#include "unit.h"

#include "base/encode.h"
#include "base/mem.h"
#include "base/own.h"
#include "tlog/note.h"

#define DASH "\xe2\x80\x94 "

/* The example of golang.org/x/mod/sumdb/note. */
#define NEUMANN_TEXT                                                                                                   \
	"If you think cryptography is the answer to your problem,\n"                                                   \
	"then you don't know what your problem is.\n"
#define NEUMANN_SIG                                                                                                    \
	DASH "PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnA" \
	     "M=\n"
#define NEUMANN_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

static struct hm_tlog_verifier verifier_of(const char *text)
{
	struct hm_tlog_verifier verifier;
	struct hm_err err;

	assert_ok(hm_tlog_verifier_parse(hm_str(text), &verifier, &err), &err);
	return verifier;
}

static enum hm_status open_note(struct hm_str note, const struct hm_tlog_verifier *verifiers, size_t count,
				struct hm_tlog_verified_note *ret_verified, struct hm_err *err)
{
	struct hm_tlog_note parsed;

	enum hm_status st = hm_tlog_note_parse(note, &parsed, err);
	return st == HM_OK ? hm_tlog_note_verify(&parsed, verifiers, count, ret_verified, err) : st;
}

static void test_published_example(void **state)
{
	(void)state;
	HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier verifier = verifier_of(NEUMANN_KEY);
	struct hm_tlog_verified_note verified;
	struct hm_err err = { 0 };

	assert_int_equal(verifier.type, HM_TLOG_ED25519);
	assert_int_equal(verifier.id, 0xc74f20a3);
	assert_ok(open_note(HM_STR(NEUMANN_TEXT "\n" NEUMANN_SIG), &verifier, 1, &verified, &err), &err);
	assert_true(hm_str_is(verified.text, NEUMANN_TEXT));
	assert_ptr_equal(verified.by, &verifier);

	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1000);
	hm_tlog_verifier_encode(&verifier, &text);
	assert_string_equal(text.ptr, NEUMANN_KEY);
}

static void test_malformed(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_str note;
		enum hm_reason want; /* HM_R_OK: well formed */
	} rows[] = {
		{ "as it should be", HM_STR("a\n\n" DASH "n AAAAAAA=\n"), HM_R_OK },
		{ "two signatures", HM_STR("a\n\n" DASH "n AAAAAAA=\n" DASH "m AAAAAAA=\n"), HM_R_OK },
		{ "blank lines in the text", HM_STR("a\n\nb\n\n\n" DASH "n AAAAAAA=\n"), HM_R_OK },
		{ "a signature line in the text", HM_STR("a\n\n" DASH "n AAAAAAA=\n\n" DASH "m AAAAAAA=\n"), HM_R_OK },
		{ "a text of one newline", HM_STR("\n\n" DASH "n AAAAAAA=\n"), HM_R_OK },
		{ "DEL is no control character here", HM_STR("\x7f\n\n" DASH "n AAAAAAA=\n"), HM_R_OK },
		{ "a name beyond ASCII", HM_STR("a\n\n" DASH "\xc3\xa9/1 AAAAAAA=\n"), HM_R_OK },
		{ "nothing", HM_STR(""), HM_R_TLOG_NOTE },
		{ "no text", HM_STR("\n" DASH "n AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "no signatures", HM_STR("a\n\n"), HM_R_TLOG_NOTE },
		{ "no blank line", HM_STR("a\n" DASH "n AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "no newline at the end", HM_STR("a\n\n" DASH "n AAAAAAA="), HM_R_TLOG_NOTE },
		{ "text after the signatures", HM_STR("a\n\n" DASH "n AAAAAAA=\nb\n"), HM_R_TLOG_NOTE },
		{ "a blank line after them", HM_STR("a\n\n" DASH "n AAAAAAA=\n\n"), HM_R_TLOG_NOTE },
		{ "text between them", HM_STR("a\n\n" DASH "n AAAAAAA=\nb\n" DASH "n AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "a hyphen", HM_STR("a\n\n- n AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "an en dash", HM_STR("a\n\n\xe2\x80\x93 n AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "no space after the dash", HM_STR("a\n\n\xe2\x80\x94n AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "no name", HM_STR("a\n\n" DASH " AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "a plus in the name", HM_STR("a\n\n" DASH "n+m AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "a Unicode space in the name", HM_STR("a\n\n" DASH "n\xe2\x80\x83m AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "no signature", HM_STR("a\n\n" DASH "n\n"), HM_R_TLOG_NOTE },
		{ "an empty signature", HM_STR("a\n\n" DASH "n \n"), HM_R_TLOG_NOTE },
		{ "a key id and nothing", HM_STR("a\n\n" DASH "n AAAAAA==\n"), HM_R_TLOG_NOTE },
		{ "less than a key id", HM_STR("a\n\n" DASH "n AAAA\n"), HM_R_TLOG_NOTE },
		{ "no Base64", HM_STR("a\n\n" DASH "n AAAAAA_=\n"), HM_R_TLOG_NOTE },
		{ "bits that belong to no byte", HM_STR("a\n\n" DASH "n AAAAAAB=\n"), HM_R_TLOG_NOTE },
		{ "no padding", HM_STR("a\n\n" DASH "n AAAAAAA\n"), HM_R_TLOG_NOTE },
		{ "two spaces", HM_STR("a\n\n" DASH "n  AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "a space at the end", HM_STR("a\n\n" DASH "n AAAAAAA= \n"), HM_R_TLOG_NOTE },
		{ "a carriage return", HM_STR("a\r\n\r\n" DASH "n AAAAAAA=\r\n"), HM_R_TLOG_NOTE },
		{ "a NUL", HM_STR("a\0\n\n" DASH "n AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "a tab", HM_STR("a\t\n\n" DASH "n AAAAAAA=\n"), HM_R_TLOG_NOTE },
		{ "not UTF-8", HM_STR("a\xff\n\n" DASH "n AAAAAAA=\n"), HM_R_TLOG_NOTE },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_tlog_note note;
		struct hm_err err = { 0 };
		enum hm_status st = hm_tlog_note_parse(rows[i].note, &note, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		assert_true(hm_str_has_suffix(note.text, HM_STR("\n")));
		assert_int_equal(note.sig[0].id, 0);
	}
}

static void test_limits(void **state)
{
	(void)state;
	for (size_t count = HM_MAX_NOTE_SIGNATURES; count <= HM_MAX_NOTE_SIGNATURES + 1; count++) {
		HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_NOTE);
		struct hm_tlog_note parsed;
		struct hm_err err = { 0 };
		hm_buf_add_cstr(&note, "a\n\n");
		for (size_t i = 0; i < count; i++)
			hm_buf_add_cstr(&note, DASH "n AAAAAAA=\n");
		enum hm_status st = hm_tlog_note_parse(hm_buf_str(&note), &parsed, &err);
		if (count > HM_MAX_NOTE_SIGNATURES)
			assert_refused("one more", st, &err, HM_R_LIMIT);
		else
			assert_ok(st, &err);
	}
	for (size_t size = HM_MAX_NOTE; size <= HM_MAX_NOTE + 1; size++) {
		HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_NOTE + 1);
		struct hm_str end = HM_STR("\n\n" DASH "n AAAAAAA=\n");
		struct hm_tlog_note parsed;
		struct hm_err err = { 0 };
		memset(hm_buf_add_space(&note, size - end.len), 'a', size - end.len);
		hm_buf_add_str(&note, end);
		enum hm_status st = hm_tlog_note_parse(hm_buf_str(&note), &parsed, &err);
		if (size > HM_MAX_NOTE)
			assert_refused("one byte more", st, &err, HM_R_LIMIT);
		else
			assert_ok(st, &err);
	}
}

static void test_key_texts(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum hm_reason want;
	} rows[] = {
		{ "Go's sum database", "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8",
		  HM_R_OK },
		{ "nothing", "", HM_R_TLOG_KEY },
		{ "a name", "PeterNeumann", HM_R_TLOG_KEY },
		{ "no key", "PeterNeumann+c74f20a3", HM_R_TLOG_KEY },
		{ "an empty key", "PeterNeumann+c74f20a3+", HM_R_TLOG_KEY },
		{ "no name", "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", HM_R_TLOG_KEY },
		{ "a space in the name", "Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		  HM_R_TLOG_KEY },
		{ "a newline in the name", "Peter\nNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
		  HM_R_TLOG_KEY },
		{ "another hash", "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", HM_R_TLOG_KEY },
		{ "another name", "PeterNewmann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", HM_R_TLOG_KEY },
		{ "a short hash", "PeterNeumann+c74f20a+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", HM_R_TLOG_KEY },
		{ "no hash", "PeterNeumann++ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", HM_R_TLOG_KEY },
		{ "a short key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10", HM_R_TLOG_KEY },
		{ "no Base64", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq_LDE4izWy10TW", HM_R_TLOG_KEY },
		{ "type 0", "PeterNeumann+c74f20a3+ABpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", HM_R_TLOG_KEY },
		{ "type 3", "PeterNeumann+c74f20a3+Axpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", HM_R_TLOG_KEY },
		{ "another key's type", "PeterNeumann+c74f20a3+AhpcAA==", HM_R_KEY_FORMAT },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_tlog_verifier verifier = { 0 };
		struct hm_err err = { 0 };
		enum hm_status st = hm_tlog_verifier_parse(hm_str(rows[i].text), &verifier, &err);
		if (rows[i].want == HM_R_OK)
			assert_ok(st, &err);
		else
			assert_refused(rows[i].name, st, &err, rows[i].want);
		hm_tlog_verifier_done(&verifier);
	}
}

/* Keys of each kind, made anew: what is signed is verified, and a changed text is not. */
static void test_every_kind(void **state)
{
	(void)state;
	static const struct {
		enum hm_key_kind kind;
		unsigned bits;
		enum hm_tlog_sig_type type;
	} rows[] = {
		{ HM_KEY_ED25519, 0, HM_TLOG_ED25519 }, { HM_KEY_P256, 0, HM_TLOG_ECDSA },
		{ HM_KEY_P384, 0, HM_TLOG_ECDSA },      { HM_KEY_P521, 0, HM_TLOG_ECDSA },
		{ HM_KEY_RSA, 2048, HM_TLOG_RSA },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
		HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier verifier = { 0 };
		HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_NOTE);
		struct hm_tlog_verified_note verified;
		struct hm_err err = { 0 };
		assert_ok(hm_signer_generate(rows[i].kind, rows[i].bits, &signer, &err), &err);
		assert_int_equal(hm_tlog_sig_type_of(&signer.key), rows[i].type);
		assert_ok(hm_tlog_verifier_init(HM_STR("log.example"), rows[i].type, &signer.key, &verifier, &err),
			  &err);
		assert_ok(hm_tlog_note_sign(HM_STR("text\n"), HM_STR("log.example"), &signer, &note, &err), &err);
		assert_ok(hm_buf_check(&note, "note", &err), &err);
		assert_ok(open_note(hm_buf_str(&note), &verifier, 1, &verified, &err), &err);
		assert_true(hm_str_is(verified.text, "text\n") && verified.cosigned_s == 0);
		note.ptr[0] ^= 1;
		assert_refused("another text", open_note(hm_buf_str(&note), &verifier, 1, &verified, &err), &err,
			       HM_R_TLOG_SIGNATURE);
		if (rows[i].type == HM_TLOG_RSA)
			continue; /* it has no text form that anybody reads */
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(10000);
		hm_tlog_verifier_encode(&verifier, &text);
		HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier again = verifier_of(text.ptr);
		assert_int_equal(again.id, verifier.id);
		assert_true(hm_key_eq(&again.key, &verifier.key));
	}
}

/* The names of keys as Sigstore's logs have them. services.md of the reference, and the public-good trust root. */
static void test_key_ids(void **state)
{
	(void)state;
	static const struct {
		const char *name, *spki, *want;
		enum hm_tlog_sig_type type;
	} rows[] = {
		{ "rekor.sigstore.dev",
		  "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE2G2Y+2tabdTV5BcGiBIx0a9fAFwrkBbmLSGtks4L3qX6yYY0zufBnhC8Ur/"
		  "iy55GhWP/9A/bY2LhC30M9+RYtw==",
		  "wNI9atQGlz+VWfO6LRygH4QUfY/8W4RFwiT5i5WRgB0=", HM_TLOG_ECDSA },
		{ "log2025-alpha1.rekor.sigstage.dev", "MCowBQYDK2VwAyEAPn+AREHoBaZ7wgS1zBqpxmLSGnyhxXj4lFxSdWVB8o8=",
		  "8w1amZ2S5mJIQkQmPxdMuOrL/oJkvFg9MnQXmeOCXck=", HM_TLOG_ED25519 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(1000), id = hm_buf_init(100);
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_hash hash;
		struct hm_err err = { 0 };
		assert_ok(hm_base64_decode(&der, HM_BASE64_STD, hm_str(rows[i].spki), &err), &err);
		assert_ok(hm_key_parse(hm_buf_str(&der), &key, &err), &err);
		assert_ok(hm_tlog_key_id(hm_str(rows[i].name), rows[i].type, &key, &hash, &err), &err);
		hm_base64_encode(&id, HM_BASE64_STD, hash.b, sizeof(hash.b));
		assert_string_equal(id.ptr, rows[i].want);
	}
}

/* Three keys, two of one name; each row is a note by some of them, and who is trusted. */
static void test_whose_signatures_count(void **state)
{
	(void)state;
	static const char *const names[] = { "log.example", "log.example", "witness.example" };
	static const struct {
		const char *name;
		const char *lines;   /* a, b, c: by that key; A, B, C: under its name and id, and bad; x: of nobody */
		const char *trusted; /* a, b, c */
		enum hm_reason want;
		char by;
	} rows[] = {
		{ "one", "a", "a", HM_R_OK, 'a' },
		{ "not the first line", "cxa", "a", HM_R_OK, 'a' },
		{ "two of one name", "ab", "a", HM_R_OK, 'a' },
		{ "two of one name, the other", "ba", "a", HM_R_OK, 'a' },
		{ "both trusted", "ba", "ab", HM_R_OK, 'b' },
		{ "one is enough", "a", "bca", HM_R_OK, 'a' },
		{ "twice", "aa", "a", HM_R_OK, 'a' },
		{ "a bad line of nobody", "xCa", "a", HM_R_OK, 'a' },
		{ "nobody's", "x", "a", HM_R_TLOG_UNSIGNED, 0 },
		{ "another's of the same name", "b", "a", HM_R_TLOG_UNSIGNED, 0 },
		{ "a witness alone", "c", "a", HM_R_TLOG_UNSIGNED, 0 },
		{ "nobody is trusted", "abc", "", HM_R_TLOG_UNSIGNED, 0 },
		{ "bad", "A", "a", HM_R_TLOG_SIGNATURE, 0 },
		{ "a bad one beside a good one", "aA", "a", HM_R_TLOG_SIGNATURE, 0 },
		{ "a bad one before a good one", "Aa", "a", HM_R_TLOG_SIGNATURE, 0 },
		{ "a bad one of another trusted key", "aC", "ac", HM_R_TLOG_SIGNATURE, 0 },
	};
	struct hm_signer signers[3] = { 0 };
	struct hm_tlog_verifier all[3] = { 0 };
	struct hm_str text = HM_STR("text\n");
	struct hm_err err = { 0 };

	for (size_t i = 0; i < 3; i++) {
		assert_ok(hm_signer_generate(HM_KEY_ED25519, 0, &signers[i], &err), &err);
		assert_ok(hm_tlog_verifier_init(hm_str(names[i]), HM_TLOG_ED25519, &signers[i].key, &all[i], &err),
			  &err);
	}
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_NOTE);
		struct hm_tlog_verifier trusted[3];
		struct hm_tlog_verified_note verified;
		hm_buf_add_cstr(&note, "text\n\n");
		for (const char *line = rows[i].lines; *line; line++) {
			if (*line == 'x') {
				hm_buf_add_cstr(&note, DASH "log.example AAAAAAA=\n");
				continue;
			}
			size_t key = (size_t)((*line | 0x20) - 'a');
			struct hm_str signed_text = *line >= 'a' ? text : HM_STR("another\n");
			assert_ok(hm_tlog_note_add_sig(signed_text, hm_str(names[key]), &signers[key], &note, &err),
				  &err);
		}
		for (size_t k = 0; rows[i].trusted[k]; k++)
			trusted[k] = all[rows[i].trusted[k] - 'a'];
		enum hm_status st = open_note(hm_buf_str(&note), trusted, strlen(rows[i].trusted), &verified, &err);
		if (rows[i].want != HM_R_OK) {
			assert_refused(rows[i].name, st, &err, rows[i].want);
			continue;
		}
		assert_ok(st, &err);
		assert_int_equal(verified.by->id, all[rows[i].by - 'a'].id);
	}
	/* a known id under another name is somebody else's */
	struct hm_tlog_verifier renamed = all[0];
	renamed.name = "other.example";
	HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_NOTE);
	struct hm_tlog_verified_note verified;
	assert_ok(hm_tlog_note_sign(text, HM_STR("log.example"), &signers[0], &note, &err), &err);
	assert_refused("renamed", open_note(hm_buf_str(&note), &renamed, 1, &verified, &err), &err, HM_R_TLOG_UNSIGNED);
	/* two keys that share name and id: whichever fits */
	struct hm_tlog_verifier twins[2] = { all[1], all[0] };
	twins[0].id = all[0].id;
	assert_ok(open_note(hm_buf_str(&note), twins, 2, &verified, &err), &err);
	assert_ptr_equal(verified.by, &twins[1]);
	for (size_t i = 0; i < 3; i++) {
		hm_signer_done(&signers[i]);
		hm_tlog_verifier_done(&all[i]);
	}
}

/* C2SP tlog-cosignature: eight bytes of time, and a signature over two lines and the text. */
static void test_cosignature(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer witness = { 0 };
	HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier verifier = { 0 };
	HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier as_log = { 0 };
	struct hm_tlog_verified_note verified;
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_ED25519, 0, &witness, &err), &err);
	assert_ok(hm_tlog_verifier_init(HM_STR("w"), HM_TLOG_COSIGNATURE, &witness.key, &verifier, &err), &err);
	assert_ok(hm_tlog_verifier_init(HM_STR("w"), HM_TLOG_ED25519, &witness.key, &as_log, &err), &err);
	assert_int_not_equal(verifier.id, as_log.id);
	for (int change = 0; change < 4; change++) {
		HM_OWN(hm_buf_done) struct hm_buf line = hm_buf_init(1000), note = hm_buf_init(1000);
		const uint8_t id[] = { (uint8_t)(verifier.id >> 24), (uint8_t)(verifier.id >> 16),
				       (uint8_t)(verifier.id >> 8), (uint8_t)verifier.id };
		const uint8_t time[] = { 0, 0, 0, 0, 0x64, 0x17, 0x0d, 0x4b }; /* 1679232331 */
		struct hm_str message = HM_STR("cosignature/v1\ntime 1679232331\ntext\n");
		hm_buf_add(&line, id, sizeof(id));
		hm_buf_add(&line, time, change == 3 ? 3 : sizeof(time));
		if (change != 3)
			assert_ok(hm_signer_sign(&witness, HM_SIG_ED25519, message, &line, &err), &err);
		line.ptr[11] = (char)(line.ptr[11] ^ (change == 1)); /* the time's last byte */
		hm_buf_addf(&note, "%s\n\n" DASH "w ", change == 2 ? "test" : "text");
		hm_base64_encode(&note, HM_BASE64_STD, line.ptr, line.len);
		hm_buf_add_char(&note, '\n');
		enum hm_status st = open_note(hm_buf_str(&note), &verifier, 1, &verified, &err);
		if (change) {
			assert_refused("changed", st, &err, HM_R_TLOG_SIGNATURE);
		} else {
			assert_ok(st, &err);
			assert_int_equal(verified.cosigned_s, 1679232331);
		}
		/* a witness's line is not the log's, though it is the same key */
		assert_refused("as log", open_note(hm_buf_str(&note), &as_log, 1, &verified, &err), &err,
			       HM_R_TLOG_UNSIGNED);
	}
}

static void test_what_cannot_be_signed(void **state)
{
	(void)state;
	static const struct {
		const char *what;
		struct hm_str text, name;
	} rows[] = {
		{ "no text", HM_STR(""), HM_STR("n") },
		{ "no newline at its end", HM_STR("a"), HM_STR("n") },
		{ "a control character", HM_STR("a\tb\n"), HM_STR("n") },
		{ "a NUL", HM_STR("a\0\n"), HM_STR("n") },
		{ "not UTF-8", HM_STR("\xff\n"), HM_STR("n") },
		{ "no name", HM_STR("a\n"), HM_STR("") },
		{ "a space in the name", HM_STR("a\n"), HM_STR("n m") },
		{ "a plus in the name", HM_STR("a\n"), HM_STR("n+m") },
		{ "a newline in the name", HM_STR("a\n"), HM_STR("n\nm") },
		{ "a NUL in the name", HM_STR("a\n"), HM_STR("n\0m") },
	};
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_ED25519, 0, &signer, &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(1000);
		assert_refused(rows[i].what, hm_tlog_note_sign(rows[i].text, rows[i].name, &signer, &note, &err), &err,
			       HM_R_USAGE);
	}
	struct hm_tlog_verifier verifier;
	assert_refused("a bad name",
		       hm_tlog_verifier_init(HM_STR("a b"), HM_TLOG_ED25519, &signer.key, &verifier, &err), &err,
		       HM_R_TLOG_KEY);
	assert_refused("a wrong type", hm_tlog_verifier_init(HM_STR("a"), HM_TLOG_ECDSA, &signer.key, &verifier, &err),
		       &err, HM_R_TLOG_KEY);
}

static void test_no_memory(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_ED25519, 0, &signer, &err), &err);
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_buf_done) struct hm_buf note = hm_buf_init(HM_MAX_NOTE);
		struct hm_tlog_verifier verifier = { 0 };
		struct hm_tlog_verified_note verified;
		hm_mem_fail_at(n);
		enum hm_status st = hm_tlog_verifier_parse(HM_STR(NEUMANN_KEY), &verifier, &err);
		if (st == HM_OK)
			st = open_note(HM_STR(NEUMANN_TEXT "\n" NEUMANN_SIG), &verifier, 1, &verified, &err);
		if (st == HM_OK)
			st = hm_tlog_note_sign(HM_STR("text\n"), HM_STR("n"), &signer, &note, &err);
		if (st == HM_OK)
			hm_tlog_verifier_encode(&verifier, &note);
		if (st == HM_OK)
			st = hm_buf_check(&note, "note", &err);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		hm_tlog_verifier_done(&verifier);
		if (!failed) {
			assert_ok(st, &err);
			break;
		}
		assert_refused("no memory", st, &err, HM_R_NO_MEMORY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_example),
		cmocka_unit_test(test_malformed),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_key_texts),
		cmocka_unit_test(test_every_kind),
		cmocka_unit_test(test_key_ids),
		cmocka_unit_test(test_whose_signatures_count),
		cmocka_unit_test(test_cosignature),
		cmocka_unit_test(test_what_cannot_be_signed),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("tlog/note", tests, NULL, NULL);
}
