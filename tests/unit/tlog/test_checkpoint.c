/* Checkpoints: their lines, and those of the published Sigstore cases with their logs' keys. */
#include "unit.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/own.h"
#include "data/json.h"
#include "tlog/checkpoint.h"

#define ROOT "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I="

static void test_texts(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		struct hm_str text;
		bool good;
		uint64_t size;
		const char *extensions;
	} rows[] = {
		{ "as in the specification", HM_STR("example.com/behind-the-sofa\n20852163\n" ROOT "\n"), true,
		  20852163, "" },
		{ "an origin with a space", HM_STR("rekor.sigstore.dev - 2605736670972794746\n1\n" ROOT "\n"), true, 1,
		  "" },
		{ "an empty tree", HM_STR("o\n0\n" ROOT "\n"), true, 0, "" },
		{ "the largest tree", HM_STR("o\n18446744073709551615\n" ROOT "\n"), true, UINT64_MAX, "" },
		{ "extensions", HM_STR("o\n1\n" ROOT "\nTimestamp: 1\nmore\n"), true, 1, "Timestamp: 1\nmore\n" },
		{ "nothing", HM_STR(""), false, 0, NULL },
		{ "an empty origin", HM_STR("\n1\n" ROOT "\n"), false, 0, NULL },
		{ "no origin", HM_STR("1\n" ROOT "\n"), false, 0, NULL },
		{ "an origin alone", HM_STR("o\n"), false, 0, NULL },
		{ "no size", HM_STR("o\n" ROOT "\n"), false, 0, NULL },
		{ "an empty size", HM_STR("o\n\n" ROOT "\n"), false, 0, NULL },
		{ "a leading zero", HM_STR("o\n01\n" ROOT "\n"), false, 0, NULL },
		{ "two zeros", HM_STR("o\n00\n" ROOT "\n"), false, 0, NULL },
		{ "a sign", HM_STR("o\n+1\n" ROOT "\n"), false, 0, NULL },
		{ "below zero", HM_STR("o\n-1\n" ROOT "\n"), false, 0, NULL },
		{ "a space", HM_STR("o\n1 \n" ROOT "\n"), false, 0, NULL },
		{ "hexadecimal", HM_STR("o\n0x1\n" ROOT "\n"), false, 0, NULL },
		{ "a size over 64 bits", HM_STR("o\n18446744073709551616\n" ROOT "\n"), false, 0, NULL },
		{ "no root", HM_STR("o\n1\n"), false, 0, NULL },
		{ "an empty root", HM_STR("o\n1\n\n"), false, 0, NULL },
		{ "a root that is cut", HM_STR("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n"), false, 0,
		  NULL },
		{ "a root that is too long", HM_STR("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2IA\n"), false, 0,
		  NULL },
		{ "a root that is far too long", HM_STR("o\n1\n" ROOT ROOT "\n"), false, 0, NULL },
		{ "a root without padding", HM_STR("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I\n"), false, 0,
		  NULL },
		{ "a root with loose bits", HM_STR("o\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n"), false, 0,
		  NULL },
		{ "a root with blanks", HM_STR("o\n1\n " ROOT "\n"), false, 0, NULL },
		{ "the URL alphabet", HM_STR("o\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n"), false, 0, NULL },
		{ "no newline at the end", HM_STR("o\n1\n" ROOT), false, 0, NULL },
		{ "an empty extension", HM_STR("o\n1\n" ROOT "\n\n"), false, 0, NULL },
		{ "an empty one among them", HM_STR("o\n1\n" ROOT "\na\n\nb\n"), false, 0, NULL },
		{ "an extension that is cut", HM_STR("o\n1\n" ROOT "\na"), false, 0, NULL },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_tlog_checkpoint checkpoint;
		struct hm_err err = { 0 };
		enum hm_status st = hm_tlog_checkpoint_parse(rows[i].text, &checkpoint, &err);
		if (!rows[i].good) {
			assert_refused(rows[i].name, st, &err, HM_R_TLOG_CHECKPOINT);
			continue;
		}
		assert_ok(st, &err);
		assert_true(checkpoint.head.size == rows[i].size);
		assert_true(hm_str_is(checkpoint.extensions, rows[i].extensions));
		HM_OWN(hm_buf_done) struct hm_buf again = hm_buf_init(1000);
		assert_ok(hm_tlog_checkpoint_encode(&checkpoint, &again, &err), &err);
		assert_true(hm_str_eq(hm_buf_str(&again), rows[i].text));
	}
}

static void test_what_cannot_be_written(void **state)
{
	(void)state;
	static const struct {
		struct hm_str origin, extensions;
	} rows[] = {
		{ HM_STR(""), HM_STR("") },    { HM_STR("o\n99\n" ROOT), HM_STR("") }, /* another size before ours */
		{ HM_STR("o"), HM_STR("\n") }, { HM_STR("o"), HM_STR("a") },           { HM_STR("o"), HM_STR("a\n\n") },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1000);
		const struct hm_tlog_checkpoint checkpoint = { .origin = rows[i].origin,
							       .extensions = rows[i].extensions };
		struct hm_err err = { 0 };
		assert_refused("encode", hm_tlog_checkpoint_encode(&checkpoint, &text, &err), &err, HM_R_USAGE);
	}
}

static void test_signed(void **state)
{
	(void)state;
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier verifier = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1000), note = hm_buf_init(1000), plain = hm_buf_init(1000);
	struct hm_tlog_checkpoint mine = { .origin = HM_STR("log.example"), .head = { 7, { "root" } } };
	struct hm_tlog_verified_checkpoint opened;
	struct hm_err err = { 0 };

	assert_ok(hm_signer_generate(HM_KEY_ED25519, 0, &signer, &err), &err);
	assert_ok(hm_tlog_verifier_init(HM_STR("log.example"), HM_TLOG_ED25519, &signer.key, &verifier, &err), &err);
	assert_ok(hm_tlog_checkpoint_encode(&mine, &text, &err), &err);
	assert_ok(hm_tlog_note_sign(hm_buf_str(&text), HM_STR("log.example"), &signer, &note, &err), &err);
	struct hm_str signed_note = hm_buf_str(&note);
	assert_ok(hm_tlog_checkpoint_verify(signed_note, HM_STR("log.example"), &verifier, 1, &opened, &err), &err);
	assert_ok(hm_tlog_checkpoint_verify(signed_note, HM_STR(""), &verifier, 1, &opened, &err), &err);
	assert_memory_equal(&opened.is.head, &mine.head, sizeof(mine.head));
	assert_ptr_equal(opened.by, &verifier);
	assert_refused("another log",
		       hm_tlog_checkpoint_verify(signed_note, HM_STR("log"), &verifier, 1, &opened, &err), &err,
		       HM_R_TLOG_ORIGIN);
	assert_refused("nobody's key", hm_tlog_checkpoint_verify(signed_note, HM_STR(""), &verifier, 0, &opened, &err),
		       &err, HM_R_TLOG_UNSIGNED);
	/* signed by the right key, and no checkpoint */
	assert_ok(hm_tlog_note_sign(HM_STR("just text\n"), HM_STR("log.example"), &signer, &plain, &err), &err);
	assert_refused("no checkpoint",
		       hm_tlog_checkpoint_verify(hm_buf_str(&plain), HM_STR(""), &verifier, 1, &opened, &err), &err,
		       HM_R_TLOG_CHECKPOINT);
}

/* The Sigstore cases whose checkpoint is not as it should be; all others are good. */
static const struct {
	const char *name;
	enum hm_reason want;
} bad_cases[] = {
	{ "invalid-checkpoint-signature_fail", HM_R_TLOG_SIGNATURE },
	{ "rekor2-checkpoint-missing-log-signature_fail", HM_R_TLOG_NOTE },
	{ "rekor2-checkpoint-missing-origin_fail", HM_R_TLOG_CHECKPOINT },
	{ "rekor2-checkpoint-missing-root-hash_fail", HM_R_TLOG_CHECKPOINT },
	{ "rekor2-checkpoint-missing-size_fail", HM_R_TLOG_CHECKPOINT },
};

static bool load_json(const char *path, struct hm_arena *arena, struct hm_value *ret_value)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);

	return hm_file_read(path, 1 << 20, &text, NULL) == HM_OK &&
	       hm_json_parse(hm_buf_str(&text), NULL, arena, ret_value, NULL) == HM_OK;
}

static struct hm_str text_at(const struct hm_value *object, const char *name)
{
	const struct hm_value *member = object ? hm_value_get(object, name) : NULL;

	return member && member->kind == HM_STRING ? hm_value_text(member) : (struct hm_str){ 0 };
}

/* A verifier for each log of a trust root, under the host and port of its base URL. */
static size_t verifiers_of(const struct hm_value *root, struct hm_tlog_verifier *verifiers, size_t max)
{
	const struct hm_value *logs = hm_value_get(root, "tlogs");
	size_t count = 0;

	for (size_t i = 0; i < hm_value_count(logs) && count < max; i++) {
		const struct hm_value *log = hm_value_at(logs, i);
		HM_OWN(hm_buf_done) struct hm_buf der = hm_buf_init(1000);
		HM_OWN(hm_key_done) struct hm_key key = { 0 };
		struct hm_str url = text_at(log, "baseUrl"),
			      host = hm_str_skip(url, (size_t)hm_str_find(url, HM_STR("//")) + 2);
		struct hm_err err = { 0 };
		assert_ok(
		    hm_base64_decode(&der, HM_BASE64_STD, text_at(hm_value_get(log, "publicKey"), "rawBytes"), &err),
		    &err);
		assert_ok(hm_key_parse(hm_buf_str(&der), &key, &err), &err);
		assert_ok(hm_tlog_verifier_init(host, hm_tlog_sig_type_of(&key), &key, &verifiers[count++], &err),
			  &err);
	}
	return count;
}

static enum hm_reason check_case(const struct hm_value *bundle, const struct hm_tlog_verifier *verifiers, size_t count)
{
	struct hm_tlog_verified_checkpoint checkpoint;
	struct hm_err err = { 0 };
	const struct hm_value *proof = bundle;
	static const char *const way[] = { "verificationMaterial", "tlogEntries", NULL, "inclusionProof" };

	for (size_t i = 0; i < COUNT(way); i++)
		proof = way[i] ? hm_value_get(proof, way[i]) : hm_value_at(proof, 0);
	struct hm_str note = text_at(hm_value_get(proof, "checkpoint"), "envelope");
	enum hm_status st = hm_tlog_checkpoint_verify(note, HM_STR(""), verifiers, count, &checkpoint, &err);
	return st == HM_OK ? HM_R_OK : err.reason;
}

static bool has_checkpoint(const struct hm_value *bundle)
{
	const struct hm_value *entries = hm_value_get(hm_value_get(bundle, "verificationMaterial"), "tlogEntries");
	const struct hm_value *proof =
	    hm_value_count(entries) ? hm_value_get(hm_value_at(entries, 0), "inclusionProof") : NULL;

	return proof && hm_value_get(proof, "checkpoint");
}

static void test_sigstore_cases(void **state)
{
	(void)state;
	static const char *const names[] = {
		"happy-path-v0.3",
		"intoto-with-custom-trust-root", /* an extension line, and an origin with a number */
		"bundle-with-sct-with-extensions",
		"rekor2-happy-path",
		"rekor2-dsse-happy-path", /* cosigned by a witness */
		"rekor2-checkpoint-multiple-cosigs",
		"rekor2-checkpoint-origin-not-first",
		"rekor2-checkpoint-two-sigs-cosigned",
		"rekor2-checkpoint-two-sigs-from-origin",
		"signature-mismatch_fail",
		"invalid-checkpoint-signature_fail",
		"rekor2-checkpoint-missing-log-signature_fail",
		"rekor2-checkpoint-missing-origin_fail",
		"rekor2-checkpoint-missing-root-hash_fail",
		"rekor2-checkpoint-missing-size_fail",
	};

	if (!shared_data())
		skip_with("the published conformance cases are not here: HM_SHARED_DATA names no folder with them");
	for (size_t i = 0; i < COUNT(names); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(16 << 20);
		struct hm_tlog_verifier verifiers[8];
		struct hm_value bundle, root;
		enum hm_reason want = HM_R_OK;
		char path[600];
		snprintf(path, sizeof(path), "%s/sigstore-conformance/%s/bundle.sigstore.json", shared_data(),
			 names[i]);
		assert_true(load_json(path, &arena, &bundle));
		assert_true(has_checkpoint(&bundle));
		snprintf(path, sizeof(path), "%s/sigstore-conformance/%s/trusted_root.json", shared_data(), names[i]);
		if (!load_json(path, &arena, &root)) {
			snprintf(path, sizeof(path), "%s/sigstore-public-good.trusted_root.json", shared_data());
			assert_true(load_json(path, &arena, &root));
		}
		size_t count = verifiers_of(&root, verifiers, COUNT(verifiers));
		for (size_t k = 0; k < COUNT(bad_cases); k++)
			want = strcmp(bad_cases[k].name, names[i]) == 0 ? bad_cases[k].want : want;
		enum hm_reason got = check_case(&bundle, verifiers, count);
		while (count-- > 0)
			hm_tlog_verifier_done(&verifiers[count]);
		if (got != want)
			fail_msg("%s: %s and not %s", names[i], hm_reason_code(got), hm_reason_code(want));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_what_cannot_be_written),
		cmocka_unit_test(test_signed),
		cmocka_unit_test(test_sigstore_cases),
	};
	return cmocka_run_group_tests_name("tlog/checkpoint", tests, NULL, NULL);
}
