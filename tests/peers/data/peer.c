/*
 * YAML for tests in other languages.
 *
 *     peer_data last|strict|opa <TEXTS
 *
 * Standard input is a JSON array of YAML texts; the answer is one of {"ok": VALUE} and {"refused": "CODE: TEXT"}, as
 * sigs.k8s.io/yaml reads them in its usual or its strict way, or as OPA does.
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "data/json.h"
#include "data/json_write.h"
#include "data/yaml.h"

#include <stdio.h>
#include <unistd.h>

static const struct {
	const char *name;
	struct hm_yaml_opts opts;
} ways[] = {
	{ "last", { .dialect = HM_YAML_KUBERNETES, .duplicates = HM_DUP_LAST } },
	{ "strict", { .dialect = HM_YAML_KUBERNETES, .duplicates = HM_DUP_REFUSE } },
	{ "opa", { .dialect = HM_YAML_REGO, .duplicates = HM_DUP_LAST } },
};

static void answer(struct hm_json_writer *w, struct hm_str text, const struct hm_yaml_opts *opts)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_GIB);
	struct hm_value v;
	struct hm_err err = { 0 };
	char line[1024], refused[1200];

	hm_json_object(w);
	if (hm_yaml_parse(text, opts, &arena, &v, NULL, &err) == HM_OK) {
		hm_json_member_value(w, "ok", &v);
	} else {
		hm_err_text(&err, line, sizeof(line));
		snprintf(refused, sizeof(refused), "%s: %s", hm_reason_code(err.reason), line);
		hm_json_member_cstr(w, "refused", refused);
	}
	hm_json_object_end(w);
}

static enum hm_status run(const struct hm_yaml_opts *opts, struct hm_buf *out, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_GIB);
	HM_OWN(hm_buf_done) struct hm_buf in = hm_buf_init(HM_GIB);
	struct hm_json_writer w = hm_json_writer_init(out, NULL);
	struct hm_value texts;

	enum hm_status st = hm_fd_read(STDIN_FILENO, "standard input", HM_GIB, &in, err);
	if (st == HM_OK)
		st = hm_json_parse(hm_buf_str(&in), NULL, &arena, &texts, err);
	if (st != HM_OK)
		return st;
	hm_json_array(&w);
	for (size_t i = 0; i < hm_value_count(&texts); i++)
		answer(&w, hm_value_text(hm_value_at(&texts, i)), opts);
	hm_json_array_end(&w);
	return hm_json_writer_check(&w, "answers", err);
}

int main(int argc, char **argv)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(HM_GIB);
	struct hm_err err = { 0 };
	char line[1024];

	for (size_t i = 0; argc == 2 && i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(argv[1], ways[i].name) != 0)
			continue;
		if (run(&ways[i].opts, &out, &err) != HM_OK) {
			hm_err_text(&err, line, sizeof(line));
			fprintf(stderr, "peer_data: %s\n", line);
			return 1;
		}
		return fwrite(out.ptr, 1, out.len, stdout) == out.len && fflush(stdout) == 0 ? 0 : 1;
	}
	fprintf(stderr, "usage: peer_data last|strict|opa <TEXTS\n");
	return 2;
}
