/* A service's private key: made once, kept, private, refused when damaged. */
#include "unit.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "store/signer.h"

static char *folder, *key_path;

static int setup(void **state)
{
	(void)state;
	if (hm_dir_make_temp("/tmp", "signer-", &folder, NULL) != HM_OK)
		return -1;
	key_path = hm_asprintf("%s/key.pem", folder);
	return key_path ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	enum hm_status st = hm_tree_remove(folder, NULL);
	free(folder);
	free(key_path);
	return st == HM_OK ? 0 : -1;
}

static struct hm_datadir open_dir(void)
{
	struct hm_datadir dir = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_datadir_open(folder, "hallmark-x", 1, HM_DATADIR_REFUSE, &dir, &err), &err);
	return dir;
}

static void test_made_once(void **state)
{
	(void)state;
	HM_OWN(hm_datadir_done) struct hm_datadir dir = open_dir();
	HM_OWN(hm_signer_done) struct hm_signer first = { 0 }, again = { 0 };
	struct hm_err err = { 0 };
	struct stat info;

	assert_ok(hm_datadir_make_signer(&dir, "key.pem", HM_KEY_P256, &first, &err), &err);
	assert_int_equal(first.key.kind, HM_KEY_P256);
	assert_int_equal(stat(key_path, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0600);
	assert_ok(hm_datadir_make_signer(&dir, "key.pem", HM_KEY_P256, &again, &err), &err);
	assert_true(hm_key_eq(&first.key, &again.key));
	assert_refused("another kind", hm_datadir_make_signer(&dir, "key.pem", HM_KEY_ED25519, &again, &err), &err,
		       HM_R_KEY_DETAILS);
	assert_int_equal(chmod(key_path, 0640), 0);
	assert_refused("others may read", hm_datadir_make_signer(&dir, "key.pem", HM_KEY_P256, &again, &err), &err,
		       HM_R_STORE_KEY_MODE);
}

static void test_damaged(void **state)
{
	(void)state;
	HM_OWN(hm_datadir_done) struct hm_datadir dir = open_dir();
	struct hm_signer signer = { 0 };
	struct hm_err err = { 0 };

	assert_ok(hm_file_save(key_path, HM_STR("-----BEGIN PRIVATE KEY-----\nAAAA\n"), 0600, &err), &err);
	assert_refused("cut", hm_datadir_make_signer(&dir, "key.pem", HM_KEY_P256, &signer, &err), &err, HM_R_PEM);
	assert_true(strstr(err.file, "key.pem"));
	assert_int_equal(unlink(key_path), 0);
	assert_int_equal(mkdir(key_path, 0700), 0);
	assert_refused("a folder", hm_datadir_make_signer(&dir, "key.pem", HM_KEY_P256, &signer, &err), &err,
		       HM_R_FILE_IO);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (int there = 0; there < 2; there++) {
		HM_OWN(hm_datadir_done) struct hm_datadir dir = open_dir();
		unsigned long n = 0;
		enum hm_status st;

		do {
			struct hm_signer signer = { 0 };
			if (!there)
				unlink(key_path);
			hm_mem_fail_at(++n);
			st = hm_datadir_make_signer(&dir, "key.pem", HM_KEY_P256, &signer, NULL);
			hm_signer_done(&signer);
			assert_true(st == HM_OK || st == HM_ENOMEM);
		} while (hm_mem_has_failed() && n < 1000);
		hm_mem_fail_at(0);
		assert_int_equal(st, HM_OK);
		assert_true(n > 3);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_made_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_damaged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_memory, setup, teardown),
	};

	return cmocka_run_group_tests_name("store/signer", tests, NULL, NULL);
}
