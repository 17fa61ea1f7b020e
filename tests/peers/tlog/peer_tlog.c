/*
 * tlog for tests in other languages: one command a line on standard input, one answer a line. Hashes are hexadecimal;
 * what is refused is answered with "refused" and the reason. Leaf number i is the text "leaf i".
 */
#include "base/arena.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "tlog/checkpoint.h"
#include "tlog/tile.h"

#include <inttypes.h>
#include <stdio.h>

enum { max_words = 100 };

struct words {
	struct hm_str v[max_words];
	size_t count;
	bool failed; /* a word was missing or malformed */
};

static struct hm_str word(struct words *words, size_t i)
{
	words->failed |= i >= words->count;
	return i < words->count ? words->v[i] : (struct hm_str){ 0 };
}

static uint64_t number(struct words *words, size_t i)
{
	uint64_t n = 0;

	words->failed |= !hm_str_to_u64(word(words, i), &n);
	return n;
}

static struct hm_hash hash(struct words *words, size_t i)
{
	struct hm_hash hash = { 0 };

	words->failed |= hm_hex_read(word(words, i), hash.b, HM_HASH_LEN, NULL) != HM_OK;
	return hash;
}

static size_t path_from(struct words *words, size_t i, struct hm_hash *path)
{
	size_t count = 0;

	while (i < words->count)
		path[count++] = hash(words, i++);
	return count;
}

static void print_hash(const struct hm_hash *hash)
{
	char hex[2 * HM_HASH_LEN + 1];

	hm_hex_write(hex, hash->b, HM_HASH_LEN);
	printf("%s ", hex);
}

static void print_path(const struct hm_tlog_path *path)
{
	for (size_t i = 0; i < path->count; i++)
		print_hash(&path->hash[i]);
}

static char *file_of(const char *folder, const struct hm_tlog_tile *tile)
{
	char path[HM_TLOG_TILE_PATH_LEN];

	hm_tlog_tile_path(tile, path);
	return hm_asprintf("%s/%s", folder, path);
}

static enum hm_status read_tile(void *ctx, const struct hm_tlog_tile *tile, struct hm_buf *data, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = file_of(ctx, tile);
	HM_OWN(hm_buf_done) struct hm_buf file = hm_buf_init(0);

	enum hm_status st = hm_file_read(path, HM_TLOG_MAX_BUNDLE, &file, err);
	hm_buf_add_str(data, hm_buf_str(&file));
	return st;
}

static enum hm_status write_tile(void *ctx, const struct hm_tlog_tile *tile, struct hm_str bytes, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = file_of(ctx, tile);
	HM_OWN(hm_freep) char *folder = hm_asprintf("%.*s", (int)(hm_path_base(path) - path), path);

	enum hm_status st = hm_dir_make(folder, 0755, err);
	return st == HM_OK ? hm_file_save_once(path, bytes, 0644, err) : st;
}

/* grow FOLDER SIZE…: an empty log that grows to one size after the other, with its entries */
static enum hm_status grow(struct words *words, struct hm_err *err)
{
	HM_OWN(hm_freep) char *folder = hm_asprintf("%.*s", HM_STR_ARG(word(words, 1)));
	const struct hm_tlog_source source = { folder, read_tile };
	const struct hm_tlog_sink sink = { folder, write_tile };
	struct hm_tlog_head head = { 0 };
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_GIB);

	enum hm_status st = hm_tlog_root(NULL, 0, &head.root, err);
	for (size_t i = 2; i < words->count && st == HM_OK; i++) {
		size_t more = number(words, i) - head.size;
		struct hm_str *entries = hm_arena_calloc(&arena, more, sizeof(*entries));
		struct hm_hash *leaves = hm_arena_calloc(&arena, more, sizeof(*leaves));
		for (size_t k = 0; k < more && st == HM_OK; k++) {
			entries[k] = hm_arena_printf(&arena, "leaf %" PRIu64, head.size + k);
			st = hm_tlog_leaf_hash(entries[k], &leaves[k], err);
		}
		if (st == HM_OK)
			st = hm_tlog_grow_entries(&source, &sink, head.size, entries, more, err);
		if (st == HM_OK)
			st = hm_tlog_grow(&source, &sink, &head, leaves, more, &head, err);
	}
	if (st == HM_OK)
		print_hash(&head.root);
	return st;
}

/* root FOLDER SIZE; inclusion FOLDER INDEX SIZE; consistency FOLDER OLD SIZE */
static enum hm_status prove(struct words *words, struct hm_err *err)
{
	HM_OWN(hm_freep) char *folder = hm_asprintf("%.*s", HM_STR_ARG(word(words, 1)));
	const struct hm_tlog_source source = { folder, read_tile };
	struct hm_tlog_path path = { 0 };
	struct hm_hash hash;
	enum hm_status st;

	if (hm_str_is(words->v[0], "root")) {
		st = hm_tlog_tiles_root(&source, number(words, 2), &hash, err);
		if (st == HM_OK)
			print_hash(&hash);
	} else if (hm_str_is(words->v[0], "inclusion")) {
		st = hm_tlog_tiles_inclusion(&source, number(words, 2), number(words, 3), &hash, &path, err);
		if (st == HM_OK)
			print_hash(&hash);
	} else {
		st = hm_tlog_tiles_consistency(&source, number(words, 2), number(words, 3), &path, err);
	}
	print_path(&path);
	return st;
}

/* check-inclusion INDEX SIZE LEAF ROOT HASH…; check-consistency OLD SIZE OLDROOT ROOT HASH… */
static enum hm_status check(struct words *words, struct hm_err *err)
{
	struct hm_hash a = hash(words, 3), b = hash(words, 4), path[max_words];
	size_t count = path_from(words, 5, path);

	if (hm_str_is(words->v[0], "check-inclusion"))
		return hm_tlog_check_inclusion(number(words, 1), number(words, 2), &a, path, count, &b, err);
	struct hm_tlog_head old = { number(words, 1), a }, new = { number(words, 2), b };
	return hm_tlog_check_consistency(&old, &new, path, count, err);
}

/* path KIND LEVEL INDEX WIDTH; parse PATH */
static enum hm_status name_tile(struct words *words, struct hm_err *err)
{
	struct hm_tlog_tile tile = { 0 };
	char path[HM_TLOG_TILE_PATH_LEN];

	if (hm_str_is(words->v[0], "path")) {
		tile = (struct hm_tlog_tile){ hm_str_is(word(words, 1), "entries"), (unsigned)number(words, 2),
					      number(words, 3), (unsigned)number(words, 4) };
		hm_tlog_tile_path(&tile, path);
		printf("%s ", path);
		return HM_OK;
	}
	enum hm_status st = hm_tlog_tile_parse(word(words, 1), &tile, err);
	if (st == HM_OK)
		printf("%s %u %" PRIu64 " %u ", tile.is_entries ? "entries" : "hashes", tile.level, tile.index,
		       tile.width);
	return st;
}

static enum hm_status read_word_file(struct words *words, size_t i, struct hm_buf *ret_data, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%.*s", HM_STR_ARG(word(words, i)));

	return hm_file_read(path, HM_MAX_NOTE, ret_data, err);
}

/* sign KEY NAME TEXT NOTE: files of a private key, of a text, and where the note goes; answers the verifier's text */
static enum hm_status sign_note(struct words *words, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf key = hm_buf_init(0), text = hm_buf_init(0), note = hm_buf_init(HM_MAX_NOTE);
	HM_OWN(hm_buf_done) struct hm_buf verifier_text = hm_buf_init(10000);
	HM_OWN(hm_signer_done) struct hm_signer signer = { 0 };
	HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier verifier = { 0 };
	HM_OWN(hm_freep) char *out = hm_asprintf("%.*s", HM_STR_ARG(word(words, 4)));

	enum hm_status st = read_word_file(words, 1, &key, err);
	if (st == HM_OK)
		st = hm_signer_parse_text(hm_buf_str(&key), &signer, err);
	if (st == HM_OK)
		st = read_word_file(words, 3, &text, err);
	if (st == HM_OK)
		st = hm_tlog_note_sign(hm_buf_str(&text), word(words, 2), &signer, &note, err);
	if (st == HM_OK)
		st = hm_file_save(out, hm_buf_str(&note), 0644, err);
	if (st == HM_OK)
		st = hm_tlog_verifier_init(word(words, 2), hm_tlog_sig_type_of(&signer.key), &signer.key, &verifier,
					   err);
	if (st != HM_OK)
		return st;
	hm_tlog_verifier_encode(&verifier, &verifier_text);
	printf("%s ", verifier_text.ptr);
	return HM_OK;
}

/* open VERIFIER NOTE: answers the SHA-256 of the text */
static enum hm_status open_note(struct words *words, struct hm_err *err)
{
	HM_OWN(hm_tlog_verifier_done) struct hm_tlog_verifier verifier = { 0 };
	HM_OWN(hm_buf_done) struct hm_buf data = hm_buf_init(0);
	struct hm_tlog_verified_note verified;
	struct hm_tlog_note note;
	struct hm_hash digest;

	enum hm_status st = hm_tlog_verifier_parse(word(words, 1), &verifier, err);
	if (st == HM_OK)
		st = read_word_file(words, 2, &data, err);
	if (st == HM_OK)
		st = hm_tlog_note_parse(hm_buf_str(&data), &note, err);
	if (st == HM_OK)
		st = hm_tlog_note_verify(&note, &verifier, 1, &verified, err);
	if (st == HM_OK)
		st = hm_crypto_sha256_of(verified.text, &digest, err);
	if (st == HM_OK)
		print_hash(&digest);
	return st;
}

static const struct {
	const char *name;
	enum hm_status (*run)(struct words *words, struct hm_err *err);
} commands[] = {
	{ "grow", grow },
	{ "root", prove },
	{ "inclusion", prove },
	{ "consistency", prove },
	{ "check-inclusion", check },
	{ "check-consistency", check },
	{ "path", name_tile },
	{ "parse", name_tile },
	{ "sign", sign_note },
	{ "open", open_note },
};

static bool answer(struct hm_str line)
{
	struct words words = { 0 };
	struct hm_err err = { 0 };

	while (words.count < max_words && hm_str_next(&line, ' ', &words.v[words.count]))
		words.count++;
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!hm_str_is(words.v[0], commands[i].name))
			continue;
		if (commands[i].run(&words, &err) == HM_OK)
			printf("ok\n");
		else
			printf("refused %s: %s\n", hm_reason_code(err.reason), err.cause);
		return !words.failed;
	}
	return false;
}

int main(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len;
	bool good = true;

	while (good && (len = getline(&line, &size, stdin)) > 0) {
		good = answer(hm_str_of(line, (size_t)len - (line[len - 1] == '\n')));
		fflush(stdout);
	}
	if (!good)
		fprintf(stderr, "not understood: %s", line);
	free(line);
	return good ? 0 : 2;
}
