/* What is said when the kernel refuses, from settings that a test made up. */
#include "sandbox/userns.h"

#include "base/file.h"
#include "base/own.h"
#include "base/str.h"
#include "base/tree.h"

#include "unit.h"

#include <errno.h>
#include <libgen.h>

static void put(const char *root, const char *name, const char *text)
{
	char path[512], folder[512];
	struct hm_err err = { 0 };

	snprintf(path, sizeof(path), "%s/proc/%s", root, name);
	snprintf(folder, sizeof(folder), "%s", path);
	assert_ok(hm_dir_make(dirname(folder), 0755, &err), &err);
	assert_ok(hm_file_save(path, hm_str(text), 0644, &err), &err);
}

static void test_explain(void **state)
{
	(void)state;
	static const struct {
		const char *name, *setting, *value;
		int errnum;
		const char *want; /* "" for nothing */
	} rows[] = {
		{ "Debian's switch", "sys/kernel/unprivileged_userns_clone", "0\n", EPERM,
		  "kernel.unprivileged_userns_clone=1" },
		{ "the same, on", "sys/kernel/unprivileged_userns_clone", "1\n", EPERM, "a security module" },
		{ "Ubuntu's AppArmor", "sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", EPERM,
		  "kernel.apparmor_restrict_unprivileged_userns=0" },
		{ "the same, seen later", "sys/kernel/apparmor_restrict_unprivileged_userns", "1\n", EACCES,
		  "/etc/apparmor.d" },
		{ "none allowed", "sys/user/max_user_namespaces", "0\n", ENOSPC, "user.max_user_namespaces=" },
		{ "no mount namespaces", "sys/user/max_mnt_namespaces", "0\n", ENOSPC, "user.max_mnt_namespaces=" },
		{ "no PID namespaces", "sys/user/max_pid_namespaces", "0\n", ENOSPC, "user.max_pid_namespaces=" },
		{ "no networks", "sys/user/max_net_namespaces", "0\n", ENOSPC, "user.max_net_namespaces=" },
		{ "too many", "sys/user/max_user_namespaces", "10\n", ENOSPC, "user.max_*_namespaces" },
		{ "too deep", "self/status", "", EUSERS, "nested" },
		{ "an old kernel", "self/status", "", ENOSYS, "CONFIG_USER_NS" },
		{ "a container", "self/status", "Name:\tx\nSeccomp:\t2\n", EPERM, "seccomp=unconfined" },
		{ "an old filter", "self/status", "Name:\tx\nSeccomp:\t2\n", ENOSYS, "seccomp=unconfined" },
		{ "a part of a disk", "self/mountinfo", "27 1 254:0 /@ / rw - btrfs /dev/vda rw\n", EPERM,
		  "if this is a chroot" },
		{ "a chroot", "self/mountinfo", "22 27 0:21 / /proc rw - proc proc rw\n", EPERM, "runs in a chroot" },
		{ "no chroot", "self/mountinfo", "27 1 254:0 / / rw - ext4 /dev/vda rw\n", EPERM,
		  "if this is a chroot" },
		{ "something else", "sys/user/max_user_namespaces", "0\n", EIO, "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_freep) char *root = NULL;
		struct hm_err err = { 0 };
		char text[HM_EXPLAIN_LEN];
		assert_ok(hm_dir_make_temp("/tmp", "hallmark-test-", &root, &err), &err);
		put(root, rows[i].setting, rows[i].value);
		hm_userns_explain(root, rows[i].errnum, text);
		if (rows[i].want[0] == '\0' ? text[0] != '\0' : !strstr(text, rows[i].want))
			fail_msg("%s: '%s'", rows[i].name, text);
		assert_ok(hm_tree_remove(root, &err), &err);
	}
}

static void test_version(void **state)
{
	(void)state;
	assert_true(hm_kernel_is_at_least(4, 0));
	assert_true(hm_kernel_is_at_least(0, 9999));
	assert_false(hm_kernel_is_at_least(9999, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explain),
		cmocka_unit_test(test_version),
	};
	return cmocka_run_group_tests_name("sandbox/userns", tests, NULL, NULL);
}
