/* release provenance: the statement about a run's release, from what the run itself knows. */
#include "cli/commands.h"

#include "attest/provenance.h"
#include "attest/purl.h"
#include "attest/statement.h"
#include "base/encode.h"
#include "base/file.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/time.h"
#include "cli/modules_report.h"
#include "cli/release.h"
#include "cli/run_record.h"
#include "cli/version.h"
#include "golang/dirhash.h"

#include <inttypes.h>

struct provenance_opts {
	const char *modules;
};

static const struct hm_opt provenance_table[] = {
	{ "modules", 0, HM_OPT_TEXT, offsetof(struct provenance_opts, modules), "FILE",
	  "the modules that were verified, as \"mod verify --report\" wrote them", NULL, NULL },
};

/* All that one statement is made of; texts lie in the arena. */
struct making {
	struct hm_run_record record;
	struct hm_modules_report report;
	struct hm_release release;
	struct hm_attest_resource *dependencies;
	size_t count, cap;
	struct hm_arena arena;
};

static void making_done(struct making *m)
{
	hm_release_done(&m->release);
	free(m->dependencies);
	hm_arena_done(&m->arena);
}

static struct hm_str hex_of(struct making *m, const uint8_t *bytes, size_t len)
{
	char text[2 * HM_DIGEST_MAX_LEN + 1];

	hm_hex_write(text, bytes, len);
	return hm_arena_dup(&m->arena, hm_str_of(text, 2 * len));
}

static void set_digest(struct making *m, struct hm_attest_resource *resource, const char *algorithm,
		       struct hm_str value)
{
	struct hm_json_pair *pair = hm_arena_alloc(&m->arena, sizeof(*pair));

	if (!pair)
		return; /* the arena's failure sticks */
	*pair = (struct hm_json_pair){ hm_str(algorithm), value };
	resource->digests = pair;
	resource->digest_count = 1;
}

/* A row of the list; what is set in it afterwards is the caller's business. Errors: NULL, and the arena says so. */
static struct hm_attest_resource *add_dependency(struct making *m, struct hm_str name)
{
	if (!hm_grow(&m->dependencies, &m->cap, m->count + 1, sizeof(m->dependencies[0])))
		return NULL;
	m->dependencies[m->count] = (struct hm_attest_resource){ .name = name };
	return &m->dependencies[m->count++];
}

static struct hm_str purl(struct making *m, struct hm_str path, struct hm_str version)
{
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(HM_MAX_OCI_MANIFEST);

	hm_attest_purl_golang(path, version, &text);
	return hm_arena_dup(&m->arena, hm_buf_str(&text));
}

/* "h1:" and Base64 as dirHash1, which is hexadecimal. Errors: HM_EPARSE golang.sum-file. */
static enum hm_status set_h1(struct making *m, struct hm_attest_resource *resource, struct hm_str h1,
			     struct hm_err *err)
{
	struct hm_hash hash;
	enum hm_status st = hm_golang_h1_parse(h1, &hash, err);

	if (st == HM_OK)
		set_digest(m, resource, "dirHash1", hex_of(m, hash.b, HM_HASH_LEN));
	return st;
}

static enum hm_status add_source(struct making *m, struct hm_err *err)
{
	const struct hm_run_record *record = &m->record;
	struct hm_attest_resource *source = add_dependency(m, HM_STR("source"));
	struct hm_value state = hm_value_null(), key = hm_value_cstr(&m->arena, "state");
	struct hm_value tree_key = hm_value_cstr(&m->arena, "dirHash1"), values[2];

	if (!source)
		return hm_fail(err, HM_R_NO_MEMORY, "dependencies");
	/* a URI is what SLSA asks for; of a tree without a repository it only says which of the run's folders it was */
	source->uri = record->source_uri.len ? record->source_uri : HM_STR("file:source");
	if (record->source_commit.len)
		set_digest(m, source, "gitCommit", record->source_commit);
	values[0] = hm_value_str(&m->arena, record->source_state);
	values[1] = hm_value_str(&m->arena, record->source_tree);
	struct hm_value keys[2] = { key, tree_key };
	size_t count = record->source_tree.len ? 2 : 1;
	enum hm_status st = hm_value_object(&m->arena, keys, values, count, HM_DUP_REFUSE, &state, err);
	source->annotations = state;
	return st;
}

static enum hm_status add_file(struct making *m, const char *name, struct hm_err *err)
{
	HM_OWN(hm_freep)
	char *path = hm_asprintf("%.*s/source/%.*s/%s", (int)m->record.folder.len, m->record.folder.ptr,
				 (int)m->record.directory.len, m->record.directory.ptr, name);
	struct hm_digest digest;

	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "dependencies");
	if (!hm_path_is_file(path))
		return HM_OK; /* without dependencies there is no go.sum */
	enum hm_status st = hm_crypto_digest_file(path, HM_SHA256, &digest, NULL, err);
	struct hm_attest_resource *file = st == HM_OK ? add_dependency(m, hm_str(name)) : NULL;
	if (st == HM_OK && !file)
		return hm_fail(err, HM_R_NO_MEMORY, "dependencies");
	if (st == HM_OK)
		set_digest(m, file, "sha256", hex_of(m, digest.b, digest.len));
	return st;
}

/* A folder in a module's place is part of the source and has no hash of its own; here it says what it stands for. */
static enum hm_status add_folder(struct making *m, const struct hm_report_module *module, struct hm_err *err)
{
	struct hm_attest_resource *r = add_dependency(m, module->path);
	struct hm_value key = hm_value_cstr(&m->arena, "folder"), value = hm_value_str(&m->arena, module->by_path);

	if (!r)
		return hm_fail(err, HM_R_NO_MEMORY, "dependencies");
	/* without a version: what the folder holds need be none */
	r->uri = purl(m, module->path, HM_STR(""));
	return hm_value_object(&m->arena, &key, &value, 1, HM_DUP_REFUSE, &r->annotations, err);
}

static enum hm_status add_module(struct making *m, const struct hm_report_module *module, struct hm_err *err)
{
	bool is_replaced = module->by_path.len > 0;

	if (is_replaced && !module->by_version.len)
		return add_folder(m, module, err);
	/* what nothing is built from has no hash */
	if (!module->h1.len)
		return HM_OK;
	struct hm_attest_resource *r = add_dependency(m, module->path);
	if (!r)
		return hm_fail(err, HM_R_NO_MEMORY, "dependencies");
	r->uri = is_replaced ? purl(m, module->by_path, module->by_version) : purl(m, module->path, module->version);
	return set_h1(m, r, module->h1, err);
}

static enum hm_status add_toolchain(struct making *m, struct hm_err *err)
{
	struct hm_str version = m->record.go_version;
	struct hm_attest_resource *go = add_dependency(m, HM_STR("go"));

	if (!go)
		return hm_fail(err, HM_R_NO_MEMORY, "dependencies");
	go->uri =
	    purl(m, HM_STR("stdlib"), hm_str_has_prefix(version, HM_STR("go")) ? hm_str_skip(version, 2) : version);
	return m->record.toolchain_h1.len ? set_h1(m, go, m->record.toolchain_h1, err) : HM_OK;
}

static enum hm_status add_dependencies(struct making *m, struct hm_err *err)
{
	enum hm_status st = add_source(m, err);

	if (st == HM_OK)
		st = add_file(m, "go.mod", err);
	if (st == HM_OK)
		st = add_file(m, "go.sum", err);
	for (size_t i = 0; i < m->report.count && st == HM_OK; i++)
		st = add_module(m, &m->report.modules[i], err);
	return st == HM_OK ? add_toolchain(m, err) : st;
}

static struct hm_value text_value(struct making *m, struct hm_str text)
{
	return hm_value_str(&m->arena, text);
}

static enum hm_status pairs_value(struct making *m, const struct hm_json_pair *pairs, size_t count,
				  struct hm_value *ret, struct hm_err *err)
{
	HM_OWN(hm_object_builder_done) struct hm_object_builder b = hm_object_builder_init(&m->arena);

	for (size_t i = 0; i < count; i++)
		hm_object_add_key(&b, text_value(m, pairs[i].key), text_value(m, pairs[i].value));
	return hm_object_finish(&b, HM_DUP_REFUSE, ret, err);
}

static enum hm_status list_value(struct making *m, struct hm_str list, struct hm_value *ret, struct hm_err *err)
{
	HM_OWN(hm_array_builder_done) struct hm_array_builder b = hm_array_builder_init(&m->arena);
	struct hm_str part;

	while (hm_str_next(&list, ',', &part))
		hm_array_add(&b, text_value(m, hm_str_trim(part)));
	return hm_array_finish(&b, ret, err);
}

/* Where the pipeline takes no list of platforms, they are those that it built for. */
static enum hm_status platforms_value(struct making *m, struct hm_value *ret, struct hm_err *err)
{
	const struct hm_str prefix = HM_STR("image/");
	HM_OWN(hm_array_builder_done) struct hm_array_builder b = hm_array_builder_init(&m->arena);

	if (m->record.platforms.len)
		return list_value(m, m->record.platforms, ret, err);
	for (size_t i = 0; i < m->release.count; i++) {
		struct hm_str name = m->release.items[i].name;
		if (hm_str_has_prefix(name, prefix))
			hm_array_add(&b, text_value(m, hm_str_skip(name, prefix.len)));
	}
	return hm_array_finish(&b, ret, err);
}

static enum hm_status external_parameters(struct making *m, struct hm_value *ret, struct hm_err *err)
{
	HM_OWN(hm_object_builder_done) struct hm_object_builder b = hm_object_builder_init(&m->arena);
	const struct hm_run_record *record = &m->record;
	const struct hm_json_pair pipeline[] = { { HM_STR("name"), record->pipeline },
						 { HM_STR("sha256"), record->pipeline_sha256 } };
	struct hm_value platforms = hm_value_null(), params = platforms, about_pipeline = platforms, tasks = platforms;
	enum hm_status st = platforms_value(m, &platforms, err);

	if (st == HM_OK)
		st = pairs_value(m, record->params, record->param_count, &params, err);
	if (st == HM_OK)
		st = pairs_value(m, pipeline, 2, &about_pipeline, err);
	if (st == HM_OK)
		st = pairs_value(m, record->tasks, record->task_count, &tasks, err);
	if (st != HM_OK)
		return st;
	hm_object_add(&b, "package", text_value(m, record->package));
	hm_object_add(&b, "directory", text_value(m, record->directory));
	hm_object_add(&b, "platforms", platforms);
	hm_object_add(&b, "pipeline", about_pipeline);
	hm_object_add(&b, "tasks", tasks);
	hm_object_add(&b, "params", params);
	return hm_object_finish(&b, HM_DUP_REFUSE, ret, err);
}

static enum hm_status internal_parameters(struct making *m, struct hm_value *ret, struct hm_err *err)
{
	HM_OWN(hm_object_builder_done) struct hm_object_builder b = hm_object_builder_init(&m->arena);
	struct hm_value env = hm_value_null(), tasks = env;
	enum hm_status st = pairs_value(m, m->record.go_env, m->record.go_env_count, &env, err);

	if (st == HM_OK)
		st = pairs_value(m, m->record.shipped_tasks, m->record.shipped_task_count, &tasks, err);
	if (st != HM_OK)
		return st;
	hm_object_add(&b, "env", env);
	hm_object_add(&b, "isolation", text_value(m, m->record.isolation));
	hm_object_add(&b, "tasks", tasks);
	return hm_object_finish(&b, HM_DUP_REFUSE, ret, err);
}

static enum hm_status make_predicate(struct making *m, int64_t now_s, struct hm_buf *ret, struct hm_err *err)
{
	const struct hm_json_pair versions[] = { { HM_STR("go"), m->record.go_version },
						 { HM_STR("hallmark"), HM_STR(HM_VERSION) } };
	struct hm_attest_provenance p = {
		.build_type = HM_STR(HM_ATTEST_BUILD_TYPE_GO),
		.builder_id = HM_STR(HM_ATTEST_BUILDER_LOCAL),
		.builder_versions = versions,
		.builder_version_count = 2,
		.invocation_id = m->record.id,
		.has_started_on = true,
		.has_finished_on = true,
		.started_on_s = m->record.started_ns / 1000000000,
		.finished_on_s = now_s,
	};
	enum hm_status st = external_parameters(m, &p.external_parameters, err);

	if (st == HM_OK)
		st = internal_parameters(m, &p.internal_parameters, err);
	if (st == HM_OK)
		st = add_dependencies(m, err);
	if (st == HM_OK)
		st = hm_arena_check(&m->arena, "provenance", err);
	p.dependencies = m->dependencies;
	p.dependency_count = m->count;
	return st == HM_OK ? hm_attest_provenance_encode(&p, ret, err) : st;
}

static enum hm_status make_statement(struct making *m, int64_t now_s, struct hm_buf *ret, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf predicate = hm_buf_init(HM_MAX_ATTEST_STATEMENT);
	size_t count = m->release.count;
	struct hm_attest_resource *subjects = hm_arena_calloc(&m->arena, count, sizeof(subjects[0]));
	enum hm_status st = make_predicate(m, now_s, &predicate, err);

	if (st == HM_OK && !subjects)
		return hm_fail(err, HM_R_NO_MEMORY, "subjects");
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		const struct hm_release_item *item = &m->release.items[i];
		subjects[i].name = item->name;
		set_digest(m, &subjects[i], hm_digest_name(item->digest.alg),
			   hex_of(m, item->digest.b, item->digest.len));
	}
	if (st == HM_OK)
		st = hm_arena_check(&m->arena, "subjects", err);
	struct hm_attest_statement statement = {
		.subjects = subjects,
		.subject_count = count,
		.predicate_type = HM_STR(HM_ATTEST_PROVENANCE_V1),
		.predicate = hm_buf_str(&predicate),
	};
	return st == HM_OK ? hm_attest_statement_encode(&statement, ret, err) : st;
}

static enum hm_status read_report(struct making *m, const char *path, struct hm_buf *text, struct hm_err *err)
{
	enum hm_status st = path ? hm_file_read(path, HM_MAX_GO_OUTPUT, text, err) : HM_OK;

	return st == HM_OK && path ? hm_modules_report_parse(hm_buf_str(text), &m->arena, &m->report, err) : st;
}

static enum hm_status run_provenance(struct hm_cli *cli, const void *raw, char *const *args, size_t args_count,
				     struct hm_err *err)
{
	const struct provenance_opts *opts = raw;
	HM_OWN(making_done) struct making m = { .arena = hm_arena_init(HM_MAX_ATTEST_STATEMENT) };
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 }, statement = hm_buf_init(HM_MAX_ATTEST_STATEMENT);
	enum hm_status st = hm_run_record_load(&m.arena, &m.record, err);

	(void)args_count;
	if (st == HM_OK)
		st = read_report(&m, opts->modules, &text, err);
	if (st == HM_OK)
		st = hm_release_read(args[0], &m.release, err);
	if (st == HM_OK)
		st = make_statement(&m, hm_now_s(cli->fx), &statement, err);
	if (st != HM_OK)
		return st;
	HM_OWN(hm_freep)
	char *path = hm_asprintf("%.*s/" HM_RUN_STATEMENT, (int)m.record.folder.len, m.record.folder.ptr);
	if (!path)
		return hm_fail(err, HM_R_NO_MEMORY, "statement");
	st = hm_file_save(path, hm_buf_str(&statement), 0600, err);
	if (st == HM_OK && cli->json)
		fprintf(cli->out, "%.*s\n", (int)statement.len, statement.ptr);
	else if (st == HM_OK)
		fprintf(cli->out, "the provenance has %zu subjects and %zu dependencies\n", m.release.count, m.count);
	return st;
}

const struct hm_cmd hm_cmd_release_provenance = {
	.name = "release provenance",
	.summary = "write the provenance of a run's release",
	.args = "FOLDER",
	.about =
	    "A step of \"hallmark run\", which starts it outside of every sandbox: what the provenance claims about\n"
	    "the run comes from the run itself, and nothing that a step wrote decides it. What is signed later is\n"
	    "kept where no step can see it.\n"
	    "\n"
	    "The form is docs/provenance.md.",
	.example = "$ hallmark release provenance --modules modules.json release\n",
	HM_CMD_OPTS(provenance_table, struct provenance_opts),
	.min_args = 1,
	.max_args = 1,
	.is_hidden = true,
	.run = run_provenance,
};
