/* Where a program looks for what was installed with it. */
#include "unit.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "cli/folders.h"
#include "cli/places.h"

static void test_order(void **state)
{
	(void)state;
	static const struct {
		const char *program, *full, *share;
		size_t count;
	} rows[] = {
		{ "/opt/x/" HM_BINDIR "/hallmark", "/opt/x/" HM_LIBEXECDIR "/hallmark-full", "/opt/x/" HM_DATADIR "/p",
		  3 },
		{ "/opt/x/" HM_LIBEXECDIR "/hallmark-full", "/opt/x/" HM_LIBEXECDIR "/hallmark-full",
		  "/opt/x/" HM_DATADIR "/p", 3 },
		{ "/" HM_BINDIR "/hallmark", "/" HM_LIBEXECDIR "/hallmark-full", "/" HM_DATADIR "/p", 3 },
		{ "/src/build/hallmark", "/src/build/hallmark-full", "/src/build/share/p", 2 },
		/* a folder whose name only ends like one of the layout's */
		{ "/src/cabin/hallmark", "/src/cabin/hallmark-full", "/src/cabin/share/p", 2 },
		{ "/hallmark", "/hallmark-full", "/share/p", 2 },
		{ "hallmark", "/hallmark-full", "/share/p", 2 },
	};
	if (HM_BINDIR[0] == '/' || HM_LIBEXECDIR[0] == '/' || HM_DATADIR[0] == '/')
		skip_with("this build has absolute folders; one without bindir, libexecdir and datadir runs this");
	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_strv_done) struct hm_strv full = { 0 }, share = { 0 };
		struct hm_err err = { 0 };
		assert_ok(hm_cli_places_full(rows[i].program, &full, &err), &err);
		assert_ok(hm_cli_places_share(rows[i].program, "p", &share, &err), &err);
		assert_string_equal(full.v[0], rows[i].full);
		assert_string_equal(share.v[0], rows[i].share);
		assert_int_equal(full.count, rows[i].count);
		assert_string_equal(full.v[full.count - 1], HM_PREFIX "/" HM_LIBEXECDIR "/hallmark-full");
		assert_string_equal(share.v[share.count - 1], HM_PREFIX "/" HM_DATADIR "/p");
	}
}

static void test_find(void **state)
{
	(void)state;
	HM_OWN(hm_freep) char *dir = NULL, *share = NULL, *program = NULL, *found = NULL;
	struct hm_err err = { 0 };

	assert_ok(hm_dir_make_temp("/tmp", "places", &dir, &err), &err);
	share = hm_asprintf("%s/share", dir);
	program = hm_asprintf("%s/hallmark", dir);
	assert_refused("none", hm_cli_find_share(program, "no/such/thing", &found, &err), &err, HM_R_FILE_NOT_FOUND);
	assert_null(found);
	assert_ok(hm_dir_make(share, 0755, &err), &err);
	assert_ok(hm_cli_find_share(program, "", &found, &err), &err);
	assert_int_equal(strncmp(found, share, strlen(share)), 0);
	assert_ok(hm_tree_remove(dir, &err), &err);
}

static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned long n = 1;; n++) {
		HM_OWN(hm_freep) char *found = NULL;
		hm_mem_fail_at(n);
		enum hm_status st = hm_cli_find_share("/usr/" HM_BINDIR "/hallmark", "no/such/thing", &found, NULL);
		bool failed = hm_mem_has_failed();
		hm_mem_fail_at(0);
		assert_int_equal(st, failed ? HM_ENOMEM : HM_ENOTFOUND);
		if (!failed)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_find),
		cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("cli/places", tests, NULL, NULL);
}
