/* Proofs: the published vectors, every leaf and every growth of small trees, and each way to be wrong. */
#include "tree.h"

#include "base/encode.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/tree.h"

enum { max_leaves = 70 };

static struct hm_hash leaves[max_leaves], roots[max_leaves + 1];
static const struct hm_tlog_reader reader = { leaves, read_leaves };

static int grow_trees(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < max_leaves; i++)
		leaves[i] = leaf_at(i);
	for (uint64_t i = 0; i <= max_leaves; i++)
		roots[i] = tree_hash(leaves, i);
	return 0;
}

/* The eight leaves of the certificate-transparency test log. */
static void test_known_roots(void **state)
{
	(void)state;
	static const struct hm_str data[] = {
		HM_STR(""),
		HM_STR("\x00"),
		HM_STR("\x10"),
		HM_STR("\x20\x21"),
		HM_STR("\x30\x31"),
		HM_STR("\x40\x41\x42\x43"),
		HM_STR("\x50\x51\x52\x53\x54\x55\x56\x57"),
		HM_STR("\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f"),
	};
	static const struct {
		size_t size;
		const char *want;
	} rows[] = {
		{ 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ 1, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d" },
		{ 2, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125" },
		{ 5, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4" },
		{ 8, "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" },
	};
	struct hm_hash known[COUNT(data)], root;
	struct hm_err err;
	char hex[2 * HM_HASH_LEN + 1];

	for (size_t i = 0; i < COUNT(data); i++)
		assert_ok(hm_tlog_leaf_hash(data[i], &known[i], &err), &err);
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_ok(hm_tlog_root(known, rows[i].size, &root, &err), &err);
		hm_hex_write(hex, root.b, HM_HASH_LEN);
		assert_string_equal(hex, rows[i].want);
	}
}

static void test_roots_of_every_size(void **state)
{
	(void)state;
	for (size_t size = 0; size <= max_leaves; size++) {
		struct hm_hash root;
		struct hm_err err;
		assert_ok(hm_tlog_root(leaves, size, &root, &err), &err);
		assert_memory_equal(&root, &roots[size], sizeof(root));
		assert_ok(hm_tlog_make_root(&reader, size, &root, &err), &err);
		assert_memory_equal(&root, &roots[size], sizeof(root));
	}
}

static void test_every_leaf_of_every_size(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= max_leaves; size++) {
		for (uint64_t i = 0; i < size; i++) {
			struct hm_tlog_path path;
			struct hm_err err;
			assert_ok(hm_tlog_make_inclusion(&reader, i, size, &path, &err), &err);
			assert_ok(
			    hm_tlog_check_inclusion(i, size, &leaves[i], path.hash, path.count, &roots[size], &err),
			    &err);
		}
	}
}

static void test_every_growth(void **state)
{
	(void)state;
	for (uint64_t size = 1; size <= max_leaves; size++) {
		for (uint64_t old_size = 1; old_size <= size; old_size++) {
			struct hm_tlog_head old = { old_size, roots[old_size] }, new = { size, roots[size] };
			struct hm_tlog_path path;
			struct hm_err err;
			assert_ok(hm_tlog_make_consistency(&reader, old_size, size, &path, &err), &err);
			assert_ok(hm_tlog_check_consistency(&old, &new, path.hash, path.count, &err), &err);
		}
	}
}

/* What is refused matters more than what is accepted: one row for each way to be wrong. */
static void test_inclusion_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t index, size;
		int more;       /* hashes added to the path's end; < 0: taken off */
		unsigned spoil; /* 1-based byte of the path with a bit turned; 0: none */
		enum hm_reason want;
	} rows[] = {
		{ "index past the end", 8, 8, 0, 0, HM_R_TLOG_INDEX },
		{ "largest index", UINT64_MAX, 8, 0, 0, HM_R_TLOG_INDEX },
		{ "empty log", 0, 0, 0, 0, HM_R_TLOG_INDEX },
		{ "another leaf's path", 2, 8, 0, 0, HM_R_TLOG_INCLUSION },
		{ "another size", 3, 9, 0, 0, HM_R_TLOG_INCLUSION },
		{ "largest size", 3, UINT64_MAX, 0, 0, HM_R_TLOG_INCLUSION },
		{ "path too short", 3, 8, -1, 0, HM_R_TLOG_INCLUSION },
		{ "no path", 3, 8, -3, 0, HM_R_TLOG_INCLUSION },
		{ "path too long", 3, 8, 1, 0, HM_R_TLOG_INCLUSION },
		{ "first bit spoilt", 3, 8, 0, 1, HM_R_TLOG_INCLUSION },
		{ "last byte spoilt", 3, 8, 0, 96, HM_R_TLOG_INCLUSION },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_tlog_path path = { 0 };
		struct hm_err err = { 0 };
		assert_ok(hm_tlog_make_inclusion(&reader, 3, 8, &path, &err), &err);
		if (rows[i].spoil)
			((uint8_t *)path.hash)[rows[i].spoil - 1] ^= 1;
		enum hm_status st = hm_tlog_check_inclusion(rows[i].index, rows[i].size, &leaves[3], path.hash,
							    (size_t)((int)path.count + rows[i].more), &roots[8], &err);
		assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

static void test_consistency_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t old_size, size;
		int more;
		unsigned spoil;
		enum hm_reason want;
	} rows[] = {
		{ "from nothing", 0, 8, 0, 0, HM_R_TLOG_INDEX },
		{ "shrunk", 9, 8, 0, 0, HM_R_TLOG_INDEX },
		{ "another old size", 5, 8, 0, 0, HM_R_TLOG_CONSISTENCY },
		{ "old size is a power of two", 4, 8, 0, 0, HM_R_TLOG_CONSISTENCY },
		{ "another new size", 6, 9, 0, 0, HM_R_TLOG_CONSISTENCY },
		{ "same size, a path", 8, 8, 0, 0, HM_R_TLOG_CONSISTENCY },
		{ "same size, other roots", 8, 8, -3, 0, HM_R_TLOG_CONSISTENCY },
		{ "largest sizes", UINT64_MAX - 1, UINT64_MAX, 0, 0, HM_R_TLOG_CONSISTENCY },
		{ "path too short", 6, 8, -1, 0, HM_R_TLOG_CONSISTENCY },
		{ "no path", 6, 8, -3, 0, HM_R_TLOG_CONSISTENCY },
		{ "path too long", 6, 8, 1, 0, HM_R_TLOG_CONSISTENCY },
		{ "first bit spoilt", 6, 8, 0, 1, HM_R_TLOG_CONSISTENCY },
		{ "last byte spoilt", 6, 8, 0, 96, HM_R_TLOG_CONSISTENCY },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_tlog_path path = { 0 };
		struct hm_err err = { 0 };
		struct hm_tlog_head old = { rows[i].old_size, roots[6] }, new = { rows[i].size, roots[8] };
		assert_ok(hm_tlog_make_consistency(&reader, 6, 8, &path, &err), &err);
		assert_int_equal(path.count, 3);
		if (rows[i].spoil)
			((uint8_t *)path.hash)[rows[i].spoil - 1] ^= 1;
		enum hm_status st =
		    hm_tlog_check_consistency(&old, &new, path.hash, (size_t)((int)path.count + rows[i].more), &err);
		assert_refused(rows[i].name, st, &err, rows[i].want);
	}
}

/* A path that ends on the right root by the wrong number of steps: only the length checks can refuse it. */
static void test_right_root_wrong_length(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint64_t index, size;
		size_t leaf, tree; /* whose path, in a tree of how many leaves */
	} rows[] = {
		{ "too short: a path of the tree of 4 in a log of 8", 3, 8, 3, 4 },
		{ "too long: a path of the tree of 8 in a log of 4", 3, 4, 7, 8 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct hm_tlog_path path;
		struct hm_err err = { 0 };
		assert_ok(hm_tlog_make_inclusion(&reader, rows[i].leaf, rows[i].tree, &path, &err), &err);
		enum hm_status st = hm_tlog_check_inclusion(rows[i].index, rows[i].size, &leaves[rows[i].leaf],
							    path.hash, path.count, &roots[rows[i].tree], &err);
		assert_refused(rows[i].name, st, &err, HM_R_TLOG_INCLUSION);
	}
}

static void test_making_refusals(void **state)
{
	(void)state;
	struct hm_tlog_path path;
	struct hm_err err = { 0 };

	assert_refused("index", hm_tlog_make_inclusion(&reader, 8, 8, &path, &err), &err, HM_R_TLOG_INDEX);
	assert_refused("empty", hm_tlog_make_inclusion(&reader, 0, 0, &path, &err), &err, HM_R_TLOG_INDEX);
	assert_refused("from nothing", hm_tlog_make_consistency(&reader, 0, 8, &path, &err), &err, HM_R_TLOG_INDEX);
	assert_refused("shrunk", hm_tlog_make_consistency(&reader, 9, 8, &path, &err), &err, HM_R_TLOG_INDEX);
}

static enum hm_status any_node(void *ctx, unsigned level, uint64_t index, struct hm_hash *ret_hash, struct hm_err *err)
{
	uint64_t size = *(const uint64_t *)ctx;

	(void)err;
	assert_true(level < 64 && index <= (size - 1) >> level);
	memset(ret_hash, (int)level, sizeof(*ret_hash));
	return HM_OK;
}

/* Paths have their largest lengths at the largest sizes; nothing may overflow there. */
static void test_largest_trees(void **state)
{
	(void)state;
	static const uint64_t sizes[] = { UINT64_MAX, UINT64_MAX - 1, (UINT64_C(1) << 63) + 1, UINT64_C(1) << 63 };
	static const uint64_t at[] = { 1, 2, 3, UINT64_C(1) << 62, (UINT64_C(1) << 63) - 1, UINT64_C(1) << 63 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		for (size_t k = 0; k < COUNT(at); k++) {
			uint64_t size = sizes[i];
			struct hm_tlog_reader any = { &size, any_node };
			struct hm_tlog_path path;
			struct hm_err err;
			assert_ok(hm_tlog_make_inclusion(&any, at[k] - 1, size, &path, &err), &err);
			assert_in_range(path.count, 1, 64);
			assert_ok(hm_tlog_make_consistency(&any, at[k], size, &path, &err), &err);
			assert_in_range(path.count, at[k] != size, HM_TLOG_MAX_PATH);
		}
	}
}

static enum hm_status failing_node(void *ctx, unsigned level, uint64_t index, struct hm_hash *ret_hash,
				   struct hm_err *err)
{
	(void)ctx;
	(void)level;
	(void)index;
	(void)ret_hash;
	return hm_fail(err, HM_R_FILE_IO, "the disk is gone");
}

static void test_reader_failure_is_the_answer(void **state)
{
	(void)state;
	struct hm_tlog_reader failing = { NULL, failing_node };
	struct hm_tlog_path path = { .count = 7 };
	struct hm_hash root;
	struct hm_err err = { 0 };

	assert_refused("inclusion", hm_tlog_make_inclusion(&failing, 3, 8, &path, &err), &err, HM_R_FILE_IO);
	assert_refused("consistency", hm_tlog_make_consistency(&failing, 3, 8, &path, &err), &err, HM_R_FILE_IO);
	assert_refused("root", hm_tlog_make_root(&failing, 8, &root, &err), &err, HM_R_FILE_IO);
	assert_int_equal(path.count, 7);
}

/*
 * The published vectors, read with as little as their files need: no nesting, no escapes that matter.
 */
static struct hm_str json_value(struct hm_str json, const char *key)
{
	char quoted[32];

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	ptrdiff_t at = hm_str_find(json, hm_str(quoted));
	assert_true(at >= 0);
	return hm_str_trim(hm_str_skip(json, (size_t)at + strlen(quoted)));
}

static uint64_t json_number(struct hm_str json, const char *key)
{
	struct hm_str value = json_value(json, key);
	uint64_t number;
	size_t digits = 0;

	while (digits < value.len && value.ptr[digits] >= '0' && value.ptr[digits] <= '9')
		digits++;
	assert_true(hm_str_to_u64(hm_str_head(value, digits), &number));
	return number;
}

/*
 * A hash of the wrong length cannot be a struct hm_hash; here it is filled up, so that the check sees it. What fills up
 * an empty one is different each time, since nothing equals a hash that is not there.
 */
static struct hm_hash json_hash(struct hm_str *rest)
{
	struct hm_hash hash = { 0 };
	struct hm_buf bytes = hm_buf_init(HM_HASH_LEN);
	struct hm_str text;
	struct hm_err err;

	assert_true(hm_str_next(rest, '"', &text)); /* what stands before it */
	assert_true(hm_str_next(rest, '"', &text));
	assert_ok(hm_base64_decode(&bytes, HM_BASE64_STD, text, &err), &err);
	static uint8_t unlike;
	if (bytes.len)
		memcpy(hash.b, bytes.ptr, bytes.len);
	else
		memset(hash.b, ++unlike, HM_HASH_LEN);
	hm_buf_done(&bytes);
	return hash;
}

static struct hm_tlog_path json_path(struct hm_str json)
{
	struct hm_tlog_path path = { 0 };
	struct hm_str value = json_value(json, "proof"), list;

	if (hm_str_has_prefix(value, HM_STR("null")))
		return path;
	assert_true(hm_str_next(&value, ']', &list));
	while (hm_str_find_char(list, '"') >= 0) {
		assert_true(path.count < HM_TLOG_MAX_PATH);
		path.hash[path.count++] = json_hash(&list);
	}
	return path;
}

static struct hm_hash json_hash_at(struct hm_str json, const char *key)
{
	struct hm_str value = json_value(json, key);

	return json_hash(&value);
}

struct vectors {
	const char *kind;
	size_t accepted, refused;
};

static enum hm_status check_vector(void *ctx, const struct hm_tree_entry *entry, enum hm_tree_step *ret_step,
				   struct hm_err *err)
{
	struct vectors *vectors = ctx;
	struct hm_buf file = hm_buf_init(0);
	char path[512];

	(void)ret_step;
	if (!S_ISREG(entry->stat->st_mode))
		return HM_OK;
	snprintf(path, sizeof(path), "%s/merkle/%s/%s", shared_data(), vectors->kind, entry->path);
	assert_ok(hm_file_read(path, 65536, &file, err), err);
	struct hm_str json = hm_buf_str(&file);
	struct hm_tlog_path proof = json_path(json);
	bool want_error = hm_str_has_prefix(json_value(json, "wantErr"), HM_STR("true"));
	enum hm_status st;
	if (strcmp(vectors->kind, "inclusion") == 0) {
		struct hm_hash leaf = json_hash_at(json, "leafHash"), root = json_hash_at(json, "root");
		st = hm_tlog_check_inclusion(json_number(json, "leafIdx"), json_number(json, "treeSize"), &leaf,
					     proof.hash, proof.count, &root, err);
	} else {
		struct hm_tlog_head old = { json_number(json, "size1"), json_hash_at(json, "root1") };
		struct hm_tlog_head new = { json_number(json, "size2"), json_hash_at(json, "root2") };
		st = hm_tlog_check_consistency(&old, &new, proof.hash, proof.count, err);
	}
	hm_buf_done(&file);
	if (st != (want_error ? HM_EVERIFY : HM_OK))
		fail_msg("%s: %s", path, hm_status_name(st));
	vectors->accepted += st == HM_OK;
	vectors->refused += st != HM_OK;
	return HM_OK;
}

static void check_vectors(const char *kind)
{
	struct vectors vectors = { .kind = kind };
	struct hm_err err = { 0 };
	char root[512];

	if (!shared_data())
		skip_with("the published Merkle vectors are not here: HM_SHARED_DATA names no folder with them");
	snprintf(root, sizeof(root), "%s/merkle/%s", shared_data(), kind);
	assert_ok(hm_tree_walk(root, check_vector, &vectors, &err), &err);
	assert_int_equal(vectors.accepted, 6);
	assert_int_equal(vectors.refused, 92);
}

static void test_inclusion_vectors(void **state)
{
	(void)state;
	check_vectors("inclusion");
}

static void test_consistency_vectors(void **state)
{
	(void)state;
	check_vectors("consistency");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_roots),
		cmocka_unit_test(test_roots_of_every_size),
		cmocka_unit_test(test_every_leaf_of_every_size),
		cmocka_unit_test(test_every_growth),
		cmocka_unit_test(test_inclusion_refusals),
		cmocka_unit_test(test_consistency_refusals),
		cmocka_unit_test(test_right_root_wrong_length),
		cmocka_unit_test(test_making_refusals),
		cmocka_unit_test(test_largest_trees),
		cmocka_unit_test(test_reader_failure_is_the_answer),
		cmocka_unit_test(test_inclusion_vectors),
		cmocka_unit_test(test_consistency_vectors),
	};
	return cmocka_run_group_tests_name("tlog/proof", tests, grow_trees, NULL);
}
