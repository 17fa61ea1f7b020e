#include "cli/run_record.h"

#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "data/json_write.h"

#include <stdlib.h>

#define STR(name, field)                                                                                               \
	{                                                                                                              \
		name, HM_JSON_STR, offsetof(struct hm_run_record, field), HM_REQUIRED                                  \
	}
#define MAP(name, field, number)                                                                                       \
	{                                                                                                              \
		name, HM_JSON_MAP, offsetof(struct hm_run_record, field), HM_REQUIRED,                                 \
		    .of = HM_JSON_STR, .count = offsetof(struct hm_run_record, number)                                 \
	}

static const struct hm_json_field fields[] = {
	STR("id", id),
	{ "started", HM_JSON_I64_STRING, offsetof(struct hm_run_record, started_ns), HM_REQUIRED },
	STR("pipeline", pipeline),
	STR("pipelineSha256", pipeline_sha256),
	MAP("tasks", tasks, task_count),
	MAP("shippedTasks", shipped_tasks, shipped_task_count),
	{ "shipped", HM_JSON_BOOL, offsetof(struct hm_run_record, is_shipped), HM_REQUIRED },
	MAP("params", params, param_count),
	STR("package", package),
	STR("directory", directory),
	STR("platforms", platforms),
	STR("isolation", isolation),
	STR("sourceUri", source_uri),
	STR("sourceState", source_state),
	STR("sourceCommit", source_commit),
	STR("sourceTree", source_tree),
	STR("goVersion", go_version),
	STR("toolchainH1", toolchain_h1),
	MAP("goEnv", go_env, go_env_count),
	STR("state", state),
	STR("folder", folder),
};
static const struct hm_json_table table = HM_JSON_TABLE(struct hm_run_record, fields);

static void write_field(struct hm_json_writer *w, const struct hm_run_record *record, const struct hm_json_field *f)
{
	const char *at = (const char *)record + f->offset;

	if (f->kind == HM_JSON_STR) {
		hm_json_member_str(w, f->name, *(const struct hm_str *)(const void *)at);
	} else if (f->kind == HM_JSON_BOOL) {
		hm_json_member_bool(w, f->name, *(const bool *)at);
	} else if (f->kind == HM_JSON_I64_STRING) {
		hm_json_member_i64_string(w, f->name, *(const int64_t *)(const void *)at);
	} else {
		const struct hm_json_pair *pairs = *(const struct hm_json_pair *const *)(const void *)at;
		size_t count = *(const size_t *)(const void *)((const char *)record + f->count);
		hm_json_key(w, f->name);
		hm_json_object(w);
		for (size_t i = 0; i < count; i++) {
			hm_json_key_str(w, pairs[i].key);
			hm_json_str(w, pairs[i].value);
		}
		hm_json_object_end(w);
	}
}

enum hm_status hm_run_record_save(const struct hm_run_record *record, const char *path, struct hm_err *err)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(HM_MAX_RUN_RECORD);
	struct hm_json_writer w = hm_json_writer_init(&buf, &hm_json_pretty);

	hm_json_object(&w);
	for (size_t i = 0; i < table.count; i++)
		write_field(&w, record, &fields[i]);
	hm_json_object_end(&w);
	enum hm_status st = hm_json_writer_check(&w, "record of the run", err);
	return st != HM_OK ? st : hm_file_save(path, hm_buf_str(&buf), 0600, err);
}

enum hm_status hm_run_record_load(struct hm_arena *arena, struct hm_run_record *ret_record, struct hm_err *err)
{
	const char *path = getenv(HM_RUN_RECORD_ENV);
	HM_OWN(hm_buf_done) struct hm_buf text = { 0 };

	if (!path || !path[0])
		return hm_fail(err, HM_R_USAGE,
			       "this command belongs to \"hallmark run\", which starts it; " HM_RUN_RECORD_ENV
			       " does not name a run");
	enum hm_status st = hm_file_read(path, HM_MAX_RUN_RECORD, &text, err);
	if (st == HM_OK)
		st = hm_json_decode(hm_buf_str(&text), &table, NULL, arena, ret_record, err);
	return hm_while(err, st, "record of the run '%s'", path);
}
