/*
 * oci for tests in other languages: one command a line on standard input, one answer a line. What is refused is
 * answered with "refused" and the reason.
 *
 *     reference TEXT          the reference in full
 *     manifest, index, config FILE   what is written of what was read
 *     check LAYOUT            "ok"
 */
#include "base/file.h"
#include "base/limits.h"
#include "base/own.h"
#include "oci/layout.h"
#include "oci/reference.h"

#include <stdio.h>

static enum hm_status do_reference(struct hm_str text, struct hm_buf *out, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(HM_MIB);
	struct hm_oci_reference reference;
	enum hm_status st = hm_oci_reference_parse(text, &arena, &reference, err);

	if (st == HM_OK)
		hm_oci_reference_write(&reference, out);
	return st;
}

static enum hm_status do_document(struct hm_str kind, const char *path, struct hm_buf *out, struct hm_err *err)
{
	HM_OWN(hm_arena_done) struct hm_arena arena = hm_arena_init(64 * HM_MIB);
	HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(0);
	struct hm_oci_manifest manifest;
	struct hm_oci_index index;
	struct hm_oci_config config;
	enum hm_status st = hm_file_read(path, 16 * HM_MIB, &text, err);

	if (st != HM_OK)
		return st;
	if (hm_str_is(kind, "manifest")) {
		st = hm_oci_manifest_parse(hm_buf_str(&text), HM_STR(""), &arena, &manifest, err);
		return st == HM_OK ? hm_oci_manifest_encode(&manifest, out, err) : st;
	}
	if (hm_str_is(kind, "index")) {
		st = hm_oci_index_parse(hm_buf_str(&text), HM_STR(""), &arena, &index, err);
		return st == HM_OK ? hm_oci_index_encode(&index, out, err) : st;
	}
	st = hm_oci_config_parse(hm_buf_str(&text), &arena, &config, err);
	return st == HM_OK ? hm_oci_config_encode(&config, out, err) : st;
}

static enum hm_status do_check(const char *path, struct hm_buf *out, struct hm_err *err)
{
	HM_OWN(hm_oci_layout_freep) struct hm_oci_layout *layout = NULL;
	enum hm_status st = hm_oci_layout_open(path, &layout, err);

	if (st == HM_OK)
		st = hm_oci_layout_check(layout, err);
	hm_buf_add_cstr(out, "ok");
	return st;
}

static void answer(const char *line)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(16 * HM_MIB);
	struct hm_err err = { 0 };
	struct hm_str command, rest;
	enum hm_status st;

	(void)!hm_str_cut(hm_str(line), ' ', &command, &rest);
	if (hm_str_is(command, "reference"))
		st = do_reference(rest, &out, &err);
	else if (hm_str_is(command, "check"))
		st = do_check(rest.ptr, &out, &err);
	else
		st = do_document(command, rest.ptr, &out, &err);
	if (st == HM_OK)
		printf("%s\n", out.ptr ? out.ptr : "");
	else
		printf("refused %s %s\n", hm_reason_code(err.reason), err.cause);
}

int main(void)
{
	static char line[65536];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
		answer(line);
	}
	return 0;
}
