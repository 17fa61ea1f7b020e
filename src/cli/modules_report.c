#include "cli/modules_report.h"

#include "base/limits.h"
#include "data/decode.h"
#include "data/json_write.h"

static struct hm_str hash_of(const struct hm_golang_gosum *sums, const struct hm_golang_module *mod)
{
	size_t count = 0;
	const struct hm_golang_sum *sum = hm_golang_gosum_find(sums, mod, false, &count);

	return count > 0 ? sum->hash : (struct hm_str){ 0 };
}

static void write_module(struct hm_json_writer *w, const struct hm_golang_verify_item *item,
			 const struct hm_golang_gosum *sums)
{
	bool replaced = item->by.path.len > 0;

	hm_json_object(w);
	hm_json_member_str(w, "path", item->mod.path);
	hm_json_member_str(w, "version", item->mod.version);
	hm_json_member_str_if(w, "h1", hash_of(sums, replaced ? &item->by : &item->mod));
	hm_json_member_str_if(w, "replacePath", item->by.path);
	hm_json_member_str_if(w, "replaceVersion", item->by.version);
	hm_json_member_bool(w, "used", item->is_used);
	hm_json_object_end(w);
}

enum hm_status hm_modules_report_encode(const struct hm_golang_verify_item *items, size_t count,
					const struct hm_golang_gosum *sums,
					const struct hm_golang_verify_result *result, struct hm_buf *ret_text,
					struct hm_err *err)
{
	struct hm_buf buf = hm_buf_init(HM_MAX_GO_OUTPUT);
	struct hm_json_writer w = hm_json_writer_init(&buf, &hm_json_pretty);

	hm_json_object(&w);
	for (size_t i = 0; i < count; i++) {
		if (items[i].is_main)
			hm_json_member_str(&w, "main", items[i].mod.path);
	}
	hm_json_member_u64(&w, "verified", result->zips);
	hm_json_member_u64(&w, "notFetched", result->not_fetched);
	hm_json_key(&w, "modules");
	hm_json_array(&w);
	for (size_t i = 0; i < count; i++) {
		if (!items[i].is_main)
			write_module(&w, &items[i], sums);
	}
	hm_json_array_end(&w);
	hm_json_object_end(&w);
	enum hm_status st = hm_json_writer_check(&w, "the report of modules", err);
	if (st == HM_OK)
		*ret_text = hm_buf_take(&buf);
	hm_buf_done(&buf);
	return st;
}

#define FIELD(name, kind, member, ...)                                                                                 \
	{                                                                                                              \
		name, kind, offsetof(struct hm_report_module, member), __VA_ARGS__                                     \
	}
static const struct hm_json_field module_fields[] = {
	FIELD("path", HM_JSON_STR, path, HM_REQUIRED | HM_NOT_EMPTY),
	FIELD("version", HM_JSON_STR, version, HM_REQUIRED),
	FIELD("h1", HM_JSON_STR, h1, 0),
	FIELD("replacePath", HM_JSON_STR, by_path, 0),
	FIELD("replaceVersion", HM_JSON_STR, by_version, 0),
	FIELD("used", HM_JSON_BOOL, is_used, 0),
};
static const struct hm_json_table module_table = HM_JSON_TABLE(struct hm_report_module, module_fields);

static const struct hm_json_field report_fields[] = {
	{ "main", HM_JSON_STR, offsetof(struct hm_modules_report, main), 0 },
	{ "verified", HM_JSON_U64, offsetof(struct hm_modules_report, verified), HM_REQUIRED },
	{ "notFetched", HM_JSON_U64, offsetof(struct hm_modules_report, not_fetched), HM_REQUIRED },
	{ "modules", HM_JSON_ARRAY, offsetof(struct hm_modules_report, modules), HM_REQUIRED, .of = HM_JSON_OBJECT,
	  .table = &module_table, .count = offsetof(struct hm_modules_report, count), .max = HM_MAX_GO_LIST },
};
static const struct hm_json_table report_table = HM_JSON_TABLE(struct hm_modules_report, report_fields);

enum hm_status hm_modules_report_parse(struct hm_str text, struct hm_arena *arena, struct hm_modules_report *ret_report,
				       struct hm_err *err)
{
	return hm_json_decode(text, &report_table, NULL, arena, ret_report, err);
}
