/*
 * The first process of a sandbox is a copy of its parent, keys and tokens included. The kernel lets nobody inside look
 * into it; even so, it forgets. That also makes the program's own fork small, and its greatest memory use its own: the
 * kernel counts what was there before exec.
 */
#include "sandbox/child.h"

#include "sandbox/sys.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define IS_SANITIZED 1
#endif
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED 0
#endif

/* How far a thread's control block, with errno and what the kernel keeps there, reaches around the places we know. */
#define TLS_REACH 16384
/* A multiple of every page size that Linux has. */
#define GRAIN  65536
#define RANGES 128

struct range {
	uintptr_t start, end;
};

/* One line of /proc/self/maps. Source: proc(5) */
struct mapping {
	struct range at;
	char mode[4];
	bool is_file;
	char name; /* of what is no file: its second letter, as 'h' of "[heap]"; 0: no name */
};

struct reader {
	int fd;
	size_t len, pos;
	char block[4096];
};

static int next_char(struct reader *r)
{
	if (r->pos == r->len) {
		ssize_t n;
		while ((n = read(r->fd, r->block, sizeof(r->block))) < 0 && errno == EINTR)
			;
		if (n <= 0)
			return -1;
		r->len = (size_t)n;
		r->pos = 0;
	}
	return (unsigned char)r->block[r->pos++];
}

static uintptr_t read_hex(struct reader *r, int *ret_end)
{
	uintptr_t n = 0;
	int c;

	while ((c = next_char(r)) >= 0) {
		if (c >= '0' && c <= '9')
			n = n * 16 + (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			n = n * 16 + (uintptr_t)(c - 'a' + 10);
		else
			break;
	}
	*ret_end = c;
	return n;
}

static int skip_field(struct reader *r)
{
	int c;

	while ((c = next_char(r)) >= 0 && c != ' ' && c != '\n')
		;
	return c;
}

/* "start-end mode offset device inode   name" */
static bool read_mapping(struct reader *r, struct mapping *m)
{
	int c;

	*m = (struct mapping){ .at.start = read_hex(r, &c) };
	if (c != '-')
		return false;
	m->at.end = read_hex(r, &c);
	for (int i = 0; i < 4; i++)
		m->mode[i] = (char)next_char(r);
	next_char(r);
	if (skip_field(r) != ' ' || skip_field(r) != ' ')
		return false;
	m->is_file = read_hex(r, &c) != 0; /* decimal, but only zero matters */
	while (c == ' ')
		c = next_char(r);
	if (c == '[')
		m->name = (char)next_char(r);
	while (c >= 0 && c != '\n')
		c = next_char(r);
	return true;
}

/* Code and libraries stay; so does what follows one without a gap, its zeroed data; and what the kernel put there. */
static bool is_kept(const struct mapping *m, const struct mapping *before)
{
	if (m->mode[3] == 's')
		return false;
	if (m->is_file)
		return true;
	if (before->is_file && before->at.end == m->at.start)
		return true;
	return m->name != 0 && m->name != 'h' && m->name != 's' && m->name != 'a'; /* heap, stack, anon:… */
}

struct forgetting {
	struct range keep[2]; /* launch and the thread's control block, by address */
	struct range drop[RANGES];
	size_t count;
	bool is_full;
};

static void add_range(struct forgetting *f, uintptr_t start, uintptr_t end)
{
	if (start >= end)
		return;
	if (f->count == RANGES) {
		f->is_full = true;
		return;
	}
	f->drop[f->count++] = (struct range){ start, end };
}

/* The range without what is kept of it. */
static void add_outside(struct forgetting *f, struct range all)
{
	for (int i = 0; i < 2; i++) {
		if (f->keep[i].end <= all.start || f->keep[i].start >= all.end)
			continue;
		add_range(f, all.start, f->keep[i].start);
		all.start = f->keep[i].end;
	}
	add_range(f, all.start, all.end);
}

static int collect(struct forgetting *f)
{
	struct reader r = { .fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC) };
	struct mapping before = { 0 }, m;

	f->count = 0;
	f->is_full = false;
	if (r.fd < 0)
		return -1;
	while (read_mapping(&r, &m)) {
		bool kept = is_kept(&m, &before);
		if (!kept)
			add_outside(f, m.at);
		before = m;
		before.is_file = kept && m.is_file;
	}
	close(r.fd);
	return 0;
}

static struct range control_block(void)
{
	uintptr_t a = (uintptr_t)&errno, b = (uintptr_t)pthread_self();

	return (struct range){ ((a < b ? a : b) - TLS_REACH) / GRAIN * GRAIN,
			       ((a > b ? a : b) + TLS_REACH + GRAIN) / GRAIN * GRAIN };
}

static int forget(struct hm_launch *launch)
{
	struct range own = { (uintptr_t)launch, (uintptr_t)launch + launch->size }, tls = control_block();
	struct forgetting f = { .keep = { own.start < tls.start ? own : tls, own.start < tls.start ? tls : own } };

	do {
		if (collect(&f) != 0)
			return -1;
		for (size_t i = 0; i < f.count; i++) {
			if (munmap((void *)f.drop[i].start, f.drop[i].end - f.drop[i].start) != 0)
				return -1;
		}
	} while (f.is_full);
	return 0;
}

/* makecontext(3) passes ints; a pointer goes in two halves. */
static void on_new_stack(unsigned launch_high, unsigned launch_low, unsigned next_high, unsigned next_low)
{
	struct hm_launch *launch = (void *)((uintptr_t)launch_high << 32 | launch_low);
	void (*next)(struct hm_launch *) = (void (*)(struct hm_launch *))((uintptr_t)next_high << 32 | next_low);

	if (forget(launch) != 0)
		hm_child_fail(launch->report, HM_STAGE_MEMORY, 0);
	next(launch);
	_exit(1);
}

_Noreturn void hm_child_forget(struct hm_launch *launch, void (*next)(struct hm_launch *launch))
{
	ucontext_t context;
	uintptr_t l = (uintptr_t)launch, n = (uintptr_t)next;

	_Static_assert(sizeof(uintptr_t) == 8, "pointers are passed in two halves of 32 bits");
	/* A sanitizer's own memory is among what would go. */
	if (IS_SANITIZED)
		next(launch);
	if (getcontext(&context) != 0)
		hm_child_fail(launch->report, HM_STAGE_MEMORY, 0);
	context.uc_stack.ss_sp = launch->stack;
	context.uc_stack.ss_size = launch->stack_size;
	context.uc_link = NULL;
	makecontext(&context, (void (*)(void))on_new_stack, 4, (unsigned)(l >> 32), (unsigned)l, (unsigned)(n >> 32),
		    (unsigned)n);
	setcontext(&context);
	hm_child_fail(launch->report, HM_STAGE_MEMORY, 1);
}
