#include "golang/dirhash.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "golang/modzip.h"

#include <errno.h>
#include <fcntl.h>

void hm_golang_h1_write(const struct hm_hash *hash, char ret_text[HM_GOLANG_H1_LEN])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint8_t *b = hash->b;
	char *out = ret_text;

	*out++ = 'h';
	*out++ = '1';
	*out++ = ':';
	for (size_t i = 0; i < HM_HASH_LEN; i += 3) {
		bool last = i + 2 == HM_HASH_LEN; /* 32 is 10 times 3, and 2 */
		uint32_t three = (uint32_t)b[i] << 16 | (uint32_t)b[i + 1] << 8 | (last ? 0u : b[i + 2]);
		*out++ = digits[three >> 18];
		*out++ = digits[three >> 12 & 63];
		*out++ = digits[three >> 6 & 63];
		*out++ = last ? '=' : digits[three & 63];
	}
	*out = '\0';
}

enum hm_status hm_golang_h1_parse(struct hm_str text, struct hm_hash *ret_hash, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(HM_HASH_LEN);
	enum hm_status st = HM_EPARSE;

	if (hm_str_has_prefix(text, HM_STR("h1:")))
		st = hm_base64_decode(&bytes, HM_BASE64_STD, hm_str_skip(text, 3), NULL);
	if (st == HM_ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "a hash");
	if (st != HM_OK || bytes.len != HM_HASH_LEN)
		return hm_fail(err, HM_R_GOLANG_SUMFILE, "'%.*s' is no h1: hash", HM_STR_ARG(hm_str_head(text, 80)));
	memcpy(ret_hash->b, bytes.ptr, HM_HASH_LEN);
	return HM_OK;
}

/* --- the listing --- */

/* One file: its hash and its name, which may stand in two parts. */
struct listed {
	struct hm_str name;
	struct hm_hash hash;
};

static int by_name(const void *a, const void *b)
{
	return hm_str_cmp(((const struct listed *)a)->name, ((const struct listed *)b)->name);
}

static enum hm_status hash_listing(struct listed *files, size_t count, const char *prefix, struct hm_hash *ret_hash,
				   struct hm_err *err)
{
	HM_OWN(hm_hasher_done) struct hm_hasher hasher = { 0 };
	char hex[2 * HM_HASH_LEN + 1];
	struct hm_digest digest;

	if (count)
		qsort(files, count, sizeof(*files), by_name);
	enum hm_status st = hm_hasher_init(&hasher, HM_SHA256, err);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		const struct listed *f = &files[i];
		hm_hex_write(hex, f->hash.b, HM_HASH_LEN);
		const struct hm_part parts[] = { { hex, 2 * HM_HASH_LEN },
						 { "  ", 2 },
						 { prefix, strlen(prefix) },
						 { f->name.ptr, f->name.len },
						 { "\n", 1 } };
		for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]) && st == HM_OK; p++)
			st = hm_hasher_add(&hasher, parts[p].ptr, parts[p].len, err);
	}
	if (st == HM_OK)
		st = hm_hasher_final(&hasher, &digest, err);
	if (st == HM_OK)
		memcpy(ret_hash->b, digest.b, HM_HASH_LEN);
	return st;
}

enum hm_status hm_golang_hash_go_mod(struct hm_str text, struct hm_hash *ret_hash, struct hm_err *err)
{
	struct listed file = { .name = HM_STR("go.mod") };
	enum hm_status st = hm_crypto_sha256_of(text, &file.hash, err);

	return st == HM_OK ? hash_listing(&file, 1, "", ret_hash, err) : st;
}

/* --- a zip --- */

static enum hm_status hash_open_zip(const struct hm_zip *zip, const struct hm_golang_module *mod,
				    struct hm_hash *ret_hash, uint64_t *ret_size, struct hm_err *err)
{
	HM_OWN(hm_zip_reader_done) struct hm_zip_reader reader = { 0 };
	HM_OWN(hm_freep) struct listed *files = hm_reallocarray(NULL, zip->count, sizeof(*files));

	if (!files)
		return hm_fail(err, HM_R_NO_MEMORY, "hash '%s'", zip->path);
	enum hm_status st = hm_golang_check_zip(zip, mod, err);
	for (size_t i = 0; i < zip->count && st == HM_OK; i++) {
		HM_OWN(hm_hasher_done) struct hm_hasher hasher = { 0 };
		struct hm_digest digest;
		st = hm_hasher_init(&hasher, HM_SHA256, err);
		if (st == HM_OK)
			st = hm_zip_read(zip, &zip->entries[i], &reader, hm_hasher_sink(&hasher), err);
		if (st == HM_OK)
			st = hm_hasher_final(&hasher, &digest, err);
		if (st != HM_OK)
			return st;
		files[i].name = zip->entries[i].name;
		memcpy(files[i].hash.b, digest.b, HM_HASH_LEN);
	}
	if (st == HM_OK)
		st = hash_listing(files, zip->count, "", ret_hash, err);
	if (st == HM_OK && ret_size)
		*ret_size = zip->total_size;
	return st;
}

enum hm_status hm_golang_hash_zip(const char *path, const struct hm_golang_module *mod, struct hm_hash *ret_hash,
				  uint64_t *ret_size, struct hm_err *err)
{
	HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };
	enum hm_status st = hm_zip_open(path, &hm_golang_zip_limits, &zip, err);

	return st == HM_OK ? hash_open_zip(&zip, mod, ret_hash, ret_size, err) : st;
}

enum hm_status hm_golang_hash_zip_memory(struct hm_str bytes, const struct hm_golang_module *mod,
					 struct hm_hash *ret_hash, uint64_t *ret_size, struct hm_err *err)
{
	HM_OWN(hm_zip_done) struct hm_zip zip = { 0 };
	enum hm_status st = hm_zip_open_memory(bytes, &hm_golang_zip_limits, &zip, err);

	return st == HM_OK ? hash_open_zip(&zip, mod, ret_hash, ret_size, err) : st;
}

/* --- a folder --- */

struct folder {
	const char *path;
	struct listed *files;
	size_t count, cap;
	struct hm_arena arena;
	char *chunk; /* for reading, kept from one file to the next */
};

enum { chunk_len = 64 * 1024 };

static void folder_done(struct folder *folder)
{
	free(folder->chunk);
	free(folder->files);
	hm_arena_done(&folder->arena);
}

static enum hm_status hash_fd(struct folder *folder, int fd, const char *name, struct hm_hash *ret_hash,
			      struct hm_err *err)
{
	HM_OWN(hm_hasher_done) struct hm_hasher hasher = { 0 };
	struct hm_digest digest;

	enum hm_status st = hm_hasher_init(&hasher, HM_SHA256, err);
	while (st == HM_OK) {
		ssize_t n = read(fd, folder->chunk, chunk_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return hm_fail_errno(err, errno, "read '%s' in '%s'", name, folder->path);
		if (n == 0)
			break;
		st = hm_hasher_add(&hasher, folder->chunk, (size_t)n, err);
	}
	if (st == HM_OK)
		st = hm_hasher_final(&hasher, &digest, err);
	if (st == HM_OK)
		memcpy(ret_hash->b, digest.b, HM_HASH_LEN);
	return st;
}

static enum hm_status add_file(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
			       struct hm_err *err)
{
	struct folder *folder = ctx;
	struct listed file;

	(void)ret_step;
	if (S_ISDIR(entry->stat->st_mode))
		return HM_OK;
	if (!S_ISREG(entry->stat->st_mode) || strchr(entry->path, '\n'))
		return hm_fail(err, HM_R_GOLANG_ZIP, "'%s' in '%s' is no file that a module can have", entry->path,
			       folder->path);
	HM_OWN(hm_closep) int fd = openat(entry->dirfd, entry->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return hm_fail_errno(err, errno, "open '%s' in '%s'", entry->path, folder->path);
	enum hm_status st = hash_fd(folder, fd, entry->path, &file.hash, err);
	if (st != HM_OK)
		return st;
	file.name = hm_arena_dup(&folder->arena, hm_str(entry->path));
	if (!file.name.ptr || !hm_grow(&folder->files, &folder->cap, folder->count + 1, sizeof(*folder->files)))
		return hm_fail(err, HM_R_NO_MEMORY, "hash '%s'", folder->path);
	folder->files[folder->count++] = file;
	return HM_OK;
}

enum hm_status hm_golang_hash_dir(const char *path, const struct hm_golang_module *mod, struct hm_hash *ret_hash,
				  struct hm_err *err)
{
	HM_OWN(folder_done) struct folder folder = { .path = path, .arena = hm_arena_init(HM_MAX_ZIP_DIRECTORY) };
	HM_OWN(hm_freep) char *prefix = hm_asprintf("%.*s@%.*s/", HM_STR_ARG(mod->path), HM_STR_ARG(mod->version));

	folder.chunk = hm_malloc(chunk_len);
	if (!prefix || !folder.chunk)
		return hm_fail(err, HM_R_NO_MEMORY, "hash '%s'", path);
	enum hm_status st = hm_tree_walk(path, add_file, &folder, err);
	return st == HM_OK ? hash_listing(folder.files, folder.count, prefix, ret_hash, err) : st;
}
