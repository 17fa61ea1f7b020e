/* Manifests, indexes and configurations: read, refused, written. */
#include "unit.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/own.h"
#include "oci/manifest.h"

#define HEX64      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define SHA        "sha256:" HEX64
#define CONFIG     "{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"" SHA "\",\"size\":7023}"
#define LAYER      "{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar+gzip\",\"digest\":\"" SHA "\",\"size\":32654}"
#define HEAD(type) "{\"schemaVersion\":2,\"mediaType\":\"" type "\","
#define M_TYPE     "application/vnd.oci.image.manifest.v1+json"
#define I_TYPE     "application/vnd.oci.image.index.v1+json"
#define D_TYPE     "application/vnd.docker.distribution.manifest.v2+json"
#define DL_TYPE    "application/vnd.docker.distribution.manifest.list.v2+json"
#define ENTRY(p)   "{\"mediaType\":\"" M_TYPE "\",\"digest\":\"" SHA "\",\"size\":7143" p "}"
#define AMD64      ",\"platform\":{\"architecture\":\"amd64\",\"os\":\"linux\"}"

static void test_kinds(void **state)
{
	(void)state;
	static const struct {
		const char *type;
		enum hm_oci_kind want;
	} rows[] = {
		{ I_TYPE, HM_OCI_INDEX },
		{ DL_TYPE, HM_OCI_INDEX },
		{ M_TYPE, HM_OCI_MANIFEST },
		{ D_TYPE, HM_OCI_MANIFEST },
		{ "application/vnd.docker.image.rootfs.diff.tar.gzip", HM_OCI_LAYER_GZIP },
		{ "application/vnd.oci.image.layer.v1.tar+zstd", HM_OCI_LAYER_ZSTD },
		{ "application/vnd.docker.container.image.v1+json", HM_OCI_CONFIG },
		{ "application/vnd.docker.distribution.manifest.v1+prettyjws", HM_OCI_OTHER },
		{ M_TYPE "; charset=utf-8", HM_OCI_OTHER },
		{ "Application/vnd.oci.image.manifest.v1+json", HM_OCI_OTHER },
		{ "", HM_OCI_OTHER },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(hm_oci_kind_of(hm_str(rows[i].type)), rows[i].want);
}

static void test_digests(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"sha256",
		HEX64,
		"sha256:",
		"sha256:" HEX64 "00",
		"SHA256:" HEX64,
		"sha1:0123456789abcdef0123456789abcdef01234567",
		"sha384:" HEX64 "0123456789abcdef0123456789abcdef",
		"sha512:" HEX64,
		"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef",
		"sha256:../../../../../../../../../../../../../../../../../etc/passwd123",
	};
	static const char *const good[] = { SHA, "sha512:" HEX64 HEX64 };
	struct hm_digest digest;

	for (size_t i = 0; i < COUNT(bad); i++) {
		struct hm_err err = { 0 };
		assert_refused(bad[i], hm_oci_digest_parse(hm_str(bad[i]), &digest, &err), &err, HM_R_OCI_DIGEST);
	}
	for (size_t i = 0; i < COUNT(good); i++) {
		char text[HM_OCI_DIGEST_LEN];
		assert_int_equal(hm_oci_digest_parse(hm_str(good[i]), &digest, NULL), HM_OK);
		hm_oci_digest_write(&digest, text);
		assert_string_equal(text, good[i]);
	}
}

/* The manifest in image-spec's manifest.md, and the same as Docker writes it. */
static void test_manifest(void **state)
{
	(void)state;
	static const struct {
		const char *text, *announced;
	} rows[] = {
		{ HEAD(M_TYPE) "\"config\":" CONFIG ",\"layers\":[" LAYER "," LAYER "],\"subject\":" ENTRY(
		      "") ",\"annotations\":{\"com.example.key1\":\"value1\",\"a\":\"\"},\"unknown\":[{}]}",
		  M_TYPE },
		{ HEAD(D_TYPE) "\"config\":" CONFIG ",\"layers\":[" LAYER "," LAYER "],\"subject\":" ENTRY(
		      "") ",\"annotations\":{\"com.example.key1\":\"value1\",\"a\":\"\"}}",
		  D_TYPE },
		{ "{\"schemaVersion\":2,\"config\":" CONFIG ",\"layers\":[" LAYER "," LAYER "],\"subject\":" ENTRY(
		      "") ",\"annotations\":{\"com.example.key1\":\"value1\",\"a\":\"\"},\"manifests\":null}",
		  M_TYPE },
		{ HEAD(M_TYPE) "\"config\":" CONFIG ",\"layers\":[" LAYER "," LAYER "],\"subject\":" ENTRY(
		      "") ",\"annotations\":{\"com.example.key1\":\"value1\",\"a\":\"\"}}",
		  "" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_oci_manifest m;
		struct hm_err err = { 0 };
		char text[HM_OCI_DIGEST_LEN];
		assert_ok(hm_oci_manifest_parse(hm_str(rows[i].text), hm_str(rows[i].announced), &arena, &m, &err),
			  &err);
		assert_int_equal(m.config.size, 7023);
		assert_int_equal(m.layer_count, 2);
		assert_int_equal(m.layers[1].size, 32654);
		assert_true(hm_str_is(m.layers[0].media_type, HM_OCI_TYPE_LAYER_GZIP));
		hm_oci_digest_write(&m.layers[1].digest, text);
		assert_string_equal(text, SHA);
		assert_non_null(m.subject);
		assert_int_equal(m.subject->size, 7143);
		assert_int_equal(m.annotation_count, 2);
		assert_true(hm_str_is(hm_oci_annotation(m.annotations, 2, "com.example.key1"), "value1"));
		assert_non_null(hm_oci_annotation(m.annotations, 2, "a").ptr);
		assert_null(hm_oci_annotation(m.annotations, 2, "b").ptr);
	}
}

static void test_index(void **state)
{
	(void)state;
	static const char text[] = HEAD(DL_TYPE) "\"manifests\":[" ENTRY(AMD64) "," ENTRY(
	    ",\"annotations\":{\"k\":\"v\"},\"platform\":{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v7\","
	    "\"os.version\":\"1\",\"os.features\":[\"x\"]},\"artifactType\":\"a/b\"") "," ENTRY("") "]}";
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_oci_index x;
	struct hm_err err = { 0 };

	assert_ok(hm_oci_index_parse(hm_str(text), HM_STR(DL_TYPE), &arena, &x, &err), &err);
	assert_int_equal(x.manifest_count, 3);
	assert_true(x.manifests[0].has_platform && hm_str_is(x.manifests[0].platform.arch, "amd64"));
	assert_true(hm_str_is(x.manifests[1].platform.variant, "v7"));
	assert_true(hm_str_is(x.manifests[1].platform.os_version, "1"));
	assert_true(hm_str_is(x.manifests[1].artifact_type, "a/b"));
	assert_int_equal(x.manifests[1].annotation_count, 1);
	assert_false(x.manifests[2].has_platform);
	assert_null(x.subject);
	assert_ok(hm_oci_index_parse(HM_STR("{\"schemaVersion\":2,\"manifests\":[]}"), HM_STR(""), &arena, &x, &err),
		  &err);
	assert_int_equal(x.manifest_count, 0);
}

#define REST "\"config\":" CONFIG ",\"layers\":[" LAYER "]}"

static const struct {
	const char *name, *text, *announced;
	bool is_index;
	enum hm_reason want;
} refusals[] = {
	{ "no object", "[]", "", false, HM_R_DATA_KIND },
	{ "empty", "", "", false, HM_R_JSON_SYNTAX },
	{ "no version", "{" REST, "", false, HM_R_DATA_MISSING },
	{ "version 1", "{\"schemaVersion\":1," REST, "", false, HM_R_OCI_MANIFEST },
	{ "version as text", "{\"schemaVersion\":\"2\"," REST, "", false, HM_R_DATA_KIND },
	{ "another type announced", HEAD(M_TYPE) REST, D_TYPE, false, HM_R_OCI_MANIFEST },
	{ "an index announced, nothing said", "{\"schemaVersion\":2," REST, I_TYPE, false, HM_R_OCI_MANIFEST },
	{ "the type of an index", HEAD(I_TYPE) REST, "", false, HM_R_OCI_MANIFEST },
	{ "the type of nothing", HEAD("text/plain") REST, "", false, HM_R_OCI_MANIFEST },
	{ "no config", HEAD(M_TYPE) "\"layers\":[]}", "", false, HM_R_OCI_MANIFEST },
	{ "no layers", HEAD(M_TYPE) "\"config\":" CONFIG "}", "", false, HM_R_OCI_MANIFEST },
	{ "also an index", HEAD(M_TYPE) "\"manifests\":[" ENTRY("") "]," REST, "", false, HM_R_OCI_MANIFEST },
	{ "also an empty index", HEAD(M_TYPE) "\"manifests\":[]," REST, "", false, HM_R_OCI_MANIFEST },
	{ "also of Docker's version 1", HEAD(M_TYPE) "\"fsLayers\":[]," REST, "", false, HM_R_OCI_MANIFEST },
	{ "index that is also a manifest", HEAD(I_TYPE) "\"manifests\":[]," REST, "", true, HM_R_OCI_MANIFEST },
	{ "index with layers", HEAD(I_TYPE) "\"manifests\":[],\"layers\":[]}", "", true, HM_R_OCI_MANIFEST },
	{ "index without manifests", HEAD(I_TYPE) "\"x\":1}", "", true, HM_R_OCI_MANIFEST },
	{ "manifest for an index", HEAD(M_TYPE) "\"manifests\":[]}", "", true, HM_R_OCI_MANIFEST },
	{ "layers twice", HEAD(M_TYPE) "\"layers\":[]," REST, "", false, HM_R_JSON_DUPLICATE },
	{ "layers in other case", HEAD(M_TYPE) "\"Layers\":[]," REST, "", false, HM_R_DATA_UNKNOWN },
	{ "digest in other case",
	  HEAD(M_TYPE) "\"config\":" CONFIG ",\"layers\":[{\"mediaType\":\"a\",\"digest\":\"" SHA "\",\"size\":1,"
		       "\"diGest\":\"" SHA "\"}]}",
	  "", false, HM_R_DATA_UNKNOWN },
	{ "descriptor without a type", HEAD(M_TYPE) "\"config\":{\"digest\":\"" SHA "\",\"size\":1},\"layers\":[]}", "",
	  false, HM_R_DATA_MISSING },
	{ "descriptor without a digest", HEAD(M_TYPE) "\"config\":{\"mediaType\":\"a\",\"size\":1},\"layers\":[]}", "",
	  false, HM_R_DATA_MISSING },
	{ "descriptor without a size",
	  HEAD(M_TYPE) "\"config\":{\"mediaType\":\"a\",\"digest\":\"" SHA "\"},\"layers\":[]}", "", false,
	  HM_R_DATA_MISSING },
	{ "negative size",
	  HEAD(M_TYPE) "\"config\":{\"mediaType\":\"a\",\"digest\":\"" SHA "\",\"size\":-1},\"layers\":[]}", "", false,
	  HM_R_DATA_VALUE },
	{ "size over 2^63",
	  HEAD(M_TYPE) "\"config\":{\"mediaType\":\"a\",\"digest\":\"" SHA
		       "\",\"size\":9223372036854775808},\"layers\":[]}",
	  "", false, HM_R_OCI_MANIFEST },
	{ "fraction of a byte",
	  HEAD(M_TYPE) "\"config\":{\"mediaType\":\"a\",\"digest\":\"" SHA "\",\"size\":1.5},\"layers\":[]}", "", false,
	  HM_R_DATA_VALUE },
	{ "digest that is a path",
	  HEAD(M_TYPE) "\"config\":{\"mediaType\":\"a\",\"digest\":\"sha256:../../x\",\"size\":1},\"layers\":[]}", "",
	  false, HM_R_OCI_DIGEST },
	{ "layer's digest",
	  HEAD(M_TYPE) "\"config\":" CONFIG ",\"layers\":[" LAYER ",{\"mediaType\":\"a\",\"digest\":"
		       "\"md5:00\",\"size\":1}]}",
	  "", false, HM_R_OCI_DIGEST },
	{ "subject's digest", HEAD(M_TYPE) "\"subject\":{\"mediaType\":\"a\",\"digest\":\"\",\"size\":1}," REST, "",
	  false, HM_R_OCI_DIGEST },
	{ "platform without an architecture",
	  HEAD(I_TYPE) "\"manifests\":[" ENTRY(",\"platform\":{\"os\":\"linux\"}") "]}", "", true, HM_R_DATA_MISSING },
	{ "annotation of another kind", HEAD(M_TYPE) "\"annotations\":{\"a\":1}," REST, "", false, HM_R_DATA_KIND },
	{ "no UTF-8", HEAD(M_TYPE) "\"annotations\":{\"a\":\"\xff\"}," REST, "", false, HM_R_JSON_ENCODING },
	{ "something behind it", HEAD(M_TYPE) REST "{}", "", false, HM_R_JSON_SYNTAX },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_str text = hm_str(refusals[i].text), type = hm_str(refusals[i].announced);
		struct hm_oci_manifest m;
		struct hm_oci_index x;
		struct hm_err err = { 0 };
		enum hm_status st = refusals[i].is_index ? hm_oci_index_parse(text, type, &arena, &x, &err)
							 : hm_oci_manifest_parse(text, type, &arena, &m, &err);
		assert_refused(refusals[i].name, st, &err, refusals[i].want);
	}
}

/* A document with one list of count elements, and what reading it says. */
static enum hm_status parse_many(const char *head, const char *item, size_t count, const char *tail, bool is_index,
				 struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(64 * HM_MIB);
	struct hm_oci_manifest m;
	struct hm_oci_index x;

	hm_buf_add_cstr(&text, head);
	for (size_t i = 0; i < count; i++) {
		hm_buf_add_cstr(&text, i ? "," : "");
		if (strchr(item, '#'))
			hm_buf_addf(&text, "\"%zu\":\"\"", i);
		else
			hm_buf_add_cstr(&text, item);
	}
	hm_buf_add_cstr(&text, tail);
	return is_index ? hm_oci_index_parse(hm_buf_str(&text), HM_STR(""), &arena, &x, err)
			: hm_oci_manifest_parse(hm_buf_str(&text), HM_STR(""), &arena, &m, err);
}

static void test_limits(void **state)
{
	(void)state;
	static const struct {
		const char *name, *head, *item, *tail;
		size_t max;
		bool is_index;
	} rows[] = {
		{ "layers", HEAD(M_TYPE) "\"config\":" CONFIG ",\"layers\":[", LAYER, "]}", HM_MAX_OCI_LAYERS, false },
		{ "manifests", HEAD(I_TYPE) "\"manifests\":[", ENTRY(""), "]}", HM_MAX_OCI_MANIFESTS, true },
		{ "annotations", HEAD(M_TYPE) "\"annotations\":{", "#", "}," REST, HM_MAX_OCI_ANNOTATIONS, false },
		/* a descriptor's own */
		{ "annotations of a layer",
		  HEAD(M_TYPE) "\"config\":" CONFIG ",\"layers\":[{\"mediaType\":\"a\",\"digest\":\"" SHA
			       "\",\"size\":1,\"annotations\":{",
		  "#", "}}]}", HM_MAX_OCI_ANNOTATIONS, false },
		{ "depth", HEAD(M_TYPE) "\"x\":[", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
		  "]," REST, SIZE_MAX, false },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		bool is_depth = rows[i].max == SIZE_MAX;
		struct hm_err err = { 0 };
		assert_ok(parse_many(rows[i].head, is_depth ? "[]" : rows[i].item, is_depth ? 1 : rows[i].max,
				     rows[i].tail, rows[i].is_index, &err),
			  &err);
		enum hm_status st = parse_many(rows[i].head, rows[i].item, is_depth ? 2 : rows[i].max + 1, rows[i].tail,
					       rows[i].is_index, &err);
		if (is_depth)
			assert_int_equal(HM_MAX_OCI_JSON_DEPTH, 32);
		/* 30 in item and two around them is what may be; one level more is not */
		if (is_depth)
			st = parse_many(rows[i].head, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
					1, rows[i].tail, rows[i].is_index, &err);
		assert_refused(rows[i].name, st, &err, HM_R_JSON_LIMIT);
	}

	/* bytes */
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(2 * HM_MAX_OCI_MANIFEST);
	for (size_t over = 0; over < 2; over++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
		struct hm_oci_manifest m;
		struct hm_err err = { 0 };
		hm_buf_clear(&text);
		hm_buf_add_cstr(&text, HEAD(M_TYPE) REST);
		while (text.len < HM_MAX_OCI_MANIFEST + over)
			hm_buf_add_char(&text, ' ');
		enum hm_status st = hm_oci_manifest_parse(hm_buf_str(&text), HM_STR(""), &arena, &m, &err);
		if (over)
			assert_refused("size", st, &err, HM_R_JSON_LIMIT);
		else
			assert_ok(st, &err);
	}
}

#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" SHA "\"]}"

/* As in image-spec's config.md, with what Docker adds and its nulls. */
static const char whole_config[] =
    "{\"created\":\"2015-10-31T22:22:56.015925234Z\",\"author\":\"A\",\"architecture\":\"arm64\",\"variant\":\"v8\","
    "\"os\":\"linux\",\"config\":{\"Hostname\":\"\",\"User\":\"alice\",\"ExposedPorts\":{\"8080/tcp\":{}},"
    "\"Env\":[\"PATH=/bin\",\"A=b\"],\"Entrypoint\":[\"/bin/app\"],\"Cmd\":null,\"Volumes\":{\"/a\":{},\"/b\":{}},"
    "\"WorkingDir\":\"/home\",\"Labels\":{\"l\":\"v\"},\"StopSignal\":\"SIGTERM\",\"OnBuild\":null}," ROOTFS ","
    "\"history\":[{\"created\":\"2015-10-31T22:22:54.690851953Z\",\"created_by\":\"x\",\"author\":\"y\",\"comment\":"
    "\"z\"},{\"empty_layer\":true}],\"docker_version\":\"1\"}";

static void test_config(void **state)
{
	(void)state;
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_oci_config c;
	struct hm_err err = { 0 };
	struct hm_oci_manifest m = { .layer_count = 1 };

	assert_ok(hm_oci_config_parse(hm_str(whole_config), &arena, &c, &err), &err);
	assert_true(hm_str_is(c.platform.arch, "arm64") && hm_str_is(c.platform.variant, "v8"));
	assert_true(hm_str_is(c.user, "alice") && c.cmd_count == 0 && c.entrypoint_count == 1);
	assert_true(c.env_count == 2 && hm_str_is(c.env[1], "A=b"));
	assert_true(c.port_count == 1 && hm_str_is(c.ports[0], "8080/tcp"));
	assert_true(c.volume_count == 2 && hm_str_is(c.volumes[1], "/b"));
	assert_true(c.label_count == 1 && c.history_count == 2 && c.history[1].empty_layer);
	assert_int_equal(c.diff_id_count, 1);
	assert_ok(hm_oci_check_image(&m, &c, &err), &err);
	m.layer_count = 2;
	assert_refused("layers", hm_oci_check_image(&m, &c, &err), &err, HM_R_OCI_MANIFEST);
}

static void test_config_refusals(void **state)
{
	(void)state;
	static const struct {
		const char *name, *text;
		enum hm_reason want;
	} rows[] = {
		{ "no system", "{\"architecture\":\"a\"," ROOTFS "}", HM_R_DATA_MISSING },
		{ "no architecture", "{\"os\":\"a\"," ROOTFS "}", HM_R_DATA_MISSING },
		{ "no file system", "{\"os\":\"a\",\"architecture\":\"a\"}", HM_R_DATA_MISSING },
		{ "another file system",
		  "{\"os\":\"a\",\"architecture\":\"a\",\"rootfs\":{\"type\":\"x\",\"diff_ids\":[]}}",
		  HM_R_OCI_MANIFEST },
		{ "a diffID",
		  "{\"os\":\"a\",\"architecture\":\"a\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"\"]}}",
		  HM_R_OCI_DIGEST },
		{ "a command that is text",
		  "{\"os\":\"a\",\"architecture\":\"a\",\"config\":{\"Cmd\":\"sh\"}," ROOTFS "}", HM_R_DATA_KIND },
		{ "entrypoint in other case",
		  "{\"os\":\"a\",\"architecture\":\"a\",\"config\":{\"entrypoint\":[]}," ROOTFS "}",
		  HM_R_DATA_UNKNOWN },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		struct hm_oci_config c;
		struct hm_err err = { 0 };
		assert_refused(rows[i].name, hm_oci_config_parse(hm_str(rows[i].text), &arena, &c, &err), &err,
			       rows[i].want);
	}
}

/* What is written is pinned: image digests rest on it. What was read is written in its one form. */
static void test_encode(void **state)
{
	(void)state;
	static const struct {
		const char *in, *out;
		enum hm_oci_kind kind;
	} rows[] = {
		{ "{\"layers\":[" LAYER
		  "],\"annotations\":{\"b\":\"1\",\"a\":\"2<&\"}, \"schemaVersion\":2,\"config\":" CONFIG
		  ",\"artifactType\":\"x/y\",\"subject\":" ENTRY("") "}",
		  HEAD(M_TYPE) "\"artifactType\":\"x/y\",\"config\":" CONFIG ",\"layers\":[" LAYER
			       "],\"subject\":" ENTRY("") ",\"annotations\":{\"a\":\"2<&\",\"b\":\"1\"}}",
		  HM_OCI_MANIFEST },
		{ HEAD(M_TYPE) "\"config\":" CONFIG ",\"layers\":[]}",
		  HEAD(M_TYPE) "\"config\":" CONFIG ",\"layers\":[]}", HM_OCI_MANIFEST },
		{ HEAD(I_TYPE) "\"manifests\":[" ENTRY(AMD64) "," ENTRY("") "]}",
		  HEAD(I_TYPE) "\"manifests\":[" ENTRY(AMD64) "," ENTRY("") "]}", HM_OCI_INDEX },
		{ whole_config,
		  "{\"created\":\"2015-10-31T22:22:56.015925234Z\",\"author\":\"A\",\"architecture\":\"arm64\",\"os\":"
		  "\"linux\",\"variant\":\"v8\",\"config\":{\"User\":\"alice\",\"ExposedPorts\":{\"8080/"
		  "tcp\":{}},\"Env\":["
		  "\"PATH=/bin\",\"A=b\"],\"Entrypoint\":[\"/bin/app\"],\"Volumes\":{\"/a\":{},\"/"
		  "b\":{}},\"WorkingDir\":"
		  "\"/home\",\"Labels\":{\"l\":\"v\"},\"StopSignal\":\"SIGTERM\"}," ROOTFS ",\"history\":[{\"created\":"
		  "\"2015-10-31T22:22:54.690851953Z\",\"created_by\":\"x\",\"author\":\"y\",\"comment\":\"z\"},"
		  "{\"empty_layer\":true}]}",
		  HM_OCI_CONFIG },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
		HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
		struct hm_str in = hm_str(rows[i].in);
		struct hm_oci_manifest m;
		struct hm_oci_index x;
		struct hm_oci_config c;
		struct hm_err err = { 0 };
		if (rows[i].kind == HM_OCI_MANIFEST) {
			assert_ok(hm_oci_manifest_parse(in, HM_STR(""), &arena, &m, &err), &err);
			assert_ok(hm_oci_manifest_encode(&m, &out, &err), &err);
		} else if (rows[i].kind == HM_OCI_INDEX) {
			assert_ok(hm_oci_index_parse(in, HM_STR(""), &arena, &x, &err), &err);
			assert_ok(hm_oci_index_encode(&x, &out, &err), &err);
		} else {
			assert_ok(hm_oci_config_parse(in, &arena, &c, &err), &err);
			assert_ok(hm_oci_config_encode(&c, &out, &err), &err);
		}
		assert_string_equal(out.ptr, rows[i].out);
	}
}

static enum hm_status all_of_it(struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_MIB);
	struct hm_oci_manifest m;
	struct hm_oci_config c;
	enum hm_status st =
	    hm_oci_manifest_parse(HM_STR(HEAD(M_TYPE) "\"annotations\":{\"a\":\"b\"},\"subject\":" ENTRY("") "," REST),
				  HM_STR(""), &arena, &m, err);

	if (st == HM_OK)
		st = hm_oci_manifest_encode(&m, &out, err);
	if (st == HM_OK)
		st = hm_oci_config_parse(hm_str(whole_config), &arena, &c, err);
	return st == HM_OK ? hm_oci_config_encode(&c, &out, err) : st;
}

static void test_no_memory(void **state)
{
	(void)state;
	walk_allocations(all_of_it);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kinds),    cmocka_unit_test(test_digests),
		cmocka_unit_test(test_manifest), cmocka_unit_test(test_index),
		cmocka_unit_test(test_refusals), cmocka_unit_test(test_limits),
		cmocka_unit_test(test_config),   cmocka_unit_test(test_config_refusals),
		cmocka_unit_test(test_encode),   cmocka_unit_test(test_no_memory),
	};
	return cmocka_run_group_tests_name("oci/manifest", tests, NULL, NULL);
}
