#include "attest/spdx.h"

#include "attest/purl.h"
#include "base/arena.h"
#include "base/encode.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/time.h"
#include "data/json_write.h"

#include <stdlib.h>

/* What an SPDX id is made of and how long it may become; "SPDXRef-KIND-TEXT-HASH". */
enum { max_id_text = 80, hash_bytes = 16 };

/* A module with its id; modules of several programs that are the same are one. */
struct module {
	const struct hm_attest_module *m;
	struct hm_str id;
};

/* Everything that has an id, made before the first byte is written. */
struct plan {
	const struct hm_attest_sbom *sbom;
	struct hm_arena arena;
	struct hm_str index_id;
	struct hm_str *image_ids, *binary_ids;
	struct module *modules; /* in order */
	size_t module_count;
	struct hm_str *go_versions, *go_ids; /* in order */
	size_t go_count;
	struct hm_str creator, created; /* as they are written */
	struct hm_json_writer w;
};

static void plan_done(struct plan *plan)
{
	hm_arena_done(&plan->arena);
}

static bool is_folder(struct hm_str version)
{
	return version.len == 0 || hm_str_is(version, "(devel)");
}

/* What was compiled: the module itself, or what replaced it. A folder in its place keeps the module's name. */
static bool is_replaced_by_folder(const struct hm_attest_module *m)
{
	return m->is_replaced && is_folder(m->by_version);
}

static struct hm_str path_of(const struct hm_attest_module *m)
{
	return m->is_replaced && !is_replaced_by_folder(m) ? m->by_path : m->path;
}

static struct hm_str version_of(const struct hm_attest_module *m)
{
	struct hm_str version = m->is_replaced ? m->by_version : m->version;

	return is_folder(version) ? HM_STR("(devel)") : version;
}

static struct hm_str sum_of(const struct hm_attest_module *m)
{
	return m->is_replaced ? m->by_sum : m->sum;
}

static int compare_modules(const struct hm_attest_module *a, const struct hm_attest_module *b)
{
	const struct hm_str x[] = { path_of(a), version_of(a), sum_of(a), a->path, a->version, a->by_path };
	const struct hm_str y[] = { path_of(b), version_of(b), sum_of(b), b->path, b->version, b->by_path };

	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		int order = hm_str_cmp(x[i], y[i]);
		if (order != 0)
			return order;
	}
	return (int)a->is_replaced - (int)b->is_replaced;
}

static int compare_entries(const void *a, const void *b)
{
	const struct module *x = a, *y = b;

	return compare_modules(x->m, y->m);
}

/*
 * An id: readable, of the characters that SPDX allows, and unique by a hash of what it stands for.
 *
 * Shape   parts: what the thing is known by; lengths are hashed too, so that no two lists run into each other.
 */
static enum hm_status make_id(struct plan *plan, const char *kind, struct hm_str text, const struct hm_str *parts,
			      size_t count, struct hm_str *ret_id, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf key = hm_buf_init(HM_MAX_ATTEST_SBOM);
	char readable[max_id_text], hex[2 * hash_bytes + 1];
	struct hm_hash hash;
	size_t len = text.len < max_id_text ? text.len : max_id_text;

	for (size_t i = 0; i < count; i++) {
		hm_buf_addf(&key, "%zu:", parts[i].len);
		hm_buf_add_str(&key, parts[i]);
	}
	enum hm_status st = hm_buf_check(&key, "SPDX id", err);
	if (st == HM_OK)
		st = hm_crypto_sha256_of(hm_buf_str(&key), &hash, err);
	if (st != HM_OK)
		return st;
	hm_hex_write(hex, hash.b, hash_bytes);
	for (size_t i = 0; i < len; i++) {
		char c = text.ptr[i];
		bool is_good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.';
		readable[i] = is_good ? c : '-';
	}
	*ret_id = hm_arena_printf(&plan->arena, "SPDXRef-%s-%.*s-%s", kind, (int)len, readable, hex);
	return hm_arena_check(&plan->arena, "SPDX id", err);
}

static enum hm_status check_module(const struct hm_attest_module *m, struct hm_err *err)
{
	struct hm_str sum = sum_of(m);
	HM_OWN(hm_buf_done) struct hm_buf hash = hm_buf_init(HM_HASH_LEN);

	if (m->path.len == 0 || path_of(m).len == 0)
		return hm_fail(err, HM_R_ATTEST_SBOM, "a module without a path");
	if (sum.len == 0)
		return HM_OK;
	bool is_h1 = hm_str_has_prefix(sum, HM_STR("h1:")) &&
		     hm_base64_decode(&hash, HM_BASE64_STD, hm_str_skip(sum, 3), NULL) == HM_OK;
	if (hash.status == HM_ENOMEM)
		return hm_fail(err, HM_R_NO_MEMORY, "a module's hash");
	if (!is_h1 || hash.len != HM_HASH_LEN)
		return hm_fail(err, HM_R_ATTEST_SBOM, "the module '%.*s' has the hash '%.*s', which is not Go's",
			       HM_STR_ARG(hm_str_head(path_of(m), 200)), HM_STR_ARG(hm_str_head(sum, 60)));
	return HM_OK;
}

static enum hm_status plan_modules(struct plan *plan, struct hm_err *err)
{
	const struct hm_attest_sbom *sbom = plan->sbom;
	size_t count = 0, unique = 0;
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < sbom->binary_count; i++)
		count += sbom->binaries[i].dep_count + 1;
	struct module *all = hm_arena_calloc(&plan->arena, count, sizeof(*all));
	if (!all)
		return hm_arena_check(&plan->arena, "modules of an SBOM", err);
	count = 0;
	for (size_t i = 0; i < sbom->binary_count; i++) {
		const struct hm_attest_binary *b = &sbom->binaries[i];
		if (b->has_main)
			all[count++].m = &b->main;
		for (size_t n = 0; n < b->dep_count; n++)
			all[count++].m = &b->deps[n];
	}
	qsort(all, count, sizeof(*all), compare_entries);
	for (size_t i = 0; st == HM_OK && i < count; i++) {
		const struct hm_attest_module *m = all[i].m;
		if (unique > 0 && compare_modules(all[unique - 1].m, m) == 0)
			continue;
		const struct hm_str parts[] = { path_of(m), version_of(m), sum_of(m), m->path, m->version, m->by_path };
		st = check_module(m, err);
		if (st == HM_OK)
			st = make_id(plan, "GoModule", path_of(m), parts, 6, &all[unique].id, err);
		all[unique++].m = m;
	}
	plan->modules = all;
	plan->module_count = unique;
	return st;
}

static struct hm_str id_of(const struct plan *plan, const struct hm_attest_module *m)
{
	const struct module key = { .m = m };
	const struct module *found = bsearch(&key, plan->modules, plan->module_count, sizeof(key), compare_entries);

	return found->id;
}

/* "1.26.8" of "go1.26.8 X:…"; what has no such form stays as it is. */
static struct hm_str go_number(struct hm_str version)
{
	struct hm_str number, rest;

	(void)!hm_str_cut(version, ' ', &number, &rest);
	return hm_str_has_prefix(number, HM_STR("go1")) ? hm_str_skip(number, 2) : version;
}

static int compare_strs(const void *a, const void *b)
{
	const struct hm_str *x = a, *y = b;

	return hm_str_cmp(*x, *y);
}

static enum hm_status plan_go_versions(struct plan *plan, struct hm_err *err)
{
	size_t count = plan->sbom->binary_count;
	enum hm_status st = HM_OK;

	plan->go_versions = hm_arena_calloc(&plan->arena, count, sizeof(*plan->go_versions));
	plan->go_ids = hm_arena_calloc(&plan->arena, count, sizeof(*plan->go_ids));
	if (!plan->go_versions || !plan->go_ids)
		return hm_arena_check(&plan->arena, "Go versions of an SBOM", err);
	for (size_t i = 0; i < count; i++)
		plan->go_versions[i] = plan->sbom->binaries[i].go_version;
	qsort(plan->go_versions, count, sizeof(*plan->go_versions), compare_strs);
	for (size_t i = 0; st == HM_OK && i < count; i++) {
		struct hm_str version = plan->go_versions[i];
		size_t n = plan->go_count;
		if (version.len == 0 || (n > 0 && hm_str_eq(plan->go_versions[n - 1], version)))
			continue;
		plan->go_versions[n] = version;
		st = make_id(plan, "Go", go_number(version), &version, 1, &plan->go_ids[n], err);
		plan->go_count++;
	}
	return st;
}

static enum hm_status plan_files(struct plan *plan, struct hm_err *err)
{
	const struct hm_attest_sbom *sbom = plan->sbom;
	enum hm_status st = HM_OK;

	plan->image_ids = hm_arena_calloc(&plan->arena, sbom->image_count, sizeof(*plan->image_ids));
	plan->binary_ids = hm_arena_calloc(&plan->arena, sbom->binary_count, sizeof(*plan->binary_ids));
	if (!plan->image_ids || !plan->binary_ids)
		return hm_arena_check(&plan->arena, "parts of an SBOM", err);
	if (sbom->index)
		st = make_id(plan, "ImageIndex", sbom->name, &sbom->index->digest, 1, &plan->index_id, err);
	for (size_t i = 0; st == HM_OK && i < sbom->image_count; i++) {
		const struct hm_attest_image *image = &sbom->images[i];
		const struct hm_str parts[] = { image->digest, image->platform };
		st = make_id(plan, "Image", image->platform, parts, 2, &plan->image_ids[i], err);
	}
	for (size_t i = 0; st == HM_OK && i < sbom->binary_count; i++) {
		const struct hm_attest_binary *b = &sbom->binaries[i];
		struct hm_str in = b->image == HM_ATTEST_NO_IMAGE ? HM_STR("") : sbom->images[b->image].digest;
		const struct hm_str parts[] = { b->name, hm_str_of(b->sha256.b, HM_HASH_LEN), in };
		st = make_id(plan, "Binary", b->name, parts, 3, &plan->binary_ids[i], err);
	}
	return st;
}

/* The fields that every package has, in the order of the specification's schema; the caller ends the object. */
static void begin_package(struct hm_json_writer *w, struct hm_str id, struct hm_str name, struct hm_str version)
{
	hm_json_object(w);
	hm_json_member_str(w, "SPDXID", id);
	hm_json_member_str(w, "name", name);
	hm_json_member_str_if(w, "versionInfo", version);
	hm_json_member_cstr(w, "supplier", "NOASSERTION");
	hm_json_member_cstr(w, "downloadLocation", "NOASSERTION");
	hm_json_member_bool(w, "filesAnalyzed", false);
	hm_json_member_cstr(w, "licenseConcluded", "NOASSERTION");
	hm_json_member_cstr(w, "licenseDeclared", "NOASSERTION");
	hm_json_member_cstr(w, "copyrightText", "NOASSERTION");
}

static void write_sha256(struct hm_json_writer *w, struct hm_str hex)
{
	hm_json_key(w, "checksums");
	hm_json_array(w);
	hm_json_object(w);
	hm_json_member_cstr(w, "algorithm", "SHA256");
	hm_json_member_str(w, "checksumValue", hex);
	hm_json_object_end(w);
	hm_json_array_end(w);
}

static void write_ref(struct hm_json_writer *w, const char *category, const char *type, struct hm_str locator,
		      const char *comment)
{
	hm_json_object(w);
	hm_json_member_cstr(w, "referenceCategory", category);
	hm_json_member_cstr(w, "referenceType", type);
	hm_json_member_str(w, "referenceLocator", locator);
	if (comment)
		hm_json_member_cstr(w, "comment", comment);
	hm_json_object_end(w);
}

static enum hm_status write_image(struct plan *plan, struct hm_str id, const struct hm_attest_image *image,
				  struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf purl = hm_buf_init(HM_MAX_ATTEST_SBOM);
	struct hm_str algorithm, hex;

	if (!hm_str_cut(image->digest, ':', &algorithm, &hex) || hex.len == 0)
		return hm_fail(err, HM_R_ATTEST_SBOM, "'%.*s' is not the digest of an image",
			       HM_STR_ARG(hm_str_head(image->digest, 100)));
	hm_attest_purl_oci(plan->sbom->name, image->digest, image->arch, &purl);
	begin_package(&plan->w, id, plan->sbom->name, image->digest);
	if (hm_str_is(algorithm, "sha256"))
		write_sha256(&plan->w, hex);
	hm_json_member_cstr(&plan->w, "primaryPackagePurpose", "CONTAINER");
	hm_json_key(&plan->w, "externalRefs");
	hm_json_array(&plan->w);
	write_ref(&plan->w, "PACKAGE-MANAGER", "purl", hm_buf_str(&purl), NULL);
	hm_json_array_end(&plan->w);
	if (image->platform.len > 0)
		hm_json_member_str(&plan->w, "comment", image->platform);
	hm_json_object_end(&plan->w);
	return hm_buf_check(&purl, "package URL", err);
}

static void write_binary(struct plan *plan, struct hm_str id, const struct hm_attest_binary *b)
{
	char hex[2 * HM_HASH_LEN + 1];
	struct hm_json_writer *w = &plan->w;

	hm_hex_write(hex, b->sha256.b, HM_HASH_LEN);
	begin_package(w, id, b->name, b->has_main ? version_of(&b->main) : HM_STR("(devel)"));
	hm_json_member_str(w, "packageFileName", b->name);
	write_sha256(w, hm_str(hex));
	hm_json_member_cstr(w, "primaryPackagePurpose", "APPLICATION");
	struct hm_str comment =
	    hm_arena_printf(&plan->arena, "package %.*s for %.*s, linked by %.*s", HM_STR_ARG(b->package),
			    HM_STR_ARG(b->platform), HM_STR_ARG(b->go_version));
	hm_json_member_str_if(w, "comment", comment);
	hm_json_object_end(w);
}

static enum hm_status write_module(struct plan *plan, const struct module *module, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf purl = hm_buf_init(HM_MAX_ATTEST_SBOM);
	const struct hm_attest_module *m = module->m;
	struct hm_str version = version_of(m);
	struct hm_json_writer *w = &plan->w;

	hm_attest_purl_golang(path_of(m), is_folder(version) ? HM_STR("") : version, &purl);
	begin_package(w, module->id, path_of(m), version);
	hm_json_member_cstr(w, "primaryPackagePurpose", "LIBRARY");
	hm_json_key(w, "externalRefs");
	hm_json_array(w);
	write_ref(w, "PACKAGE-MANAGER", "purl", hm_buf_str(&purl), NULL);
	/* Never a checksum: SHA256 would say that the zip has it, and a listing of what is in the zip does. */
	if (sum_of(m).len > 0)
		write_ref(w, "OTHER", "go.sum", sum_of(m),
			  "the hash of the module's file listing, as go.sum has it; not of its zip");
	hm_json_array_end(w);
	if (is_replaced_by_folder(m))
		hm_json_member_str(w, "comment",
				   hm_arena_printf(&plan->arena, "the folder %.*s in place of %.*s %.*s",
						   HM_STR_ARG(m->by_path), HM_STR_ARG(m->path),
						   HM_STR_ARG(m->version)));
	else if (m->is_replaced)
		hm_json_member_str(w, "comment",
				   hm_arena_printf(&plan->arena, "in place of %.*s %.*s", HM_STR_ARG(m->path),
						   HM_STR_ARG(m->version)));
	hm_json_object_end(w);
	return hm_buf_check(&purl, "package URL", err);
}

static bool is_release(struct hm_str number)
{
	for (size_t i = 0; i < number.len; i++) {
		if ((number.ptr[i] < '0' || number.ptr[i] > '9') && number.ptr[i] != '.')
			return false;
	}
	return number.len > 0;
}

/* The standard library, which is a part of every program and of no module. */
static enum hm_status write_go(struct plan *plan, size_t i, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf purl = hm_buf_init(HM_MAX_ATTEST_SBOM);
	struct hm_str number = go_number(plan->go_versions[i]);
	struct hm_json_writer *w = &plan->w;

	hm_attest_purl_golang(HM_STR("stdlib"), number, &purl);
	begin_package(w, plan->go_ids[i], HM_STR("stdlib"), number);
	hm_json_member_cstr(w, "primaryPackagePurpose", "LIBRARY");
	hm_json_key(w, "externalRefs");
	hm_json_array(w);
	write_ref(w, "PACKAGE-MANAGER", "purl", hm_buf_str(&purl), NULL);
	if (is_release(number))
		write_ref(w, "SECURITY", "cpe23Type",
			  hm_arena_printf(&plan->arena, "cpe:2.3:a:golang:go:%.*s:-:*:*:*:*:*:*", HM_STR_ARG(number)),
			  NULL);
	hm_json_array_end(w);
	hm_json_member_str(w, "comment",
			   hm_arena_printf(&plan->arena, "Go's standard library and toolchain, %.*s",
					   HM_STR_ARG(plan->go_versions[i])));
	hm_json_object_end(w);
	return hm_buf_check(&purl, "package URL", err);
}

static enum hm_status write_packages(struct plan *plan, struct hm_err *err)
{
	const struct hm_attest_sbom *sbom = plan->sbom;
	enum hm_status st = HM_OK;

	hm_json_key(&plan->w, "packages");
	hm_json_array(&plan->w);
	if (sbom->index)
		st = write_image(plan, plan->index_id, sbom->index, err);
	for (size_t i = 0; st == HM_OK && i < sbom->image_count; i++)
		st = write_image(plan, plan->image_ids[i], &sbom->images[i], err);
	for (size_t i = 0; i < sbom->binary_count; i++)
		write_binary(plan, plan->binary_ids[i], &sbom->binaries[i]);
	for (size_t i = 0; st == HM_OK && i < plan->module_count; i++)
		st = write_module(plan, &plan->modules[i], err);
	for (size_t i = 0; st == HM_OK && i < plan->go_count; i++)
		st = write_go(plan, i, err);
	hm_json_array_end(&plan->w);
	return st;
}

static void relate(struct hm_json_writer *w, struct hm_str from, const char *type, struct hm_str to)
{
	hm_json_object(w);
	hm_json_member_str(w, "spdxElementId", from);
	hm_json_member_cstr(w, "relationshipType", type);
	hm_json_member_str(w, "relatedSpdxElement", to);
	hm_json_object_end(w);
}

/* What the document is about: the index, else each image, and each program that is in none. */
static void write_described(struct plan *plan)
{
	const struct hm_attest_sbom *sbom = plan->sbom;
	struct hm_str document = HM_STR("SPDXRef-DOCUMENT");

	if (sbom->index)
		relate(&plan->w, document, "DESCRIBES", plan->index_id);
	for (size_t i = 0; !sbom->index && i < sbom->image_count; i++)
		relate(&plan->w, document, "DESCRIBES", plan->image_ids[i]);
	for (size_t i = 0; i < sbom->binary_count; i++) {
		if (sbom->binaries[i].image == HM_ATTEST_NO_IMAGE)
			relate(&plan->w, document, "DESCRIBES", plan->binary_ids[i]);
	}
}

static void relate_binary(struct plan *plan, struct hm_str id, const struct hm_attest_binary *b)
{
	if (b->image != HM_ATTEST_NO_IMAGE)
		relate(&plan->w, plan->image_ids[b->image], "CONTAINS", id);
	if (b->has_main)
		relate(&plan->w, id, "CONTAINS", id_of(plan, &b->main));
	for (size_t i = 0; i < b->dep_count; i++)
		relate(&plan->w, id, "DEPENDS_ON", id_of(plan, &b->deps[i]));
	for (size_t i = 0; i < plan->go_count; i++) {
		if (hm_str_eq(plan->go_versions[i], b->go_version))
			relate(&plan->w, id, "DEPENDS_ON", plan->go_ids[i]);
	}
}

static void write_relationships(struct plan *plan)
{
	const struct hm_attest_sbom *sbom = plan->sbom;

	hm_json_key(&plan->w, "relationships");
	hm_json_array(&plan->w);
	write_described(plan);
	/* Both ways: who walks down from the root needs one, who asks what an image is a variant of the other. */
	for (size_t i = 0; sbom->index && i < sbom->image_count; i++) {
		relate(&plan->w, plan->index_id, "CONTAINS", plan->image_ids[i]);
		relate(&plan->w, plan->image_ids[i], "VARIANT_OF", plan->index_id);
	}
	for (size_t i = 0; i < sbom->binary_count; i++)
		relate_binary(plan, plan->binary_ids[i], &sbom->binaries[i]);
	hm_json_array_end(&plan->w);
}

static enum hm_status write_document(struct plan *plan, struct hm_str space, struct hm_buf *buf, struct hm_err *err)
{
	struct hm_json_writer *w = &plan->w;

	*w = hm_json_writer_init(buf, &hm_json_pretty);
	hm_json_object(w);
	hm_json_member_cstr(w, "spdxVersion", "SPDX-2.3");
	hm_json_member_cstr(w, "dataLicense", "CC0-1.0");
	hm_json_member_cstr(w, "SPDXID", "SPDXRef-DOCUMENT");
	hm_json_member_str(w, "name", plan->sbom->name);
	hm_json_member_str(w, "documentNamespace", space);
	hm_json_key(w, "creationInfo");
	hm_json_object(w);
	hm_json_member_str(w, "created", plan->created);
	hm_json_key(w, "creators");
	hm_json_array(w);
	hm_json_str(w, plan->creator);
	hm_json_array_end(w);
	hm_json_member_cstr(
	    w, "comment",
	    "Made after the build from the build info that the Go linker wrote into the programs. The list "
	    "of modules is complete; licenses and suppliers are not known.");
	hm_json_object_end(w);
	enum hm_status st = write_packages(plan, err);
	if (st != HM_OK)
		return st;
	write_relationships(plan);
	hm_json_object_end(w);
	hm_buf_add_char(buf, '\n');
	st = hm_arena_check(&plan->arena, "SBOM", err);
	return st == HM_OK ? hm_json_writer_check(w, "SBOM", err) : st;
}

/* The namespace that is only this document's: by the digest of all that stands in it. */
static enum hm_status make_namespace(struct plan *plan, struct hm_str *ret_space, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf without = hm_buf_init(HM_MAX_ATTEST_SBOM);
	struct hm_hash hash;
	char hex[2 * HM_HASH_LEN + 1];
	enum hm_status st = write_document(plan, HM_STR(""), &without, err);

	if (st == HM_OK)
		st = hm_crypto_sha256_of(hm_buf_str(&without), &hash, err);
	if (st != HM_OK)
		return st;
	hm_hex_write(hex, hash.b, HM_HASH_LEN);
	*ret_space = hm_arena_printf(&plan->arena, "https://hallmark.localhost/spdx/%s", hex);
	return hm_arena_check(&plan->arena, "SBOM", err);
}

enum hm_status hm_attest_spdx_encode(const struct hm_attest_sbom *sbom, struct hm_buf *buf, struct hm_err *err)
{
	HM_OWN(plan_done) struct plan plan = { .sbom = sbom, .arena = hm_arena_init(HM_MAX_ATTEST_SBOM) };
	char created[HM_TIME_TEXT_LEN];
	struct hm_str space;

	hm_time_write(sbom->created_s, created);
	plan.created = hm_str(created);
	plan.creator = hm_arena_printf(&plan.arena, "Tool: %.*s", HM_STR_ARG(sbom->tool));
	enum hm_status st = plan_files(&plan, err);
	if (st == HM_OK)
		st = plan_modules(&plan, err);
	if (st == HM_OK)
		st = plan_go_versions(&plan, err);
	if (st == HM_OK)
		st = make_namespace(&plan, &space, err);
	return st == HM_OK ? write_document(&plan, space, buf, err) : st;
}
