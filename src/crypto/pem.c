#include "crypto/pem.h"

#include "base/encode.h"
#include "base/limits.h"
#include "base/own.h"
#include "base/plant.h"

#define LINE_LEN 64 /* RFC 7468 2 */

static const struct hm_str begin_mark = { "-----BEGIN ", 11 }, end_mark = { "-----END ", 9 }, dashes = { "-----", 5 };

/* Whether a line is "-----BEGIN label-----" or the END of it. */
static bool is_boundary(struct hm_str line, struct hm_str mark, struct hm_str *ret_label)
{
	line = hm_str_trim(line);
	if (!hm_str_has_prefix(line, mark) || !hm_str_has_suffix(line, dashes) || line.len < mark.len + dashes.len)
		return false;
	*ret_label = hm_str_of(line.ptr + mark.len, line.len - mark.len - dashes.len);
	return true;
}

/* Collect the Base64 of a block's lines; the END line is taken too. */
static enum hm_status read_lines(struct hm_str *text, struct hm_str label, struct hm_buf *base64, struct hm_err *err)
{
	struct hm_str line, end_label;

	while (hm_str_next(text, '\n', &line)) {
		if (is_boundary(line, end_mark, &end_label)) {
			if (!hm_str_eq(label, end_label))
				return hm_fail(err, HM_R_PEM, "BEGIN %.*s ends with END %.*s", HM_STR_ARG(label),
					       HM_STR_ARG(end_label));
			return hm_buf_check(base64, "a PEM block", err);
		}
		if (hm_str_find_char(line, ':') >= 0)
			return hm_fail(err, HM_R_PEM,
				       "a header stands in the block %.*s, as old encrypted keys have it",
				       HM_STR_ARG(label));
		hm_buf_add_str(base64, hm_str_trim(line));
	}
	return hm_fail(err, HM_R_PEM, "BEGIN %.*s has no END", HM_STR_ARG(label));
}

enum hm_status hm_pem_next(struct hm_str *text, struct hm_str *ret_label, struct hm_secret *ret_der, struct hm_err *err)
{
	struct hm_str rest = *text, line, label = { 0 };
	bool found = false;

	while (!found && hm_str_next(&rest, '\n', &line))
		found = is_boundary(line, begin_mark, &label);
	if (!found) {
		*text = (struct hm_str){ 0 };
		*ret_label = (struct hm_str){ 0 };
		return HM_OK;
	}
	if (label.len == 0 || !hm_str_is_printable(label))
		return hm_fail(err, HM_R_PEM, "a BEGIN line without a label");

	/* Of full size from the start, so that growing leaves no copy of a key behind. */
	ptrdiff_t end = hm_str_find(rest, end_mark);
	if (end < 0)
		return hm_fail(err, HM_R_PEM, "BEGIN %.*s has no END", HM_STR_ARG(label));
	HM_OWN(hm_secret_buf_done) struct hm_buf base64 = hm_buf_init(HM_MAX_CONFIG_FILE);
	HM_OWN(hm_secret_buf_done) struct hm_buf der = hm_buf_init(HM_MAX_CONFIG_FILE);
	if (!hm_buf_add_space(&base64, (size_t)end) || !hm_buf_add_space(&der, (size_t)end))
		return hm_buf_check(base64.status == HM_OK ? &der : &base64, "a PEM block", err);
	hm_buf_clear(&base64);
	hm_buf_clear(&der);
	enum hm_status st = read_lines(&rest, label, &base64, err);
	if (st == HM_OK && hm_base64_decode(&der, HM_BASE64_STD, hm_buf_str(&base64), err) != HM_OK)
		st = der.status == HM_OK ? hm_fail(err, HM_R_PEM, "%.*s is not Base64", HM_STR_ARG(label))
					 : hm_buf_check(&der, "a PEM block", err);
	HM_PLANT(st == HM_OK && label.len == 2 && der.len == 3);
	if (st == HM_OK)
		st = hm_secret_copy(hm_buf_str(&der), ret_der, err);
	if (st == HM_OK) {
		*text = rest;
		*ret_label = label;
	}
	return st;
}

enum hm_status hm_pem_only(struct hm_str text, const char *label, struct hm_secret *ret_der, struct hm_err *err)
{
	HM_OWN(hm_secret_done) struct hm_secret der = { 0 };
	struct hm_str found;

	enum hm_status st = hm_pem_next(&text, &found, &der, err);
	if (st != HM_OK)
		return st;
	if (found.len == 0)
		return hm_fail(err, HM_R_PEM, "there is no PEM block");
	if (!hm_str_is(found, label))
		return hm_fail(err, HM_R_PEM, "the PEM block is %.*s, not %s", HM_STR_ARG(found), label);
	if (hm_pem_is_in(text))
		return hm_fail(err, HM_R_PEM, "there is more than one PEM block");
	*ret_der = der;
	der = (struct hm_secret){ 0 };
	return HM_OK;
}

bool hm_pem_is_in(struct hm_str text)
{
	return hm_str_find(text, begin_mark) >= 0;
}

void hm_pem_encode(struct hm_buf *buf, const char *label, struct hm_str der)
{
	/* 48 bytes are one line of 64 characters. */
	static const size_t line_bytes = LINE_LEN / 4 * 3;

	hm_buf_addf(buf, "-----BEGIN %s-----\n", label);
	for (; der.len > 0; der = hm_str_skip(der, line_bytes)) {
		struct hm_str line = hm_str_head(der, line_bytes);
		hm_base64_encode(buf, HM_BASE64_STD, line.ptr, line.len);
		hm_buf_add_char(buf, '\n');
	}
	hm_buf_addf(buf, "-----END %s-----\n", label);
}
