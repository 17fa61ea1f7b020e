#include "source/snapshot.h"

#include "base/arena.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "http/url.h"
#include "source/git.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* As git writes the kinds of entries in a tree. */
enum mode { MODE_MISSING, MODE_FILE = 0100644, MODE_PROGRAM = 0100755, MODE_LINK = 0120000, MODE_MODULE = 0160000 };

struct file {
	struct hm_str path; /* ends in a NUL */
	enum mode mode;
	char git_name[HM_GIT_NAME_LEN];
	struct hm_hash hash;
};

/* What HEAD says of a file. */
struct head_file {
	struct hm_str path, git_name;
	enum mode mode;
};

struct snapshot {
	int from, into; /* folders */
	size_t digits;  /* of the repository's names; 0: no repository */
	struct hm_buf tracked, untracked, head_text;
	struct hm_arena arena;
	struct file *files;
	size_t count, cap;
	struct head_file *head;
	size_t head_count, head_cap;
	struct hm_source *source;
	const volatile sig_atomic_t *stop; /* NULL: nothing stops it */
};

const char *hm_source_state_name(enum hm_source_state state)
{
	static const char *const names[] = { "unknown", "commit", "dirty" };

	return names[state];
}

void hm_source_done(struct hm_source *source)
{
	free(source->root);
	free(source->dir);
	free(source->remote);
	free(source->changed);
	*source = (struct hm_source){ 0 };
}

static void snapshot_done(struct snapshot *s)
{
	hm_closep(&s->from);
	hm_closep(&s->into);
	hm_buf_done(&s->tracked);
	hm_buf_done(&s->untracked);
	hm_buf_done(&s->head_text);
	hm_arena_done(&s->arena);
	free(s->files);
	free(s->head);
}

/* Open a path in a folder; no link on the way is followed, and nothing leads out of it. */
static int open_in(int dir, const char *path, uint64_t flags, uint64_t mode)
{
	struct open_how how = { .flags = flags | O_CLOEXEC | O_NOFOLLOW,
				.mode = mode,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

/* The folder that holds a path, which must not be more than the machine can name. */
static enum hm_status parent_of(struct hm_str path, char ret[PATH_MAX], struct hm_err *err)
{
	ptrdiff_t slash = hm_str_find_last_char(path, '/');

	if (path.len >= PATH_MAX)
		return hm_fail(err, HM_R_SOURCE_FILE, "a path of %zu bytes in the source", path.len);
	memcpy(ret, slash < 0 ? "." : path.ptr, slash < 0 ? 2 : (size_t)slash);
	if (slash >= 0)
		ret[slash] = '\0';
	return HM_OK;
}

/* Open a folder of the copy, made where it is missing. */
static enum hm_status open_copy_folder(struct snapshot *s, const char *path, int *ret_fd, struct hm_err *err)
{
	int fd = open_in(s->into, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0 && errno == ENOENT) {
		char above[PATH_MAX];
		enum hm_status st = parent_of(hm_str(path), above, err);
		if (st != HM_OK)
			return st;
		HM_OWN(hm_closep) int parent = -1;
		st = open_copy_folder(s, above, &parent, err);
		if (st != HM_OK)
			return st;
		if (mkdirat(parent, hm_path_base(path), 0755) != 0 && errno != EEXIST)
			return hm_fail_errno(err, errno, "make folder '%s' in the copy of the source", path);
		fd = open_in(s->into, path, O_RDONLY | O_DIRECTORY, 0);
		if (fd >= 0 && fchmod(fd, 0755) != 0)
			return close(fd), hm_fail_errno(err, errno, "make folder '%s' in the copy of the source", path);
	}
	if (fd < 0)
		return hm_fail_errno(err, errno, "make folder '%s' in the copy of the source", path);
	*ret_fd = fd;
	return HM_OK;
}

/* Both names of a content: git's, where there is a repository, and ours. */
struct naming {
	struct hm_git_blob blob;
	struct hm_hasher hasher;
};

static void naming_done(struct naming *n)
{
	hm_git_blob_done(&n->blob);
	hm_hasher_done(&n->hasher);
}

static enum hm_status naming_start(struct naming *n, size_t digits, uint64_t size, struct hm_err *err)
{
	enum hm_status st = hm_hasher_init(&n->hasher, HM_SHA256, err);

	return st == HM_OK && digits ? hm_git_blob_init(&n->blob, digits, size, err) : st;
}

static enum hm_status naming_add(struct naming *n, const void *ptr, size_t len, struct hm_err *err)
{
	enum hm_status st = hm_hasher_add(&n->hasher, ptr, len, err);

	return st == HM_OK && n->blob.ctx ? hm_git_blob_add(&n->blob, ptr, len, err) : st;
}

static enum hm_status naming_end(struct naming *n, struct file *file, struct hm_err *err)
{
	struct hm_digest digest;
	enum hm_status st = hm_hasher_final(&n->hasher, &digest, err);

	if (st != HM_OK)
		return st;
	memcpy(file->hash.b, digest.b, HM_HASH_LEN);
	return n->blob.ctx ? hm_git_blob_final(&n->blob, file->git_name, err) : HM_OK;
}

static enum hm_status check_stop(const struct snapshot *s, struct hm_err *err)
{
	int signal = s->stop ? (int)*s->stop : 0;

	if (!signal)
		return HM_OK;
	enum hm_status st = hm_fail(err, HM_R_INTERRUPTED, "stopped by signal %d", signal);
	if (err)
		err->sys = signal;
	return st;
}

static enum hm_status copy_bytes(const struct snapshot *s, int in, int out, uint64_t size, struct file *file,
				 struct hm_err *err)
{
	HM_OWN(naming_done) struct naming n = { 0 };
	HM_OWN(hm_freep) char *chunk = hm_malloc(HM_COPY_CHUNK);
	uint64_t done = 0;
	enum hm_status st = naming_start(&n, s->digits, size, err);

	if (!chunk)
		return hm_fail(err, HM_R_NO_MEMORY, "copy '%s'", file->path.ptr);
	while (st == HM_OK) {
		ssize_t got = read(in, chunk, HM_COPY_CHUNK);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return hm_fail_errno(err, errno, "read '%s'", file->path.ptr);
		if (got == 0)
			break;
		done += (uint64_t)got;
		st = check_stop(s, err);
		if (st == HM_OK)
			st = naming_add(&n, chunk, (size_t)got, err);
		if (st == HM_OK)
			st = hm_fd_write(out, file->path.ptr, hm_str_of(chunk, (size_t)got), err);
	}
	if (st == HM_OK && done != size)
		return hm_fail(err, HM_R_SOURCE_FILE, "'%s' changed while it was copied", file->path.ptr);
	return st != HM_OK ? st : naming_end(&n, file, err);
}

static enum hm_status copy_file(struct snapshot *s, struct file *file, int parent, struct hm_err *err)
{
	HM_OWN(hm_closep) int in = open_in(s->from, file->path.ptr, O_RDONLY | O_NONBLOCK, 0);
	struct stat info;

	if (in < 0 || fstat(in, &info) != 0)
		return hm_fail_errno(err, errno, "open '%s' in the source", file->path.ptr);
	if (!S_ISREG(info.st_mode))
		return hm_fail(err, HM_R_SOURCE_FILE, "'%s' is no file any more", file->path.ptr);
	s->source->bytes += (uint64_t)info.st_size;
	if (s->source->bytes > HM_MAX_SOURCE_BYTES)
		return hm_fail(err, HM_R_SOURCE_LIMIT, "the source is larger than %" PRIu64 " GiB",
			       HM_MAX_SOURCE_BYTES >> 30);
	file->mode = info.st_mode & 0100 ? MODE_PROGRAM : MODE_FILE;
	HM_OWN(hm_closep)
	int out =
	    openat(parent, hm_path_base(file->path.ptr), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0 || fchmod(out, file->mode == MODE_PROGRAM ? 0755 : 0644) != 0)
		return hm_fail_errno(err, errno, "copy '%s'", file->path.ptr);
	return copy_bytes(s, in, out, (uint64_t)info.st_size, file, err);
}

static enum hm_status copy_link(struct snapshot *s, struct file *file, int parent, struct hm_err *err)
{
	HM_OWN(naming_done) struct naming n = { 0 };
	HM_OWN(hm_closep) int link = open_in(s->from, file->path.ptr, O_PATH, 0);
	char target[PATH_MAX];
	ssize_t len = link < 0 ? -1 : readlinkat(link, "", target, sizeof(target) - 1);

	if (len < 0)
		return hm_fail_errno(err, errno, "read link '%s' in the source", file->path.ptr);
	target[len] = '\0';
	file->mode = MODE_LINK;
	if (symlinkat(target, parent, hm_path_base(file->path.ptr)) != 0)
		return hm_fail_errno(err, errno, "copy link '%s'", file->path.ptr);
	enum hm_status st = naming_start(&n, s->digits, (uint64_t)len, err);
	if (st == HM_OK)
		st = naming_add(&n, target, (size_t)len, err);
	return st != HM_OK ? st : naming_end(&n, file, err);
}

/* What is no file or link: a repository in the repository is left out, anything else refused. */
static enum hm_status copy_entry(struct snapshot *s, struct file *file, struct hm_err *err)
{
	HM_OWN(hm_closep) int at = open_in(s->from, file->path.ptr, O_PATH, 0), parent = -1;
	struct stat info;
	char above[PATH_MAX];

	/* git's index still has what was removed */
	if (at < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return HM_OK;
	if (at < 0 || fstat(at, &info) != 0)
		return hm_fail_errno(err, errno, "look at '%s' in the source", file->path.ptr);
	if (S_ISDIR(info.st_mode)) {
		file->mode = MODE_MODULE;
		s->source->submodules++;
		return HM_OK;
	}
	if (!S_ISREG(info.st_mode) && !S_ISLNK(info.st_mode))
		return hm_fail(err, HM_R_SOURCE_FILE, "'%s' is neither a file, a folder nor a link", file->path.ptr);
	enum hm_status st = parent_of(file->path, above, err);
	if (st == HM_OK)
		st = open_copy_folder(s, above, &parent, err);
	if (st != HM_OK)
		return st;
	s->source->files++;
	return S_ISLNK(info.st_mode) ? copy_link(s, file, parent, err) : copy_file(s, file, parent, err);
}

/* Ours, in whichever folder: results of earlier runs are no source. */
static bool is_ours(struct hm_str path)
{
	struct hm_str part;

	while (hm_str_next(&path, '/', &part)) {
		if (hm_str_is(part, ".hallmark"))
			return true;
	}
	return false;
}

static enum hm_status add_file(struct snapshot *s, struct hm_str path, struct hm_err *err)
{
	if (!path.len || is_ours(path))
		return HM_OK;
	const char *feed = memchr(path.ptr, '\n', path.len);
	if (feed)
		return hm_fail(err, HM_R_SOURCE_FILE,
			       "a name in the source has a line feed in it: '%.*s', and then more",
			       HM_STR_ARG(hm_str_of(path.ptr, (size_t)(feed - path.ptr))));
	if (s->count >= HM_MAX_SOURCE_FILES)
		return hm_fail(err, HM_R_SOURCE_LIMIT, "the source has more than %zu files", HM_MAX_SOURCE_FILES);
	if (!hm_grow(&s->files, &s->cap, s->count + 1, sizeof(s->files[0])))
		return hm_fail(err, HM_R_NO_MEMORY, "list of files");
	s->files[s->count++] = (struct file){ .path = path };
	return HM_OK;
}

static int by_path(const void *a, const void *b)
{
	return hm_str_cmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static int head_by_path(const void *a, const void *b)
{
	return hm_str_cmp(((const struct head_file *)a)->path, ((const struct head_file *)b)->path);
}

static enum hm_status copy_all(struct snapshot *s, struct hm_err *err)
{
	size_t kept = 0;

	if (s->count)
		qsort(s->files, s->count, sizeof(s->files[0]), by_path);
	for (size_t i = 0; i < s->count; i++) {
		if (i && hm_str_eq(s->files[i].path, s->files[i - 1].path))
			continue; /* a conflict of a merge has several entries of one name */
		enum hm_status st = check_stop(s, err);
		if (st == HM_OK)
			st = copy_entry(s, &s->files[i], err);
		if (st != HM_OK)
			return st;
	}
	for (size_t i = 0; i < s->count; i++) {
		if (s->files[i].mode != MODE_MISSING && s->files[i].mode != MODE_MODULE)
			s->files[kept++] = s->files[i];
	}
	s->count = kept;
	return HM_OK;
}

/* The hash of a listing with one line "HEX  NAME" for each file, as golang.org/x/mod/sumdb/dirhash makes it. */
static enum hm_status hash_tree(struct snapshot *s, struct hm_err *err)
{
	HM_OWN(hm_hasher_done) struct hm_hasher hasher = { 0 };
	struct hm_digest digest;
	char hex[2 * HM_HASH_LEN + 1];
	enum hm_status st = hm_hasher_init(&hasher, HM_SHA256, err);

	for (size_t i = 0; i < s->count && st == HM_OK; i++) {
		hm_hex_write(hex, s->files[i].hash.b, HM_HASH_LEN);
		st = hm_hasher_add(&hasher, hex, 2 * HM_HASH_LEN, err);
		if (st == HM_OK)
			st = hm_hasher_add(&hasher, "  ", 2, err);
		if (st == HM_OK)
			st = hm_hasher_add(&hasher, s->files[i].path.ptr, s->files[i].path.len, err);
		if (st == HM_OK)
			st = hm_hasher_add(&hasher, "\n", 1, err);
	}
	if (st == HM_OK)
		st = hm_hasher_final(&hasher, &digest, err);
	if (st == HM_OK)
		memcpy(s->source->tree.b, digest.b, HM_HASH_LEN);
	return st;
}

/* --- git --- */

static enum hm_status add_listed(struct snapshot *s, const struct hm_buf *text, struct hm_err *err)
{
	struct hm_str rest = hm_buf_str(text), path;
	enum hm_status st = HM_OK;

	while (st == HM_OK && rest.len && hm_str_next(&rest, '\0', &path)) {
		/* "dir/": a repository of its own, of which git lists no files */
		if (path.len && path.ptr[path.len - 1] == '/')
			s->source->submodules++;
		else
			st = add_file(s, path, err);
	}
	return st;
}

/* Lines of `git ls-tree -r -z`: "100644 blob NAME<tab>PATH". */
static enum hm_status read_head(struct snapshot *s, struct hm_err *err)
{
	struct hm_str rest = hm_buf_str(&s->head_text), line, mode, kind, name, path;

	while (rest.len && hm_str_next(&rest, '\0', &line)) {
		if (!line.len)
			continue;
		if (!hm_str_cut(line, ' ', &mode, &line) || !hm_str_cut(line, ' ', &kind, &line) ||
		    !hm_str_cut(line, '\t', &name, &path))
			return hm_fail(err, HM_R_SOURCE_GIT, "git ls-tree printed a line that is not understood");
		if (!hm_str_is(kind, "blob") || is_ours(path))
			continue;
		if (!hm_grow(&s->head, &s->head_cap, s->head_count + 1, sizeof(s->head[0])))
			return hm_fail(err, HM_R_NO_MEMORY, "list of files");
		s->head[s->head_count++] = (struct head_file){
			path,
			name,
			hm_str_is(mode, "120000")   ? MODE_LINK
			: hm_str_is(mode, "100755") ? MODE_PROGRAM
						    : MODE_FILE,
		};
	}
	if (s->head_count)
		qsort(s->head, s->head_count, sizeof(s->head[0]), head_by_path);
	return HM_OK;
}

/* The first name in which the copy differs from HEAD; empty: it is HEAD. */
static struct hm_str first_difference(const struct snapshot *s)
{
	for (size_t i = 0; i < s->count || i < s->head_count; i++) {
		if (i >= s->head_count)
			return s->files[i].path;
		if (i >= s->count)
			return s->head[i].path;
		int order = hm_str_cmp(s->files[i].path, s->head[i].path);
		if (order != 0)
			return order < 0 ? s->files[i].path : s->head[i].path;
		if (s->files[i].mode != s->head[i].mode || !hm_str_is(s->head[i].git_name, s->files[i].git_name))
			return s->files[i].path;
	}
	return (struct hm_str){ 0 };
}

static enum hm_status read_commit(struct snapshot *s, const struct hm_git *git, struct hm_err *err)
{
	static const char *const rev[] = { "rev-parse", "--verify", "--quiet", "HEAD", NULL };
	static const char *const tree[] = { "ls-tree", "-r", "-z", "--full-tree", "HEAD", NULL };
	HM_OWN(hm_buf_done) struct hm_buf out = { 0 };
	int code = 0;
	enum hm_status st = hm_git_ask(git, rev, &code, &out, err);

	if (st != HM_OK)
		return st;
	s->digits = 40;
	struct hm_str name = hm_str_trim(hm_buf_str(&out));
	if (code != 0 || !name.len)
		return HM_OK; /* no commit yet */
	if (name.len != 40 && name.len != 64)
		return hm_fail(err, HM_R_SOURCE_GIT, "git names HEAD '%.*s'", (int)name.len, name.ptr);
	s->digits = name.len;
	memcpy(s->source->head, name.ptr, name.len);
	st = hm_git_ask(git, tree, NULL, &s->head_text, err);
	return st != HM_OK ? st : read_head(s, err);
}

static enum hm_status read_remote(const struct hm_git *git, struct hm_source *source, struct hm_err *err)
{
	static const char *const args[] = { "config", "--get", "remote.origin.url", NULL };
	HM_OWN(hm_buf_done) struct hm_buf out = { 0 };
	int code = 0;
	enum hm_status st = hm_git_ask(git, args, &code, &out, err);
	struct hm_str url = hm_str_trim(hm_buf_str(&out));

	return st == HM_OK && code == 0 && url.len ? hm_source_url_clean(url, &source->remote, err) : st;
}

static enum hm_status count_ignored(const struct hm_git *git, struct hm_source *source, struct hm_err *err)
{
	static const char *const args[] = { "ls-files",           "-z", "--others", "--ignored", "--directory",
					    "--exclude-standard", NULL };
	HM_OWN(hm_buf_done) struct hm_buf out = { 0 };
	enum hm_status st = hm_git_ask(git, args, NULL, &out, err);
	struct hm_str rest = hm_buf_str(&out), path;

	while (st == HM_OK && rest.len && hm_str_next(&rest, '\0', &path)) {
		struct hm_str bare = hm_str_has_suffix(path, HM_STR("/")) ? hm_str_head(path, path.len - 1) : path;
		if (bare.len && !is_ours(bare))
			source->ignored++;
	}
	return st;
}

static enum hm_status copy_repository(struct snapshot *s, const struct hm_git *git, struct hm_err *err)
{
	static const char *const untracked[] = { "ls-files", "-z", "--others", "--exclude-standard", NULL };
	enum hm_status st = read_commit(s, git, err);

	if (st == HM_OK)
		st = hm_git_ask(git, untracked, NULL, &s->untracked, err);
	if (st == HM_OK)
		st = count_ignored(git, s->source, err);
	if (st == HM_OK)
		st = read_remote(git, s->source, err);
	if (st == HM_OK)
		st = add_listed(s, &s->tracked, err);
	if (st == HM_OK)
		st = add_listed(s, &s->untracked, err);
	if (st == HM_OK)
		st = copy_all(s, err);
	if (st != HM_OK)
		return st;
	struct hm_str changed = first_difference(s);
	s->source->state = changed.ptr || !s->source->head[0] ? HM_SOURCE_DIRTY : HM_SOURCE_COMMIT;
	return changed.ptr ? hm_str_dup(changed, &s->source->changed, err) : HM_OK;
}

/* Whether a module belongs to the repository around it: a tarball unpacked in a home that is under git does not. */
static bool is_tracked(struct hm_str tracked, struct hm_str dir)
{
	struct hm_str path;

	while (tracked.len && hm_str_next(&tracked, '\0', &path)) {
		if (hm_str_has_prefix(path, dir) && hm_str_is(hm_str_skip(path, dir.len), "/go.mod"))
			return true;
	}
	return false;
}

static enum hm_status find_repository(struct snapshot *s, const char *dir, bool is_isolated, struct hm_git *ret_git,
				      struct hm_err *err)
{
	static const char *const args[] = { "ls-files", "-z", "--cached", NULL };
	enum hm_status st = hm_git_find(dir, is_isolated, ret_git, err);

	if (st != HM_OK || !ret_git->root)
		return st;
	st = hm_git_ask(ret_git, args, NULL, &s->tracked, err);
	if (st != HM_OK || strcmp(ret_git->root, dir) == 0)
		return st;
	if (!is_tracked(hm_buf_str(&s->tracked), hm_str(dir + strlen(ret_git->root) + 1)))
		hm_git_done(ret_git);
	return HM_OK;
}

/* --- without git --- */

static enum hm_status add_found(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				struct hm_err *err)
{
	struct snapshot *s = ctx;

	if (strcmp(entry->name, ".hallmark") == 0) {
		*ret_step = HM_TREE_SKIP;
		return HM_OK;
	}
	if (S_ISDIR(entry->stat->st_mode))
		return HM_OK;
	struct hm_str path = hm_arena_printf(&s->arena, "%s", entry->path);
	enum hm_status st = hm_arena_check(&s->arena, "list of files", err);
	return st == HM_OK ? add_file(s, path, err) : st;
}

static enum hm_status copy_tree(struct snapshot *s, struct hm_err *err)
{
	enum hm_status st = hm_tree_walk(s->source->root, add_found, s, err);

	return st != HM_OK ? st : copy_all(s, err);
}

enum hm_status hm_source_snapshot(const char *dir, const char *into, bool is_isolated,
				  const volatile sig_atomic_t *stop, struct hm_source *ret_source, struct hm_err *err)
{
	HM_OWN(hm_source_done) struct hm_source source = { 0 };
	HM_OWN(snapshot_done)
	struct snapshot s = {
		.from = -1, .into = -1, .source = &source, .stop = stop, .arena = hm_arena_init(HM_MAX_GIT_OUTPUT)
	};
	HM_OWN(hm_git_done) struct hm_git git = { 0 };
	HM_OWN(hm_freep) char *real = NULL;
	enum hm_status st = hm_path_resolve(dir, &real, err);

	*ret_source = (struct hm_source){ 0 };
	if (st == HM_OK)
		st = find_repository(&s, real, is_isolated, &git, err);
	if (st != HM_OK)
		return hm_while(err, st, "source in '%s'", dir);
	bool is_top = !git.root || strcmp(git.root, real) == 0;
	st = hm_str_dup(is_top ? HM_STR(".") : hm_str(real + strlen(git.root) + 1), &source.dir, err);
	if (st == HM_OK)
		st = hm_str_dup(hm_str(git.root ? git.root : real), &source.root, err);
	if (st != HM_OK)
		return st;
	s.from = open(source.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s.into = open(into, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s.from < 0 || s.into < 0)
		return hm_fail_errno(err, errno, "open folder '%s'", s.from < 0 ? source.root : into);
	st = git.root ? copy_repository(&s, &git, err) : copy_tree(&s, err);
	if (st == HM_OK)
		st = hash_tree(&s, err);
	if (st != HM_OK)
		return hm_while(err, st, "source in '%s'", source.root);
	*ret_source = source;
	source = (struct hm_source){ 0 };
	return HM_OK;
}

enum hm_status hm_source_url_clean(struct hm_str url, char **ret_url, struct hm_err *err)
{
	/* "git@host:path", which has no scheme, names no secret: everybody is git there */
	struct hm_str user = hm_str_find(url, HM_STR("://")) < 0 ? (struct hm_str){ 0 } : hm_url_user(url);
	size_t before = user.ptr ? (size_t)(user.ptr - url.ptr) : 0, behind = user.ptr ? before + user.len + 1 : 0;
	struct hm_str rest = hm_str_skip(url, behind);
	char *clean = hm_asprintf("%.*s%.*s", (int)before, url.ptr, HM_STR_ARG(rest));

	if (!clean)
		return hm_fail(err, HM_R_NO_MEMORY, "URL");
	*ret_url = clean;
	return HM_OK;
}
