/*
 * What a hostile program would try, for tests/cli/test_sandbox.py: each argument is one attempt, and each prints a line
 * with its name and "ok", an errno's name, or what it found out.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static long result(long value)
{
	return value < 0 ? -errno : 0;
}

static long do_mount(const char *arg)
{
	return result(mount("tmpfs", arg && arg[0] ? arg : "/tmp", "tmpfs", 0, NULL));
}

static long do_umount(const char *arg)
{
	return result(umount2(arg, MNT_DETACH));
}

static long do_remount(const char *arg)
{
	return result(mount(NULL, arg, NULL, MS_REMOUNT | MS_BIND, NULL));
}

static long do_bind_mount(const char *arg)
{
	return result(mount(arg, "/tmp", NULL, MS_BIND, NULL));
}

static long do_fsopen(const char *arg)
{
	(void)arg;
	return result(fsopen("tmpfs", 0));
}

static long do_open_tree(const char *arg)
{
	(void)arg;
	return result(open_tree(AT_FDCWD, "/usr", OPEN_TREE_CLONE));
}

static long do_unshare(const char *arg)
{
	static const struct {
		const char *name;
		int flag;
	} flags[] = { { "user", CLONE_NEWUSER }, { "mnt", CLONE_NEWNS },   { "pid", CLONE_NEWPID },
		      { "net", CLONE_NEWNET },   { "uts", CLONE_NEWUTS },  { "ipc", CLONE_NEWIPC },
		      { "time", 0x80 },          { "files", CLONE_FILES }, { "cgroup", CLONE_NEWCGROUP } };

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (strcmp(flags[i].name, arg) == 0)
			return result(unshare(flags[i].flag));
	}
	return -EINVAL;
}

static long do_clone(const char *arg)
{
	unsigned long flags = (unsigned long)strtoul(arg, NULL, 0) | SIGCHLD;
	long pid = syscall(SYS_clone, flags, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static long do_clone3(const char *arg)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	(void)arg;
	if (pid == 0)
		_exit(0);
	return result(pid);
}

static long do_setns(const char *arg)
{
	int fd = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);

	(void)arg;
	return result(setns(fd, 0));
}

static long do_keyctl(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
}

static long do_add_key(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_add_key, "user", "name", "value", 5, KEY_SPEC_USER_KEYRING));
}

static long do_ptrace(const char *arg)
{
	return result(ptrace(PTRACE_ATTACH, (pid_t)strtol(arg, NULL, 10), NULL, NULL));
}

static long do_ptrace_child(const char *arg)
{
	pid_t pid = fork();

	(void)arg;
	if (pid == 0) {
		pause();
		_exit(0);
	}
	long answer = result(ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	kill(pid, SIGKILL);
	return answer;
}

static long do_kill(const char *arg)
{
	return result(kill((pid_t)strtol(arg, NULL, 10), SIGKILL));
}

static long do_mknod(const char *arg)
{
	if (strcmp(arg, "fifo") == 0)
		return result(mknod("/tmp/node", S_IFIFO | 0600, 0));
	return result(mknod("/tmp/node", (strcmp(arg, "block") == 0 ? S_IFBLK : S_IFCHR) | 0600, 0x0103));
}

static long do_bpf(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_bpf, 0, NULL, 0));
}

static long do_perf(const char *arg)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(attr) };

	(void)arg;
	return result(syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static long do_io_uring(const char *arg)
{
	char params[120] = { 0 };

	(void)arg;
	return result(syscall(SYS_io_uring_setup, 1, params));
}

static long do_userfaultfd(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_userfaultfd, 0));
}

static long do_socket(const char *arg)
{
	static const struct {
		const char *name;
		int family, type, protocol;
	} kinds[] = {
		{ "vsock", AF_VSOCK, SOCK_STREAM, 0 },
		{ "packet", AF_PACKET, SOCK_RAW, 0 },
		{ "alg", AF_ALG, SOCK_SEQPACKET, 0 },
		{ "raw", AF_INET, SOCK_RAW, IPPROTO_ICMP },
		{ "bluetooth", AF_BLUETOOTH, SOCK_RAW, 0 },
		{ "unix", AF_UNIX, SOCK_STREAM, 0 },
		{ "inet", AF_INET, SOCK_STREAM, 0 },
		{ "route", AF_NETLINK, SOCK_RAW, NETLINK_ROUTE },
		{ "audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT },
		{ "uevent", AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].name, arg) == 0)
			return result(socket(kinds[i].family, kinds[i].type, kinds[i].protocol));
	}
	return -EINVAL;
}

/* The kernel takes the low half as the family; a filter that compares all of it must not be led past. */
static long do_socket_high(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_socket, 0x100000000L | AF_VSOCK, SOCK_STREAM, 0));
}

static long do_tiocsti(const char *arg)
{
	return result(syscall(SYS_ioctl, 0, TIOCSTI | (arg[0] ? 0x100000000L : 0), "x"));
}

static long do_chroot(const char *arg)
{
	(void)arg;
	return result(chroot("/tmp"));
}

static long do_pivot(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_pivot_root, ".", "."));
}

static long do_settime(const char *arg)
{
	struct timeval now;

	(void)arg;
	gettimeofday(&now, NULL);
	return result(settimeofday(&now, NULL));
}

static long do_swapon(const char *arg)
{
	(void)arg;
	return result(swapon("/dev/null", 0));
}

static long do_reboot(const char *arg)
{
	(void)arg;
	return result(reboot(RB_DISABLE_CAD));
}

static long do_module(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_finit_module, -1, "", 0));
}

static long do_kexec(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_kexec_load, 0, 0, NULL, 0));
}

static long do_handle(const char *arg)
{
	(void)arg;
	return result(syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0));
}

static long do_vm_read(const char *arg)
{
	char byte;
	struct iovec local = { &byte, 1 }, remote = { &byte, 1 };

	return result(syscall(SYS_process_vm_readv, strtol(arg, NULL, 10), &local, 1, &remote, 1, 0));
}

static long do_setuid(const char *arg)
{
	return result(setresuid((uid_t)strtoul(arg, NULL, 10), (uid_t)-1, (uid_t)-1));
}

static long do_setgroups(const char *arg)
{
	gid_t none = 0;

	(void)arg;
	return result(syscall(SYS_setgroups, 0, &none));
}

static long do_hostname(const char *arg)
{
	return result(sethostname(arg, strlen(arg)));
}

static long do_rlimit(const char *arg)
{
	struct rlimit limit;

	(void)arg;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_max++;
	return result(setrlimit(RLIMIT_NOFILE, &limit));
}

static long do_no_random(const char *arg)
{
	(void)arg;
	return result(personality(ADDR_NO_RANDOMIZE));
}

/* In a child, for the answer may be death: -EKEYREJECTED stands for "killed by SIGSYS". */
static long in_child(long (*call)(void))
{
	int how;
	pid_t pid = fork();

	if (pid == 0)
		_exit((int)-call());
	waitpid(pid, &how, 0);
	if (WIFSIGNALED(how))
		return WTERMSIG(how) == SIGSYS ? -EKEYREJECTED : -EINTR;
	return -WEXITSTATUS(how);
}

static long call_x32(void)
{
	return result(syscall(0x40000000 | 39));
}

static long call_int80(void)
{
#ifdef __x86_64__
	long number = 20; /* getpid of i386 */
	__asm__ volatile("int $0x80" : "+a"(number) : : "memory", "cc", "r8", "r9", "r10", "r11");
	return number < 0 ? number : 0;
#else
	raise(SIGSYS);
	return 0;
#endif
}

static long do_x32(const char *arg)
{
	(void)arg;
#ifdef __x86_64__
	return in_child(call_x32);
#else
	(void)call_x32;
	return -EKEYREJECTED;
#endif
}

static long do_int80(const char *arg)
{
	(void)arg;
	return in_child(call_int80);
}

static long do_connect(const char *arg)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	const char *port = strrchr(arg, ':');
	char host[64];
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	snprintf(host, sizeof(host), "%.*s", port ? (int)(port - arg) : 0, arg);
	to.sin_port = htons((uint16_t)strtoul(port ? port + 1 : "0", NULL, 10));
	inet_pton(AF_INET, host, &to.sin_addr);
	return result(connect(fd, (void *)&to, sizeof(to)));
}

static long do_abstract(const char *arg)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t len = strlen(arg);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (fd < 0 || len >= sizeof(to.sun_path))
		return -errno;
	memcpy(to.sun_path + 1, arg, len);
	return result(connect(fd, (void *)&to, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + len)));
}

/* A server and a client in one, as in httptest. */
static long talk(int family, const struct sockaddr *any, socklen_t len)
{
	struct sockaddr_storage at;
	socklen_t at_len = sizeof(at);
	int server = socket(family, SOCK_STREAM, 0), client = socket(family, SOCK_STREAM, 0);
	char byte = 0;

	if (server < 0 || bind(server, any, len) != 0 || listen(server, 1) != 0)
		return -errno;
	if (getsockname(server, (void *)&at, &at_len) != 0 || connect(client, (void *)&at, at_len) != 0)
		return -errno;
	int peer = accept(server, NULL, NULL);
	return peer < 0 || write(client, "x", 1) != 1 || read(peer, &byte, 1) != 1 || byte != 'x' ? -EIO : 0;
}

static long do_loopback4(const char *arg)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	(void)arg;
	return talk(AF_INET, (void *)&any, sizeof(any));
}

static long do_loopback6(const char *arg)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };

	(void)arg;
	return talk(AF_INET6, (void *)&any, sizeof(any));
}

static long do_write(const char *arg)
{
	int fd = open(arg, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	return fd < 0 ? -errno : result(write(fd, "1", 1));
}

/* Only opens: where it is not refused, the machine is to stay as it is. */
static long do_open_write(const char *arg)
{
	return result(open(arg, O_WRONLY | O_CLOEXEC));
}

static long do_read(const char *arg)
{
	char block[64];
	int fd = open(arg, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : result(read(fd, block, sizeof(block)));
}

static long do_unlink(const char *arg)
{
	return result(unlink(arg));
}

/* How many processes can be had. */
static long do_forkbomb(const char *arg)
{
	long most = strtol(arg, NULL, 10), n = 0;
	pid_t pid = 0;

	while (n < most && (pid = fork()) > 0)
		n++;
	if (pid == 0 && n < most) {
		pause();
		_exit(0);
	}
	printf("forkbomb=%ld%s ", n, pid < 0 ? "-then-refused" : "");
	return 0;
}

/* Children whose parent ends before them; init gets them. */
static long do_orphans(const char *arg)
{
	long count = strtol(arg, NULL, 10);

	for (long i = 0; i < count; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			if (fork() == 0)
				_exit(0);
			_exit(0);
		}
		waitpid(pid, NULL, 0);
	}
	return 0;
}

static long do_descriptors(const char *arg)
{
	(void)arg;
	for (int fd = 0; fd < 4096; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			printf("%d ", fd);
	}
	return 0;
}

static long do_capabilities(const char *arg)
{
	(void)arg;
	for (unsigned long cap = 0; cap < 64; cap++) {
		if (prctl(PR_CAPBSET_READ, cap, 0, 0, 0) == 1)
			return -EBADE;
	}
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 && prctl(PR_GET_SECUREBITS, 0, 0, 0, 0) == 0xef ? 0 : -EBADE;
}

static long do_signals(const char *arg)
{
	sigset_t blocked;

	(void)arg;
	sigprocmask(SIG_BLOCK, NULL, &blocked);
	for (int sig = 1; sig < NSIG; sig++) {
		struct sigaction action = { 0 };
		if (sigismember(&blocked, sig) == 1)
			return -EBADE;
		if (sigaction(sig, NULL, &action) == 0 && action.sa_handler != SIG_DFL)
			return -EBADE;
	}
	return 0;
}

static long do_terminal(const char *arg)
{
	(void)arg;
	return result(open("/dev/tty", O_RDWR | O_CLOEXEC));
}

static long do_pty(const char *arg)
{
	int fd = posix_openpt(O_RDWR | O_NOCTTY);

	(void)arg;
	if (fd < 0 || unlockpt(fd) != 0)
		return -errno;
	return result(open(ptsname(fd), O_RDWR | O_NOCTTY | O_CLOEXEC));
}

static long do_allocate(const char *arg)
{
	size_t size = strtoul(arg, NULL, 10) << 20;
	char *p = size ? malloc(size) : NULL;

	if (!p)
		return -ENOMEM;
	memset(p, 1, size);
	return p[size / 2] == 1 ? 0 : -EIO;
}

static long do_raise(const char *arg)
{
	raise((int)strtol(arg, NULL, 10));
	return 0;
}

static long do_sleep(const char *arg)
{
	sleep((unsigned)strtoul(arg, NULL, 10));
	return 0;
}

/* A child in a session of its own that outlives us, if it may. */
static long do_daemon(const char *arg)
{
	if (fork() == 0) {
		setsid();
		if (fork() == 0) {
			execlp("sleep", arg, arg, NULL);
			_exit(1);
		}
		_exit(0);
	}
	wait(NULL);
	return 0;
}

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

/* A file that runs as its owner: by changing it, and by making it so. */
static long do_set_id(const char *arg)
{
	char path[512];

	snprintf(path, sizeof(path), "%s/set-id", arg);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (fd < 0)
		return -EIO;
	if (fchmod(fd, 04755) == 0 || chmod(path, 02755) == 0 || syscall(SYS_fchmodat2, AT_FDCWD, path, 04755, 0) == 0)
		return 0;
	unlink(path);
	return result(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 04755));
}

static const struct {
	const char *name;
	long (*call)(const char *arg);
} attempts[] = {
	{ "mount", do_mount },
	{ "umount", do_umount },
	{ "remount", do_remount },
	{ "bind-mount", do_bind_mount },
	{ "fsopen", do_fsopen },
	{ "open-tree", do_open_tree },
	{ "unshare", do_unshare },
	{ "clone", do_clone },
	{ "clone3", do_clone3 },
	{ "setns", do_setns },
	{ "keyctl", do_keyctl },
	{ "add-key", do_add_key },
	{ "ptrace", do_ptrace },
	{ "ptrace-child", do_ptrace_child },
	{ "kill", do_kill },
	{ "mknod", do_mknod },
	{ "bpf", do_bpf },
	{ "perf", do_perf },
	{ "io-uring", do_io_uring },
	{ "userfaultfd", do_userfaultfd },
	{ "socket", do_socket },
	{ "socket-high", do_socket_high },
	{ "tiocsti", do_tiocsti },
	{ "chroot", do_chroot },
	{ "pivot", do_pivot },
	{ "settime", do_settime },
	{ "swapon", do_swapon },
	{ "reboot", do_reboot },
	{ "module", do_module },
	{ "kexec", do_kexec },
	{ "handle", do_handle },
	{ "vm-read", do_vm_read },
	{ "setuid", do_setuid },
	{ "setgroups", do_setgroups },
	{ "hostname", do_hostname },
	{ "rlimit", do_rlimit },
	{ "no-random", do_no_random },
	{ "x32", do_x32 },
	{ "int80", do_int80 },
	{ "connect", do_connect },
	{ "abstract", do_abstract },
	{ "loopback4", do_loopback4 },
	{ "loopback6", do_loopback6 },
	{ "write", do_write },
	{ "open-write", do_open_write },
	{ "read", do_read },
	{ "unlink", do_unlink },
	{ "forkbomb", do_forkbomb },
	{ "orphans", do_orphans },
	{ "descriptors", do_descriptors },
	{ "capabilities", do_capabilities },
	{ "signals", do_signals },
	{ "terminal", do_terminal },
	{ "pty", do_pty },
	{ "allocate", do_allocate },
	{ "raise", do_raise },
	{ "sleep", do_sleep },
	{ "daemon", do_daemon },
	{ "set-id", do_set_id },
};

/* "name" or "name=argument" */
static void attempt(const char *text)
{
	size_t len = strcspn(text, "=");

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		if (strlen(attempts[i].name) != len || memcmp(attempts[i].name, text, len) != 0)
			continue;
		long answer = attempts[i].call(text[len] ? text + len + 1 : "");
		printf("%s %s\n", text, answer == 0 ? "ok" : strerrorname_np((int)-answer));
		fflush(stdout);
		return;
	}
	printf("%s ?\n", text);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		attempt(argv[i]);
	return 0;
}
