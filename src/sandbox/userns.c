#include "sandbox/userns.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/str.h"

#include <errno.h>
#include <stdio.h>
#include <sys/utsname.h>

/* Small files of /proc; their size is not known before. */
#define MAX_SETTING (4 * HM_MIB)

/* The content of a setting without its line end, or "" where this kernel does not have it. */
static void read_setting(const char *root, const char *name, struct hm_buf *ret_text)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/proc/%s", root, name);

	*ret_text = hm_buf_init(MAX_SETTING);
	if (path && hm_file_read(path, MAX_SETTING, ret_text, NULL) != HM_OK)
		*ret_text = hm_buf_init(MAX_SETTING);
}

static bool setting_is(const char *root, const char *name, const char *value)
{
	HM_OWN(hm_buf_done) struct hm_buf text;

	read_setting(root, name, &text);
	return hm_str_is(hm_str_trim(hm_buf_str(&text)), value);
}

/* Container managers put their processes under a filter; a login shell has none. */
static bool is_filtered(const char *root)
{
	HM_OWN(hm_buf_done) struct hm_buf text;

	read_setting(root, "self/status", &text);
	return hm_str_find(hm_buf_str(&text), HM_STR("\nSeccomp:\t2")) >= 0;
}

/* The root of a mount namespace is always in its own list of mounts; the folder of a chroot seldom is. */
static bool is_chroot(const char *root)
{
	HM_OWN(hm_buf_done) struct hm_buf text;

	read_setting(root, "self/mountinfo", &text);
	struct hm_str rest = hm_buf_str(&text), line;
	while (text.len && hm_str_next(&rest, '\n', &line)) {
		struct hm_str point = { 0 };
		for (int i = 0; i < 5 && hm_str_next(&line, ' ', &point); i++)
			;
		if (hm_str_is(point, "/"))
			return false;
	}
	return text.len > 0;
}

static const char *find_reason(const char *root, int errnum)
{
	static const struct {
		const char *setting, *value, *text;
	} settings[] = {
		{ "sys/kernel/unprivileged_userns_clone", "0",
		  "user namespaces are switched off for ordinary users: as root, run "
		  "'sysctl -w kernel.unprivileged_userns_clone=1'" },
		{ "sys/kernel/apparmor_restrict_unprivileged_userns", "1",
		  "AppArmor restricts user namespaces: as root, give hallmark a profile in /etc/apparmor.d with "
		  "'userns,' and 'flags=(unconfined)', or run 'sysctl -w "
		  "kernel.apparmor_restrict_unprivileged_userns=0'" },
		{ "sys/user/max_user_namespaces", "0",
		  "user namespaces are switched off: as root, run 'sysctl -w user.max_user_namespaces=10000'" },
		{ "sys/user/max_mnt_namespaces", "0",
		  "mount namespaces are switched off: as root, run 'sysctl -w user.max_mnt_namespaces=10000'" },
		{ "sys/user/max_pid_namespaces", "0",
		  "PID namespaces are switched off: as root, run 'sysctl -w user.max_pid_namespaces=10000'" },
		{ "sys/user/max_net_namespaces", "0",
		  "network namespaces are switched off: as root, run 'sysctl -w user.max_net_namespaces=10000'" },
	};

	if (errnum != EPERM && errnum != EACCES && errnum != ENOSPC && errnum != EUSERS && errnum != EINVAL &&
	    errnum != ENOSYS)
		return "";
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (setting_is(root, settings[i].setting, settings[i].value))
			return settings[i].text;
	}
	if (errnum == ENOSPC)
		return "there are too many namespaces: as root, raise the sysctls user.max_*_namespaces";
	if (errnum == EUSERS)
		return "namespaces are nested too deep: this is the 33rd user namespace inside another";
	if ((errnum == EINVAL || errnum == ENOSYS) && !is_filtered(root))
		return "this kernel is built without user namespaces (CONFIG_USER_NS), or older than Linux 5.12";
	if (is_filtered(root))
		return "a system call filter forbids it, as container managers set one: run the container with "
		       "'--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt "
		       "systempaths=unconfined', or hallmark outside of it";
	if (is_chroot(root))
		return "this process runs in a chroot, in which Linux allows no user namespace: enter the folder with "
		       "pivot_root instead, as systemd-nspawn and containers do";
	return "a security module or a container forbids it; if this is a chroot, enter it with pivot_root, as "
	       "systemd-nspawn and containers do";
}

void hm_userns_explain(const char *root, int errnum, char ret_text[HM_EXPLAIN_LEN])
{
	snprintf(ret_text, HM_EXPLAIN_LEN, "%s", find_reason(root, errnum));
}

bool hm_kernel_is_at_least(unsigned major, unsigned minor)
{
	struct utsname name;
	struct hm_str head, rest, text;
	uint64_t have_major, have_minor;

	if (uname(&name) != 0)
		return false;
	text = hm_str(name.release);
	if (!hm_str_cut(text, '.', &head, &rest) || !hm_str_to_u64(head, &have_major))
		return false;
	rest.len = strspn(rest.ptr, "0123456789");
	if (!hm_str_to_u64(rest, &have_minor))
		return false;
	return have_major > major || (have_major == major && have_minor >= minor);
}

bool hm_kernel_has_own_pid_max(void)
{
	return hm_kernel_is_at_least(6, 14);
}
