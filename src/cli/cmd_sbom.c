/* sbom: which modules are in an image, a program or a folder of programs. */
#include "cli/commands.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "cli/sbom.h"
#include "cli/version.h"
#include "image/sbom.h"

#include <stdlib.h>

struct sbom_opts {
	struct hm_strv outputs, from;
	const char *platform, *name;
	unsigned scope;
	bool quiet;
};

static const char *const scope_choices[] = { "squashed", NULL };

#define O(member) offsetof(struct sbom_opts, member)
static const struct hm_opt sbom_table[] = {
	{ "output", 'o', HM_OPT_LIST, O(outputs), "FORM[=FILE]",
	  "spdx-json, to a file or to stdout; may be given more than once", NULL, NULL },
	{ "from", 0, HM_OPT_LIST, O(from), "KIND", "what SOURCE is: oci-dir, file or dir", NULL, NULL },
	{ "platform", 0, HM_OPT_TEXT, O(platform), "OS/ARCH", "only this one of a layout's images", NULL, NULL },
	{ "source-name", 0, HM_OPT_TEXT, O(name), "NAME", "what the described thing is called", NULL, NULL },
	{ "scope", 's', HM_OPT_CHOICE, O(scope), "HOW", "squashed: what a container sees", scope_choices, NULL },
	{ "quiet", 'q', HM_OPT_FLAG, O(quiet), NULL, "nothing but the result, as always", NULL, NULL },
};
#undef O

const char *hm_cli_sbom_tool(void)
{
	return "hallmark-" HM_VERSION;
}

enum hm_status hm_cli_sbom_time(int64_t *ret_time_s, struct hm_err *err)
{
	/* the year 9999, the last that the format can write */
	static const int64_t last_s = INT64_C(253402300799);
	const char *text = getenv("SOURCE_DATE_EPOCH");

	*ret_time_s = 0;
	if (!text || text[0] == '\0')
		return HM_OK;
	if (!hm_str_to_i64(hm_str(text), ret_time_s) || *ret_time_s < 0 || *ret_time_s > last_s)
		return hm_fail(err, HM_R_USAGE, "SOURCE_DATE_EPOCH is no number of seconds: '%s'", text);
	return HM_OK;
}

enum kind { KIND_LAYOUT, KIND_FILE, KIND_FOLDER };

static const struct {
	const char *name;
	enum kind kind;
} kinds[] = { { "oci-dir", KIND_LAYOUT }, { "file", KIND_FILE }, { "dir", KIND_FOLDER } };

/* What syft can read besides; named so that nobody takes it for a file's name. */
static const char *const other_kinds[] = {
	"docker",      "podman",      "containerd",         "registry", "docker-archive",
	"oci-archive", "singularity", "oci-model-registry", "snap"
};

static enum hm_status find_kind(struct hm_str name, enum kind *ret_kind, bool *ret_found, struct hm_err *err)
{
	*ret_found = false;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (hm_str_is(name, kinds[i].name)) {
			*ret_kind = kinds[i].kind;
			*ret_found = true;
		}
	}
	for (size_t i = 0; i < sizeof(other_kinds) / sizeof(other_kinds[0]); i++) {
		if (hm_str_is(name, other_kinds[i]))
			return hm_fail(err, HM_R_UNSUPPORTED, "%s: is not supported yet; oci-dir:, file: and dir: are",
				       other_kinds[i]);
	}
	return HM_OK;
}

static enum hm_status guess_kind(const char *path, enum kind *ret_kind, struct hm_err *err)
{
	HM_OWN(hm_freep) char *mark = hm_asprintf("%s/oci-layout", path);

	if (!mark)
		return hm_fail(err, HM_R_NO_MEMORY, "look at '%s'", path);
	if (hm_path_is_dir(path))
		*ret_kind = hm_path_is_file(mark) ? KIND_LAYOUT : KIND_FOLDER;
	else if (hm_path_is_file(path))
		*ret_kind = KIND_FILE;
	else
		return hm_fail(err, HM_R_FILE_NOT_FOUND,
			       "there is no file or folder '%s'; images in registries are not read yet", path);
	return HM_OK;
}

static enum hm_status read_source(const struct sbom_opts *o, const char *source, const char **ret_path,
				  enum kind *ret_kind, struct hm_err *err)
{
	struct hm_str scheme, rest;
	bool is_found;

	*ret_path = source;
	if (o->from.count > 1)
		return hm_fail(err, HM_R_UNSUPPORTED, "--from: more than one kind is not supported yet");
	if (o->from.count == 1) {
		enum hm_status st = find_kind(hm_str(o->from.v[0]), ret_kind, &is_found, err);
		return st != HM_OK || is_found
			   ? st
			   : hm_fail(err, HM_R_USAGE, "--from: there is no kind '%s'", o->from.v[0]);
	}
	if (!hm_str_cut(hm_str(source), ':', &scheme, &rest))
		return guess_kind(source, ret_kind, err);
	enum hm_status st = find_kind(scheme, ret_kind, &is_found, err);
	if (st != HM_OK)
		return st;
	if (!is_found)
		return guess_kind(source, ret_kind, err);
	*ret_path = rest.ptr;
	return HM_OK;
}

static enum hm_status check_form(struct hm_str form, struct hm_err *err)
{
	if (hm_str_is(form, "spdx-json") || hm_str_is(form, "spdx-json@2.3"))
		return HM_OK;
	return hm_fail(err, HM_R_UNSUPPORTED, "--output: the form '%.*s' is not supported yet; spdx-json is",
		       HM_STR_ARG(form));
}

/* Before anything is read: a wrong form costs nothing then. */
static enum hm_status check_outputs(const struct sbom_opts *o, struct hm_err *err)
{
	struct hm_str form, file;
	enum hm_status st = HM_OK;

	for (size_t i = 0; i < o->outputs.count && st == HM_OK; i++) {
		bool has_file = hm_str_cut(hm_str(o->outputs.v[i]), '=', &form, &file);
		st = check_form(form, err);
		if (st == HM_OK && has_file && file.len == 0)
			st = hm_fail(err, HM_R_USAGE, "--output: no file behind '%s'", o->outputs.v[i]);
	}
	return st;
}

static enum hm_status write_outputs(struct hm_cli *cli, const struct sbom_opts *o, struct hm_str text,
				    struct hm_err *err)
{
	struct hm_str form, file;
	enum hm_status st = HM_OK;
	bool to_stdout = o->outputs.count == 0;

	for (size_t i = 0; i < o->outputs.count && st == HM_OK; i++) {
		if (hm_str_cut(hm_str(o->outputs.v[i]), '=', &form, &file))
			st = hm_file_put(file.ptr, text, 0644, err);
		else
			to_stdout = true;
	}
	if (st == HM_OK && to_stdout)
		fwrite(text.ptr, 1, text.len, cli->out);
	return st;
}

static enum hm_status run_sbom(struct hm_cli *cli, const void *opts, char *const *args, size_t count,
			       struct hm_err *err)
{
	const struct sbom_opts *o = opts;
	struct hm_oci_platform platform;
	struct hm_image_sbom_opts sbom = { .name = o->name, .tool = hm_cli_sbom_tool() };
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };
	enum kind kind = KIND_FILE;
	const char *path;

	(void)count;
	enum hm_status st = check_outputs(o, err);
	if (st == HM_OK)
		st = read_source(o, args[0], &path, &kind, err);
	if (st == HM_OK)
		st = hm_cli_sbom_time(&sbom.created_s, err);
	if (st == HM_OK && o->platform) {
		st = hm_oci_platform_parse(hm_str(o->platform), &platform, err);
		sbom.platform = &platform;
		if (st == HM_OK && kind != KIND_LAYOUT)
			st = hm_fail(err, HM_R_USAGE, "--platform is for images");
	}
	if (st == HM_OK && kind == KIND_LAYOUT)
		st = hm_image_sbom_layout(path, &sbom, &text, err);
	else if (st == HM_OK && kind == KIND_FILE)
		st = hm_image_sbom_file(path, &sbom, &text, err);
	else if (st == HM_OK)
		st = hm_image_sbom_folder(path, &sbom, &text, err);
	if (st == HM_OK)
		st = write_outputs(cli, o, hm_buf_str(&text), err);
	return hm_while(err, st, "describe '%s'", args[0]);
}

const struct hm_cmd hm_cmd_sbom = {
	.name = "sbom",
	.summary = "list the modules in an image, a program or a folder of programs",
	.args = "SOURCE",
	.about =
	    "Reads the build info that the Go linker wrote into each program and writes it as SPDX 2.3: programs, "
	    "modules\n"
	    "with their package URLs and go.sum hashes, the standard library, and which is in which. Nothing is run, "
	    "and\n"
	    "no clock is read: the same programs give the same document, byte for byte.\n\n"
	    "SOURCE is oci-dir:FOLDER (an OCI image layout), file:FILE or dir:FOLDER; without the word in front it is\n"
	    "found out. Programs that are not Go's and packages of distributions are not listed.",
	.example = "  hallmark sbom .hallmark/out/hello/image\n"
		   "  hallmark sbom -o spdx-json=sbom.spdx.json file:./hello\n",
	HM_CMD_OPTS(sbom_table, struct sbom_opts),
	.min_args = 1,
	.max_args = 1,
	.run = run_sbom,
};
