/*
 * A command line for the module sandbox, for tests/cli/test_sandbox.py.
 *
 *     sandbox_tool [OPTION]... -- PROGRAM [ARGUMENT]...
 *     sandbox_tool --probe
 *
 * Ends as the program did: its exit code, 128 and the signal, 124 when it took too long; 99 when it was not started,
 * and then prints the reason's code and the error.
 */
#include "base/limits.h"
#include "base/own.h"
#include "sandbox/none.h"
#include "sandbox/support.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX 512

struct command {
	struct hm_sandbox_opts opts;
	struct hm_sandbox_mount mounts[MAX];
	const char *env[MAX];
	size_t env_count;
	struct hm_sandbox_user user;
	bool is_none;
	int64_t timeout_ms;
	unsigned repeat;
	const char *report;
};

/* Options with a mount: SOURCE:TARGET, TARGET:SIZE, TARGET=CONTENT or TARGET=TEXT. */
enum {
	RO = 256,
	RW,
	LAYER,
	TMPFS,
	CONTENT,
	LINK,
	ENV,
	CWD,
	HOSTNAME,
	HOME,
	USER,
	NET_HOST,
	MEMORY,
	CPU,
	PROCESSES,
	FILES,
	FILE_SIZE,
	STACK,
	SPACE,
	TIMEOUT,
	NONE,
	REPEAT,
	REPORT,
	NULLS,
	PROBE,
	SECRET
};

static const struct option options[] = {
	{ "ro", 1, NULL, RO },
	{ "rw", 1, NULL, RW },
	{ "layer", 1, NULL, LAYER },
	{ "tmpfs", 1, NULL, TMPFS },
	{ "file", 1, NULL, CONTENT },
	{ "link", 1, NULL, LINK },
	{ "env", 1, NULL, ENV },
	{ "cwd", 1, NULL, CWD },
	{ "hostname", 1, NULL, HOSTNAME },
	{ "home", 1, NULL, HOME },
	{ "user", 1, NULL, USER },
	{ "net-host", 0, NULL, NET_HOST },
	{ "memory", 1, NULL, MEMORY },
	{ "cpu-milli", 1, NULL, CPU },
	{ "processes", 1, NULL, PROCESSES },
	{ "open-files", 1, NULL, FILES },
	{ "file-size", 1, NULL, FILE_SIZE },
	{ "stack", 1, NULL, STACK },
	{ "address-space", 1, NULL, SPACE },
	{ "timeout", 1, NULL, TIMEOUT },
	{ "none", 0, NULL, NONE },
	{ "repeat", 1, NULL, REPEAT },
	{ "report", 1, NULL, REPORT },
	{ "null", 0, NULL, NULLS },
	{ "probe", 0, NULL, PROBE },
	{ "secret", 1, NULL, SECRET },
	{ 0 },
};

static int stop[2]; /* a signal writes here */

static void on_signal(int sig)
{
	(void)sig;
	(void)!write(stop[1], "", 1);
}

static _Noreturn void usage(const char *what)
{
	fprintf(stderr, "sandbox_tool: %s\n", what);
	_exit(98);
}

static uint64_t number(const char *text)
{
	uint64_t n;

	if (!hm_str_to_u64(hm_str(text), &n))
		usage(text);
	return n;
}

/* What stands before and behind a separator; the text is cut there. */
static char *cut(char *text, char separator)
{
	char *at = strchr(text, separator);

	if (!at)
		return NULL;
	*at = '\0';
	return at + 1;
}

static void add_mount(struct command *c, int kind, char *text)
{
	struct hm_sandbox_mount *m = &c->mounts[c->opts.mount_count++];
	char *behind = cut(text, kind == CONTENT || kind == LINK ? '=' : ':');

	switch (kind) {
	case RO:
	case RW:
	case LAYER:
		*m = (struct hm_sandbox_mount){ .source = text, .target = behind ? behind : text };
		m->kind = kind == RO ? HM_SANDBOX_READ_ONLY : kind == RW ? HM_SANDBOX_READ_WRITE : HM_SANDBOX_LAYER;
		break;
	case TMPFS:
		*m = (struct hm_sandbox_mount){ .kind = HM_SANDBOX_TMPFS,
						.target = text,
						.size = behind ? number(behind) : 0 };
		break;
	case CONTENT:
		*m = (struct hm_sandbox_mount){ .kind = HM_SANDBOX_FILE, .target = text, .content = hm_str(behind) };
		break;
	default:
		*m = (struct hm_sandbox_mount){ .kind = HM_SANDBOX_SYMLINK, .target = text, .source = behind };
	}
}

static void set_user(struct command *c, char *text)
{
	char *uid = cut(text, ':'), *gid = uid ? cut(uid, ':') : NULL;

	if (!gid)
		usage("--user NAME:UID:GID");
	c->user = (struct hm_sandbox_user){ text, (uint32_t)number(uid), (uint32_t)number(gid) };
	c->opts.user = &c->user;
}

static int probe(void)
{
	struct hm_sandbox_support support;
	struct hm_err err = { 0 };

	hm_sandbox_probe(&support);
	for (size_t i = 0; i < HM_SANDBOX_FEATURE_COUNT; i++) {
		const struct hm_sandbox_feature *f = &support.features[i];
		printf("%s\t%s\t%s\t%s\n", f->name,
		       f->is_ok       ? "ok"
		       : f->is_needed ? "MISSING"
				      : "no",
		       f->detail, f->todo);
	}
	if (hm_sandbox_require(&support, &err) == HM_OK)
		return 0;
	printf("%s: %s\n", hm_reason_code(err.reason), err.cause);
	return 1;
}

static void set_limit(struct command *c, int option, const char *text)
{
	struct hm_sandbox_limits *l = &c->opts.limits;
	uint64_t n = number(text);

	switch (option) {
	case MEMORY:
		l->memory = n;
		break;
	case CPU:
		l->cpu_milli = n;
		break;
	case PROCESSES:
		l->processes = n;
		break;
	case FILES:
		l->open_files = n;
		break;
	case FILE_SIZE:
		l->file_size = n;
		break;
	case STACK:
		l->stack = n;
		break;
	default:
		l->address_space = n;
	}
}

static void set_option(struct command *c, int option, char *text)
{
	/* Something to look for in other processes: it stands in this one's heap and in its arguments. */
	static char *secret;

	if (option >= RO && option <= LINK) {
		if (c->opts.mount_count == MAX)
			usage("too many mounts");
		add_mount(c, option, text);
	} else if (option == ENV && c->env_count < MAX - 1) {
		c->env[c->env_count++] = text;
	} else if (option == CWD) {
		c->opts.cwd = text;
	} else if (option == HOSTNAME) {
		c->opts.hostname = text;
	} else if (option == HOME) {
		c->opts.home = text;
	} else if (option == USER) {
		set_user(c, text);
	} else if (option == NET_HOST) {
		c->opts.network = HM_SANDBOX_NET_HOST;
	} else if (option >= MEMORY && option <= SPACE) {
		set_limit(c, option, text);
	} else if (option == TIMEOUT) {
		c->timeout_ms = (int64_t)number(text);
	} else if (option == NONE) {
		c->is_none = true;
	} else if (option == REPEAT) {
		c->repeat = (unsigned)number(text);
	} else if (option == REPORT) {
		c->report = text;
	} else if (option == NULLS) {
		c->opts.in = c->opts.out = c->opts.err = -1;
	} else if (option == SECRET) {
		secret = hm_asprintf("heap:%s", text);
		if (!secret)
			usage("memory");
	} else if (option == PROBE) {
		_exit(probe() | fflush(stdout));
	} else {
		usage("what?");
	}
}

static int fail(const struct hm_err *err)
{
	char text[1024];

	hm_err_text(err, text, sizeof(text));
	fprintf(stderr, "%s: %s\n", hm_reason_code(err->reason), text);
	return err->reason == HM_R_PROC_TIMEOUT ? 124 : 99;
}

static void write_report(const struct command *c, const struct hm_sandbox_result *r)
{
	FILE *f = c->report ? fopen(c->report, "we") : NULL;

	if (!f)
		return;
	fprintf(f,
		"{\"exit_code\": %d, \"signal\": %d, \"is_killed\": %d, \"is_out_of_memory\": %d, \"wall_ns\": %lld, "
		"\"user_ns\": %lld, \"sys_ns\": %lld, \"max_rss\": %llu}\n",
		r->exit_code, r->signal, r->is_killed, r->is_out_of_memory, (long long)r->wall_ns,
		(long long)r->user_ns, (long long)r->sys_ns, (unsigned long long)r->max_rss);
	fclose(f);
}

static int run_once(const struct command *c)
{
	HM_OWN(hm_sandbox_freep) struct hm_sandbox *box = NULL;
	struct hm_sandbox_result result;
	struct hm_err err = { 0 };

	enum hm_status st =
	    c->is_none ? hm_sandbox_start_none(&c->opts, &box, &err) : hm_sandbox_start(&c->opts, &box, &err);
	if (st != HM_OK)
		return fail(&err);
	struct pollfd fds[] = { { hm_sandbox_fd(box), POLLIN, 0 }, { stop[0], POLLIN, 0 } };
	while (c->timeout_ms == 0 && poll(fds, 2, -1) < 0 && errno == EINTR)
		;
	if (fds[1].revents)
		hm_sandbox_kill(box);
	if (hm_sandbox_finish(box, c->timeout_ms, &result, &err) != HM_OK)
		return fail(&err);
	write_report(c, &result);
	return result.signal ? 128 + result.signal : result.exit_code;
}

int main(int argc, char **argv)
{
	static struct command c = { .opts = { .in = 0, .out = 1, .err = 2 }, .repeat = 1 };
	int option, code = 0;

	c.opts.mounts = c.mounts;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1)
		set_option(&c, option, optarg);
	if (c.env_count)
		c.opts.env = c.env;
	c.opts.argv = (const char *const *)(argv + optind);
	if (pipe2(stop, O_CLOEXEC | O_NONBLOCK) != 0)
		usage("pipe");
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	for (unsigned i = 0; i < c.repeat && code == 0; i++)
		code = run_once(&c);
	return code;
}
