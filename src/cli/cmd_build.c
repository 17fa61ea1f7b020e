/* build: a Go program for each platform, and the image index of them. */
#include "cli/commands.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/tree.h"
#include "cli/build.h"
#include "cli/sbom.h"
#include "cli/sign_key.h"
#include "cli/stop.h"
#include "data/json_write.h"
#include "image/assemble.h"
#include "image/compile.h"
#include "image/sbom.h"
#include "oci/manifest.h"
#include "sigstore/sign.h"

#include <errno.h>
#include <sys/stat.h>

enum push { PUSH_NOT_SAID, PUSH_NO, PUSH_YES };

struct build_opts {
	struct hm_strv platforms, ldflags, annotations, labels;
	const char *user, *layout, *sbom_dir, *output_dir, *name_file, *digest_file, *modcache, *cache, *sign_by;
	unsigned sandbox, sbom, push;
	uint64_t jobs;
	bool disable_optimizations;
};

#define SBOM_FILE "sbom.spdx.json"

static const char *const sandbox_choices[] = { "auto", "step", "none", NULL };
static const char *const sbom_choices[] = { "spdx", "none", NULL };
static const char *const push_choices[] = { "", "false", "true", NULL };

#define O(member) offsetof(struct build_opts, member)
static const struct hm_opt build_table[] = {
	{ "platform", 0, HM_OPT_LIST, O(platforms), "LIST", "platforms as OS/ARCH[/VARIANT], with commas between them",
	  NULL, NULL },
	{ "output-dir", 0, HM_OPT_TEXT, O(output_dir), "FOLDER",
	  "where the results go; .hallmark/out/NAME of the module", NULL, NULL },
	{ "oci-layout-path", 0, HM_OPT_TEXT, O(layout), "FOLDER",
	  "where the image layout goes; image of the output folder", NULL, NULL },
	{ "sbom", 0, HM_OPT_CHOICE, O(sbom), "FORM", "spdx, or none", sbom_choices, NULL },
	{ "sbom-dir", 0, HM_OPT_TEXT, O(sbom_dir), "FOLDER", "where sbom.spdx.json goes; the output folder", NULL,
	  NULL },
	{ "sign-by", 0, HM_OPT_TEXT, O(sign_by), "KEY", "sign what was built: a key file, env://NAME, or PEM text",
	  NULL, NULL },
	{ "sandbox", 0, HM_OPT_CHOICE, O(sandbox), "HOW",
	  "auto: compile in a sandbox; step: this is one already; none: without, which is said", sandbox_choices,
	  NULL },
	{ "ldflags", 0, HM_OPT_LIST, O(ldflags), "FLAGS", "flags for Go's linker", NULL, NULL },
	{ "disable-optimizations", 0, HM_OPT_FLAG, O(disable_optimizations), NULL, "compile for a debugger", NULL,
	  NULL },
	{ "image-annotation", 0, HM_OPT_LIST, O(annotations), "K=V", "annotations of images and index, with commas",
	  NULL, NULL },
	{ "image-label", 0, HM_OPT_LIST, O(labels), "K=V", "labels of images, with commas", NULL, NULL },
	{ "image-user", 0, HM_OPT_TEXT, O(user), "USER", "who the program runs as; 65532:65532", NULL, NULL },
	{ "jobs", 'j', HM_OPT_NUMBER, O(jobs), "NUMBER", "compilers at the same time; one a processor", NULL, NULL },
	{ "modcache", 0, HM_OPT_TEXT, O(modcache), "FOLDER", "the module cache; go env GOMODCACHE", NULL, NULL },
	{ "build-cache", 0, HM_OPT_TEXT, O(cache), "FOLDER", "Go's build cache; one of hallmark's own", NULL, NULL },
	{ "name-file", 0, HM_OPT_TEXT, O(name_file), "FILE", "write the program's name there", NULL, NULL },
	{ "digest-file", 0, HM_OPT_TEXT, O(digest_file), "FILE", "write the index's digest there", NULL, NULL },
	{ "push", 0, HM_OPT_CHOICE, O(push), "false", "ko's: only false is supported, nothing is pushed", push_choices,
	  NULL },
};
#undef O

/* One build: all that has to be given back. */
struct build {
	struct hm_cli *cli;
	const struct build_opts *o;
	struct hm_arena arena;
	struct hm_image_target *targets;
	size_t count;
	struct hm_cli_source source;
	char *out;    /* where the results go, absolute */
	char *stage;  /* a folder beside or in it: what is not finished yet */
	char *layout; /* where the image layout goes */
	char *cache, *ldflags, *sbom;
	struct hm_image_program *programs;
	struct hm_image_made *made;
	struct hm_digest index;
	struct hm_signer signer; /* with --sign-by */
	struct hm_strv files;    /* in the stage: what belongs into the output folder */
	struct hm_stop stop; /* so that a build that is stopped takes its compilers and unfinished results with it */
};

static void build_done(struct build *b)
{
	if (b->stage)
		(void)!hm_tree_remove(b->stage, NULL);
	hm_stop_done(&b->stop);
	hm_cli_source_done(&b->source);
	hm_signer_done(&b->signer);
	hm_strv_done(&b->files);
	hm_arena_done(&b->arena);
	free(b->out);
	free(b->stage);
	free(b->layout);
	free(b->cache);
	free(b->ldflags);
	free(b->sbom);
}

static bool is_default_out(const struct build *b)
{
	return !b->o->output_dir;
}

/* --- options --- */

static enum hm_status check_opts(const struct build_opts *o, struct hm_err *err)
{
	const char *repo = getenv("KO_DOCKER_REPO");

	if (o->push == PUSH_YES)
		return hm_fail(err, HM_R_UNSUPPORTED, "--push: pushing to a registry is not supported yet");
	if (repo && repo[0] && o->push != PUSH_NO && !o->layout)
		return hm_fail(err, HM_R_UNSUPPORTED,
			       "KO_DOCKER_REPO is set, and pushing to a registry is not supported yet; --push=false "
			       "writes an image layout");
	return HM_OK;
}

static enum hm_status read_platforms(struct build *b, struct hm_err *err)
{
	HM_OWN(hm_freep) char *list = NULL;
	enum hm_status st = hm_cli_platforms(&b->o->platforms, &list, err);

	return st == HM_OK ? hm_cli_targets(hm_str(list), &b->arena, &b->targets, &b->count, err) : st;
}

/* "K=V,K=V", each time that the option was given. */
static enum hm_status read_pairs(struct build *b, const char *option, const struct hm_strv *list,
				 const struct hm_json_pair **ret_pairs, size_t *ret_count, struct hm_err *err)
{
	struct hm_str rest, part;
	struct hm_json_pair *pairs;
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		for (rest = hm_str(list->v[i]); hm_str_next(&rest, ',', &part);)
			count++;
	}
	pairs = hm_arena_calloc(&b->arena, count, sizeof(*pairs));
	if (!pairs)
		return hm_arena_check(&b->arena, option, err);
	count = 0;
	for (size_t i = 0; i < list->count; i++) {
		for (rest = hm_str(list->v[i]); hm_str_next(&rest, ',', &part);) {
			struct hm_json_pair *pair = &pairs[count++];
			if (!hm_str_cut(part, '=', &pair->key, &pair->value))
				return hm_fail(err, HM_R_USAGE, "--%s wants KEY=VALUE, not '%.*s'", option,
					       HM_STR_ARG(part));
		}
	}
	*ret_pairs = pairs;
	*ret_count = count;
	return HM_OK;
}

/* Standard input is not asked for a password: it is the caller's script, maybe. */
static enum hm_status read_key(struct build *b, struct hm_err *err)
{
	const char *key = b->o->sign_by;
	bool is_text = strncmp(key, "-----BEGIN", 10) == 0;

	return is_text ? hm_cli_key_read(b->cli, hm_str(key), true, &b->signer, err)
		       : hm_cli_key_load(b->cli, key, true, &b->signer, err);
}

/* --- folders --- */

/* Go's build cache: a step has been given one. */
static enum hm_status find_cache(struct build *b, struct hm_err *err)
{
	if (!b->o->cache && b->o->sandbox != HM_IMAGE_STEP)
		return hm_cli_go_cache(&b->cache, err);
	b->cache = hm_asprintf("%s", b->o->cache ? b->o->cache : b->source.go.facts.gocache);
	return b->cache ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "find the build cache");
}

/* Nobody should commit results: a folder that git passes over. */
static enum hm_status make_results(const char *folder, struct hm_err *err)
{
	HM_OWN(hm_freep) char *ignore = hm_asprintf("%s/.gitignore", folder);

	if (!ignore)
		return hm_fail(err, HM_R_NO_MEMORY, "make '%s'", folder);
	enum hm_status st = hm_dir_make(folder, 0755, err);
	hm_file_sweep(folder);
	return st == HM_OK && !hm_path_is_there(ignore) ? hm_file_save(ignore, HM_STR("*\n"), 0644, err) : st;
}

static enum hm_status make_folders(struct build *b, struct hm_err *err)
{
	HM_OWN(hm_freep) char *parent = NULL;
	enum hm_status st;

	if (is_default_out(b)) {
		parent = hm_asprintf("%s/.hallmark/out", b->source.go.root);
		b->out = parent ? hm_asprintf("%s/%s", parent, b->source.name) : NULL;
		if (!b->out)
			return hm_fail(err, HM_R_NO_MEMORY, "make the output folder");
		st = make_results(parent, err);
	} else {
		st = hm_dir_make(b->o->output_dir, 0755, err);
		if (st == HM_OK)
			st = hm_path_resolve(b->o->output_dir, &b->out, err);
	}
	if (st == HM_OK)
		st = hm_dir_make_temp(parent ? parent : b->out, ".hallmark-", &b->stage, err);
	if (st != HM_OK)
		return st;
	b->layout = b->o->layout ? hm_asprintf("%s", b->o->layout)
				 : hm_asprintf("%s/image", is_default_out(b) ? b->stage : b->out);
	return b->layout ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "make the output folder");
}

/* --- the build --- */

static void print_log(struct build *b, const struct hm_buf *log)
{
	if (log->len > 0)
		hm_cli_print_clean(b->cli->log, log->ptr);
}

static enum hm_status compile(struct build *b, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf log = { 0 };
	const char *tmpdir = getenv("TMPDIR");
	const struct hm_image_compile_opts opts = {
		.name = b->source.name,
		.root = b->source.root,
		.module = b->source.go.root,
		.package = b->source.package,
		.goroot = b->source.go.facts.goroot,
		.gomodcache = b->source.go.modcache,
		.gocache = b->cache,
		.ldflags = b->ldflags && b->ldflags[0] ? b->ldflags : NULL,
		.disable_optimizations = b->o->disable_optimizations,
		.isolation = (enum hm_image_isolation)b->o->sandbox,
		.tmpdir = tmpdir && tmpdir[0] == '/' ? tmpdir : NULL,
		.out = b->stage,
		.jobs = b->o->jobs,
		.stop_fd = b->stop.signal ? b->stop.fd : -1,
	};

	if (opts.isolation == HM_IMAGE_NONE)
		fputs("hallmark: the compiler is not isolated: --sandbox none\n", b->cli->log);
	enum hm_status st = hm_image_compile(&opts, b->targets, b->count, &log, err);
	/* a short one is in the error itself */
	if (st == HM_OK || log.len > sizeof(err->cause))
		print_log(b, &log);
	return st;
}

/* Whoever comes from ko expects it to count. */
static enum hm_status note_ko_yaml(struct build *b, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/.ko.yaml", b->source.go.root);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "look for .ko.yaml");
	if (hm_path_is_there(path))
		fputs("hallmark: .ko.yaml is not read: its base image, flags and environment have no effect\n",
		      b->cli->log);
	return HM_OK;
}

static enum hm_status list_programs(struct build *b, struct hm_err *err)
{
	b->programs = hm_arena_calloc(&b->arena, b->count, sizeof(*b->programs));
	b->made = hm_arena_calloc(&b->arena, b->count, sizeof(*b->made));
	for (size_t i = 0; b->programs && i < b->count; i++) {
		HM_OWN(hm_buf_done) struct hm_buf file = hm_buf_init(HM_MAX_SANDBOX_PATH);
		hm_buf_addf(&file, "%s/", b->stage);
		hm_image_file_name(b->source.name, &b->targets[i].platform, &file);
		enum hm_status st = hm_buf_check(&file, "a program's name", err);
		if (st != HM_OK)
			return st;
		b->programs[i] = (struct hm_image_program){
			.platform = b->targets[i].platform,
			.path = hm_arena_dup(&b->arena, hm_buf_str(&file)).ptr,
		};
		if (b->programs[i].path)
			hm_strv_add(&b->files, hm_path_base(b->programs[i].path));
	}
	enum hm_status st = hm_arena_check(&b->arena, "programs", err);
	return st == HM_OK ? hm_strv_check(&b->files, err) : st;
}

static enum hm_status assemble(struct build *b, struct hm_err *err)
{
	struct hm_image_opts opts = { .name = b->source.name, .user = b->o->user };

	enum hm_status st = list_programs(b, err);
	if (st == HM_OK)
		st = read_pairs(b, "image-annotation", &b->o->annotations, &opts.annotations, &opts.annotation_count,
				err);
	if (st == HM_OK)
		st = read_pairs(b, "image-label", &b->o->labels, &opts.labels, &opts.label_count, err);
	return st == HM_OK ? hm_image_assemble(b->layout, &opts, b->programs, b->count, b->made, &b->index, err) : st;
}

/* A finished file in the stage. */
static enum hm_status stage_file(struct build *b, const char *name, struct hm_str text, struct hm_err *err)
{
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", b->stage, name);

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "write '%s'", name);
	hm_strv_add(&b->files, name);
	enum hm_status st = hm_strv_check(&b->files, err);
	return st == HM_OK ? hm_file_save(path, text, 0644, err) : st;
}

static enum hm_status describe(struct build *b, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	struct hm_image_sbom_opts opts = { .name = b->source.name, .tool = hm_cli_sbom_tool() };

	enum hm_status st = hm_cli_sbom_time(&opts.created_s, err);
	if (st == HM_OK)
		st = hm_image_sbom_layout(b->layout, &opts, &text, err);
	if (st == HM_OK)
		st = stage_file(b, SBOM_FILE, hm_buf_str(&text), err);
	if (st != HM_OK)
		return hm_while(err, st, "make the SBOM");
	b->sbom = hm_asprintf("%s/%s", b->o->sbom_dir ? b->o->sbom_dir : b->out, SBOM_FILE);
	return b->sbom ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "make the SBOM");
}

/* --- signatures --- */

/* Sign a file; the bundle is called as what it is for. */
static enum hm_status sign_file(struct build *b, struct hm_signing *signing, const char *path, const char *name,
				struct hm_err *err)
{
	HM_OWN(hm_artifact_file_done) struct hm_artifact_file file = { .fd = -1 };
	HM_OWN(hm_freep) char *bundle = hm_asprintf("%s.sigstore.json", name);
	HM_OWN(hm_signed_freep) struct hm_signed *made = NULL;

	if (!bundle)
		return hm_fail(err, HM_R_NO_MEMORY, "sign '%s'", name);
	enum hm_status st = hm_artifact_file_open(path, &file, err);
	if (st != HM_OK)
		return st;
	struct hm_artifact artifact = hm_artifact_of_file(&file);
	st = hm_sign_blob(signing, &artifact, NULL, &made, err);
	if (st == HM_OK)
		st = stage_file(b, bundle, hm_signed_text(made), err);
	return hm_while(err, st, "sign '%s'", name);
}

/* The index names all else in the layout, so its signature is the image's. */
static enum hm_status sign_index(struct build *b, struct hm_signing *signing, struct hm_err *err)
{
	char digest[HM_OCI_DIGEST_LEN];

	hm_oci_digest_write(&b->index, digest);
	HM_OWN(hm_freep) char *path = hm_asprintf("%s/blobs/sha256/%s", b->layout, strchr(digest, ':') + 1);
	return path ? sign_file(b, signing, path, "image", err) : hm_fail(err, HM_R_NO_MEMORY, "sign the image");
}

static enum hm_status sign(struct build *b, struct hm_err *err)
{
	HM_OWN(hm_signing_freep) struct hm_signing *signing = NULL;
	const struct hm_sign_opts opts = { .fx = b->cli->fx };

	enum hm_status st = hm_signing_new_keyed(NULL, &b->signer, &opts, &signing, err);
	for (size_t i = 0; i < b->count && st == HM_OK; i++)
		st = sign_file(b, signing, b->programs[i].path, hm_path_base(b->programs[i].path), err);
	if (st == HM_OK)
		st = sign_index(b, signing, err);
	if (st == HM_OK && b->sbom) {
		HM_OWN(hm_freep) char *path = hm_asprintf("%s/%s", b->stage, SBOM_FILE);
		st = path ? sign_file(b, signing, path, SBOM_FILE, err) : hm_fail(err, HM_R_NO_MEMORY, "sign the SBOM");
	}
	return st;
}

/* --- into place --- */

/* The SBOM and its bundle, where a folder of their own was named for them; it may be on another file system. */
static enum hm_status place_sbom(struct build *b, struct hm_err *err)
{
	static const char *const names[] = { SBOM_FILE, SBOM_FILE ".sigstore.json" };

	enum hm_status st = hm_dir_make(b->o->sbom_dir, 0755, err);
	for (size_t i = 0; i < 2 && st == HM_OK; i++) {
		HM_OWN(hm_freep) char *from = hm_asprintf("%s/%s", b->stage, names[i]);
		HM_OWN(hm_freep) char *to = hm_asprintf("%s/%s", b->o->sbom_dir, names[i]);
		HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
		if (!from || !to)
			return hm_fail(err, HM_R_NO_MEMORY, "write the SBOM");
		if (!hm_path_is_file(from))
			continue;
		st = hm_file_read(from, HM_MAX_ATTEST_SBOM, &text, err);
		if (st == HM_OK)
			st = hm_file_save(to, hm_buf_str(&text), 0644, err);
		if (st == HM_OK && unlink(from) != 0)
			st = hm_fail_errno(err, errno, "remove '%s'", from);
	}
	return st;
}

/* Put a folder that is finished where an older one may be. */
static enum hm_status replace_folder(struct build *b, struct hm_err *err)
{
	if (chmod(b->stage, 0755) != 0)
		return hm_fail_errno(err, errno, "finish '%s'", b->stage);
	/* the older one has the stage's name then, and goes with it */
	enum hm_status st = hm_dir_replace(b->stage, b->out, err);
	if (st == HM_OK && !b->o->layout) {
		free(b->layout);
		b->layout = hm_asprintf("%s/image", b->out);
		st = b->layout ? HM_OK : hm_fail(err, HM_R_NO_MEMORY, "finish '%s'", b->out);
	}
	return st;
}

static enum hm_status move_files(struct build *b, struct hm_err *err)
{
	for (size_t i = 0; i < b->files.count; i++) {
		HM_OWN(hm_freep) char *from = hm_asprintf("%s/%s", b->stage, b->files.v[i]);
		HM_OWN(hm_freep) char *to = hm_asprintf("%s/%s", b->out, b->files.v[i]);
		if (!from || !to)
			return hm_fail(err, HM_R_NO_MEMORY, "finish '%s'", b->out);
		/* what has gone to a folder of its own is not here any more */
		if (rename(from, to) != 0 && errno != ENOENT)
			return hm_fail_errno(err, errno, "put '%s' in its place", to);
	}
	return hm_dir_sync(b->out, err);
}

static enum hm_status save_results(struct build *b, struct hm_err *err)
{
	char digest[HM_OCI_DIGEST_LEN];

	hm_oci_digest_write(&b->index, digest);
	/* no line end: they become results of a task, byte for byte */
	enum hm_status st = b->o->sbom_dir && b->sbom ? place_sbom(b, err) : HM_OK;
	if (st == HM_OK)
		st = is_default_out(b) ? replace_folder(b, err) : move_files(b, err);
	if (st == HM_OK && b->o->name_file)
		st = hm_file_put(b->o->name_file, hm_str(b->source.name), 0644, err);
	if (st == HM_OK && b->o->digest_file)
		st = hm_file_put(b->o->digest_file, hm_str(digest), 0644, err);
	return st;
}

/* --- what is printed --- */

static void write_digest(struct hm_json_writer *w, const char *name, const struct hm_digest *digest)
{
	char text[HM_OCI_DIGEST_LEN];

	hm_oci_digest_write(digest, text);
	hm_json_member_cstr(w, name, text);
}

static struct hm_digest digest_of(const struct hm_hash *hash)
{
	struct hm_digest digest = { .alg = HM_SHA256, .len = HM_HASH_LEN };

	memcpy(digest.b, hash->b, HM_HASH_LEN);
	return digest;
}

static void write_program(struct build *b, size_t i, struct hm_json_writer *w)
{
	const struct hm_image_made *made = &b->made[i];
	struct hm_digest program = digest_of(&made->program);
	HM_OWN(hm_buf_done) struct hm_buf platform = hm_buf_init(HM_MAX_OCI_REFERENCE);

	hm_oci_platform_write(&b->programs[i].platform, &platform);
	hm_json_object(w);
	hm_json_member_str(w, "platform", hm_buf_str(&platform));
	hm_json_member_cstr(w, "file", hm_path_base(b->programs[i].path));
	hm_json_member_u64(w, "size", made->size);
	write_digest(w, "digest", &program);
	write_digest(w, "manifest", &made->manifest);
	write_digest(w, "config", &made->config);
	write_digest(w, "layer", &made->layer);
	write_digest(w, "diffId", &made->diff_id);
	hm_json_object_end(w);
}

static enum hm_status print_json(struct build *b, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_CONFIG_FILE);
	struct hm_json_writer w = hm_json_writer_init(&text, NULL);

	hm_json_object(&w);
	hm_json_member_cstr(&w, "name", b->source.name);
	hm_json_member_cstr(&w, "package", b->source.package);
	hm_json_member_cstr(&w, "go", b->source.go.facts.version);
	hm_json_member_cstr(&w, "isolation", sandbox_choices[b->o->sandbox]);
	hm_json_member_cstr(&w, "folder", b->out);
	hm_json_member_cstr(&w, "image", b->layout);
	write_digest(&w, "digest", &b->index);
	if (b->sbom)
		hm_json_member_cstr(&w, "sbom", b->sbom);
	hm_json_key(&w, "programs");
	hm_json_array(&w);
	for (size_t i = 0; i < b->count; i++)
		write_program(b, i, &w);
	hm_json_array_end(&w);
	hm_json_object_end(&w);
	return hm_cli_print_json(b->cli, &w, &text, err);
}

/* As ko: on stdout nothing but the reference, for scripts; the rest is for people. */
static void print_text(struct build *b)
{
	char digest[HM_OCI_DIGEST_LEN];

	for (size_t i = 0; i < b->count; i++) {
		struct hm_digest program = digest_of(&b->made[i].program);
		hm_oci_digest_write(&program, digest);
		hm_cli_print_clean(b->cli->log, hm_path_base(b->programs[i].path));
		fprintf(b->cli->log, " %s\n", digest);
	}
	hm_oci_digest_write(&b->index, digest);
	hm_cli_print_clean(b->cli->out, b->layout);
	fprintf(b->cli->out, "@%s\n", digest);
}

static enum hm_status run_build(struct hm_cli *cli, const void *opts, char *const *args, size_t count,
				struct hm_err *err)
{
	HM_OWN(build_done) struct build b = { .cli = cli, .o = opts, .arena = hm_arena_init(HM_MAX_CONFIG_FILE) };

	enum hm_status st = check_opts(b.o, err);
	/* a step is ended as a whole */
	if (st == HM_OK && b.o->sandbox != HM_IMAGE_STEP)
		st = hm_stop_open(&b.stop, err);
	if (st == HM_OK)
		st = hm_strv_join(&b.o->ldflags, ' ', &b.ldflags, err);
	if (st == HM_OK)
		st = hm_image_check_ldflags(b.ldflags, err);
	if (st == HM_OK)
		st = read_platforms(&b, err);
	if (st == HM_OK)
		st = hm_cli_source_open(count ? args[0] : NULL, &b.targets[0], b.o->modcache, &b.source, err);
	/* a key that cannot be read should not cost a build */
	if (st == HM_OK && b.o->sign_by)
		st = read_key(&b, err);
	if (st == HM_OK)
		st = note_ko_yaml(&b, err);
	if (st == HM_OK)
		st = find_cache(&b, err);
	if (st == HM_OK)
		st = make_folders(&b, err);
	if (st == HM_OK)
		st = compile(&b, err);
	if (st == HM_OK)
		st = assemble(&b, err);
	if (st == HM_OK && b.o->sbom == 0)
		st = describe(&b, err);
	if (st == HM_OK && b.o->sign_by)
		st = sign(&b, err);
	if (b.stop.signal && *b.stop.signal) {
		/* what failed did so because of it */
		*err = (struct hm_err){ 0 };
		st = hm_stop_check(&b.stop, err);
	}
	if (st == HM_OK)
		st = save_results(&b, err);
	if (st != HM_OK)
		return hm_while(err, st, "build %s", count ? args[0] : ".");
	if (cli->json)
		return print_json(&b, err);
	print_text(&b);
	return HM_OK;
}

const struct hm_cmd hm_cmd_build = {
	.name = "build",
	.summary = "build a Go program for each platform, and a reproducible image of it",
	.args = "[PACKAGE]",
	.about =
	    "Compiles PACKAGE (a folder, or an import path; the current folder where not given) with the Go "
	    "toolchain on\n"
	    "the path, in a sandbox without a network, from the modules in the module cache, and packs each "
	    "program into\n"
	    "an image of one layer. Nothing of the caller's Go configuration has an effect: equal sources, "
	    "modules and\n"
	    "toolchains give equal digests. The results are NAME-OS-ARCH, image/ (an OCI image layout) and "
	    "sbom.spdx.json\n"
	    "in the output folder; what stands on stdout is the layout with the digest of its index.\n\n"
	    "With --sign-by each program, the image's index and the SBOM are signed by that key, without a log and "
	    "without a\n"
	    "time stamp; NAME-OS-ARCH.sigstore.json, image.sigstore.json and sbom.spdx.json.sigstore.json stand "
	    "beside them.\n"
	    "The password of an encrypted key is that of COSIGN_PASSWORD, else it is asked for.\n\n"
	    "Flags that ko has too mean the same as there. Nothing is pushed yet.",
	.example = "  hallmark build ./cmd/app\n"
		   "  hallmark build --platform linux/amd64,linux/arm64 --sbom spdx --output-dir dist ./cmd/app\n",
	HM_CMD_OPTS(build_table, struct build_opts),
	.max_args = 1,
	.run = run_build,
};
