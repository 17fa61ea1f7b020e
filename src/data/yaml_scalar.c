#include "data/yaml_scalar.h"

#include "base/buf.h"
#include "base/encode.h"
#include "base/own.h"
#include "base/plant.h"
#include "data/number.h"
#include "data/yaml_time.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#define TAG_PREFIX "tag:yaml.org,2002:"

/* The tags that a scalar's text is read by; any other makes it a string. */
enum tag {
	tag_none,
	tag_str,
	tag_bool,
	tag_int,
	tag_float,
	tag_null,
	tag_time,
	tag_binary,
	tag_merge,
	tag_other,
};

static enum tag tag_of(struct hm_str tag)
{
	static const struct {
		const char *name;
		enum tag tag;
	} tags[] = {
		{ "str", tag_str },   { "bool", tag_bool },      { "int", tag_int },       { "float", tag_float },
		{ "null", tag_null }, { "timestamp", tag_time }, { "binary", tag_binary }, { "merge", tag_merge },
	};

	if (tag.len == 0)
		return tag_none;
	if (!hm_str_has_prefix(tag, HM_STR(TAG_PREFIX)))
		return tag_other;
	tag = hm_str_skip(tag, strlen(TAG_PREFIX));
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (hm_str_is(tag, tags[i].name))
			return tags[i].tag;
	}
	return tag_other;
}

static bool is_one_of(struct hm_str text, const char *const *names)
{
	for (; *names; names++) {
		if (hm_str_is(text, *names))
			return true;
	}
	return false;
}

/* Words that mean a value of their own. */
static bool read_word(enum hm_yaml_dialect dialect, struct hm_str s, struct hm_yaml_meaning *m)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	static const char *const trues_1_1[] = { "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", NULL };
	static const char *const falses_1_1[] = { "n", "N", "no", "No", "NO", "off", "Off", "OFF", NULL };
	static const char *const infinities[] = { ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", NULL };
	static const char *const minus_infinities[] = { "-.inf", "-.Inf", "-.INF", NULL };
	static const char *const nans[] = { ".nan", ".NaN", ".NAN", NULL };
	bool is_1_1 = dialect == HM_YAML_KUBERNETES;

	if (is_one_of(s, nulls))
		*m = (struct hm_yaml_meaning){ .type = HM_YAML_NULL };
	else if (is_one_of(s, trues) || (is_1_1 && is_one_of(s, trues_1_1)))
		*m = (struct hm_yaml_meaning){ .type = HM_YAML_BOOL, .truth = true };
	else if (is_one_of(s, falses) || (is_1_1 && is_one_of(s, falses_1_1)))
		*m = (struct hm_yaml_meaning){ .type = HM_YAML_BOOL };
	else if (is_one_of(s, infinities))
		*m = (struct hm_yaml_meaning){ .type = HM_YAML_FLOAT, .number = INFINITY };
	else if (is_one_of(s, minus_infinities))
		*m = (struct hm_yaml_meaning){ .type = HM_YAML_FLOAT, .number = -INFINITY };
	else if (is_one_of(s, nans))
		*m = (struct hm_yaml_meaning){ .type = HM_YAML_FLOAT, .number = NAN };
	else
		return false;
	return true;
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	return 99;
}

/* Digits of a base, at least one; false also when they do not fit. */
static bool read_digits(struct hm_str s, unsigned base, uint64_t *ret_number)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned digit = (unsigned)digit_of(s.ptr[i]);
		if (digit >= base || __builtin_mul_overflow(sum, base, &sum) ||
		    __builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*ret_number = sum;
	return s.len > 0;
}

static bool set_integer(uint64_t magnitude, bool is_negative, struct hm_yaml_meaning *m)
{
	if (magnitude > (uint64_t)INT64_MAX + is_negative) {
		*m = (struct hm_yaml_meaning){ .type = HM_YAML_UINT, .u64 = magnitude };
		return !is_negative;
	}
	*m = (struct hm_yaml_meaning){ .type = HM_YAML_INT };
	m->i64 = is_negative ? (int64_t)-magnitude : (int64_t)magnitude;
	return true;
}

/* Go's strconv.ParseInt and ParseUint with base 0: 0x, 0o, 0b, and a lone 0 for octal. A sign makes it signed. */
static bool read_based(struct hm_str s, struct hm_yaml_meaning *m)
{
	bool has_sign = s.len > 0 && (s.ptr[0] == '+' || s.ptr[0] == '-');
	bool is_negative = has_sign && s.ptr[0] == '-';
	unsigned base = 10;
	uint64_t magnitude;

	s = hm_str_skip(s, has_sign);
	if (s.len >= 2 && s.ptr[0] == '0') {
		char mark = s.len >= 3 ? (char)(s.ptr[1] | 0x20) : '0';
		base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
		s = hm_str_skip(s, mark == 'x' || mark == 'b' || mark == 'o' ? 2 : 1);
	}
	if (!read_digits(s, base, &magnitude) || !set_integer(magnitude, is_negative, m))
		return false;
	return m->type == HM_YAML_INT || !has_sign;
}

/* What the peers try after base 0 and a float have failed, and so only ever read with a sign inside: 0b-1, 0o+7. */
static bool read_signed_inside(enum hm_yaml_dialect dialect, struct hm_str s, struct hm_yaml_meaning *m)
{
	bool is_octal = hm_str_has_prefix(s, HM_STR("0o")) && dialect == HM_YAML_REGO;
	uint64_t magnitude;

	if (!is_octal && !hm_str_has_prefix(s, HM_STR("0b")))
		return false;
	s = hm_str_skip(s, 2);
	if (s.len == 0 || (s.ptr[0] != '+' && s.ptr[0] != '-'))
		return false;
	return read_digits(hm_str_skip(s, 1), is_octal ? 8 : 2, &magnitude) &&
	       set_integer(magnitude, s.ptr[0] == '-', m) && m->type == HM_YAML_INT;
}

static struct hm_str skip_digits(struct hm_str s, size_t *ret_count)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] >= '0' && s.ptr[n] <= '9')
		n++;
	*ret_count = n;
	return hm_str_skip(s, n);
}

/* [-+]? ( .[0-9]+ | [0-9]+ (.[0-9]*)? ) ([eE] [-+]? [0-9]+)? */
static bool is_float(struct hm_str s)
{
	size_t whole, fraction = 0, exponent;

	if (s.len > 0 && (s.ptr[0] == '+' || s.ptr[0] == '-'))
		s = hm_str_skip(s, 1);
	s = skip_digits(s, &whole);
	if (s.len > 0 && s.ptr[0] == '.')
		s = skip_digits(hm_str_skip(s, 1), &fraction);
	if (whole + fraction == 0)
		return false;
	if (s.len == 0 || (s.ptr[0] != 'e' && s.ptr[0] != 'E'))
		return s.len == 0;
	s = hm_str_skip(s, 1);
	if (s.len > 0 && (s.ptr[0] == '+' || s.ptr[0] == '-'))
		s = hm_str_skip(s, 1);
	s = skip_digits(s, &exponent);
	return exponent > 0 && s.len == 0;
}

/* One that is too large for a double is none. */
static bool read_float(struct hm_str s, struct hm_arena *arena, struct hm_yaml_meaning *m)
{
	*m = (struct hm_yaml_meaning){ .type = HM_YAML_FLOAT };
	if (!is_float(s))
		return false;
	const char *text = hm_arena_dup(arena, s).ptr;
	return text && hm_double_read(text, &m->number);
}

static struct hm_str without_underscores(struct hm_str s, struct hm_arena *arena)
{
	char *copy = hm_str_find_char(s, '_') < 0 ? NULL : hm_arena_bytes(arena, s.len);
	size_t len = 0;

	if (!copy)
		return s;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] != '_')
			copy[len++] = s.ptr[i];
	}
	return hm_str_of(copy, len);
}

/* Go's floating-point literals may have underscores between digits, and only there. */
static bool has_good_underscores(struct hm_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '_' &&
		    (i == 0 || i + 1 == s.len || digit_of(s.ptr[i - 1]) > 9 || digit_of(s.ptr[i + 1]) > 9))
			return false;
	}
	return true;
}

/* A plain scalar without a tag, or the text of one that has a tag of the schema. */
static void read_plain(enum hm_yaml_dialect dialect, struct hm_str s, struct hm_arena *arena, struct hm_yaml_meaning *m)
{
	char first = s.len > 0 ? s.ptr[0] : '\0';
	bool is_digit = first >= '0' && first <= '9';

	if (read_word(dialect, s, m))
		return;
	if (first == '.' && has_good_underscores(s) && read_float(without_underscores(s, arena), arena, m))
		return;
	if (is_digit || first == '+' || first == '-') {
		struct hm_str number = without_underscores(s, arena);
		if (read_based(number, m) || read_float(number, arena, m) || read_signed_inside(dialect, number, m))
			return;
	}
	*m = (struct hm_yaml_meaning){ .type = HM_YAML_STR, .text = s };
}

/* Bytes in Base64, which become a string as Go's JSON writes them: what is not UTF-8 as U+FFFD. */
static const char *read_binary(struct hm_str text, struct hm_arena *arena, struct hm_yaml_meaning *m)
{
	HM_OWN(hm_buf_done) struct hm_buf clean = hm_buf_init(SIZE_MAX);
	HM_OWN(hm_buf_done) struct hm_buf bytes = hm_buf_init(SIZE_MAX);

	for (size_t i = 0; i < text.len; i++) {
		if (text.ptr[i] != '\r' && text.ptr[i] != '\n')
			hm_buf_add_char(&clean, text.ptr[i]);
	}
	enum hm_status st = hm_base64_decode(&bytes, HM_BASE64_STD, hm_buf_str(&clean), NULL);
	if (st == HM_EPARSE)
		return "!!binary that is not Base64";
	char *out = st == HM_OK && clean.status == HM_OK ? hm_arena_bytes(arena, bytes.len * 3) : NULL;
	if (!out) {
		arena->status = arena->status == HM_OK ? HM_ENOMEM : arena->status;
		return "";
	}
	size_t len = 0;
	for (struct hm_str s = hm_buf_str(&bytes); s.len > 0;) {
		size_t n = hm_utf8_len(s);
		if (n > 0)
			memcpy(out + len, s.ptr, n);
		len += n > 0 ? n : hm_utf8_write(out + len, 0xfffd);
		s = hm_str_skip(s, n > 0 ? n : 1);
	}
	*m = (struct hm_yaml_meaning){ .type = HM_YAML_STR, .text = hm_str_of(out, len) };
	return NULL;
}

/* Whether the text is what its tag says; an int64 is a float too. */
static const char *check_tag(enum tag tag, struct hm_yaml_meaning *m)
{
	switch (tag) {
	case tag_bool:
		return m->type == HM_YAML_BOOL ? NULL : "this is no !!bool";
	case tag_int:
		return m->type == HM_YAML_INT || m->type == HM_YAML_UINT ? NULL : "this is no !!int";
	case tag_null:
		return m->type == HM_YAML_NULL ? NULL : "this is no !!null";
	case tag_float:
		if (m->type == HM_YAML_INT) {
			m->type = HM_YAML_FLOAT;
			m->number = (double)m->i64;
		}
		return m->type == HM_YAML_FLOAT ? NULL : "this is no !!float";
	case tag_none:
	case tag_str:
	case tag_time:
	case tag_binary:
	case tag_merge:
	case tag_other:
		break;
	}
	return NULL;
}

/* A timestamp by its tag: sigs.k8s.io/yaml keeps its text, OPA's reader makes it a time, which JSON writes its own way.
 */
static const char *read_time(enum hm_yaml_dialect dialect, struct hm_str text, struct hm_arena *arena,
			     struct hm_yaml_meaning *m)
{
	struct hm_yaml_time time;
	char written[HM_YAML_TIME_LEN];

	if (!hm_yaml_time_parse(text, &time))
		return "this is no !!timestamp";
	if (dialect == HM_YAML_REGO) {
		if (!hm_yaml_time_write(&time, written))
			return "a time that JSON does not have";
		text = hm_str(written);
	}
	*m = (struct hm_yaml_meaning){ .type = HM_YAML_STR, .is_tagged_time = true, .text = hm_arena_dup(arena, text) };
	return m->text.ptr ? NULL : "";
}

static const char *resolve(enum hm_yaml_dialect dialect, const struct hm_yaml_scalar *scalar, enum tag tag,
			   struct hm_arena *arena, struct hm_yaml_meaning *m)
{
	bool is_1_1 = dialect == HM_YAML_KUBERNETES;
	bool is_string = tag == tag_none && (!scalar->is_plain || (scalar->has_bang && is_1_1));

	*m = (struct hm_yaml_meaning){ .type = HM_YAML_STR, .text = scalar->text };
	if (tag == tag_binary)
		return read_binary(scalar->text, arena, m);
	if (tag == tag_time)
		return read_time(dialect, scalar->text, arena, m);
	if (is_string || tag == tag_str || tag == tag_merge || tag == tag_other)
		return NULL;
	read_plain(dialect, scalar->text, arena, m);
	return check_tag(tag, m);
}

const char *hm_yaml_resolve(enum hm_yaml_dialect dialect, const struct hm_yaml_scalar *scalar, struct hm_arena *arena,
			    struct hm_yaml_meaning *m)
{
	enum tag tag = tag_of(scalar->tag);
	struct hm_yaml_time time;
	const char *wrong = resolve(dialect, scalar, tag, arena, m);

	if (wrong)
		return wrong;
	bool has_bang = scalar->has_bang && dialect == HM_YAML_KUBERNETES;
	bool may_merge = tag == tag_merge || (tag == tag_none && (scalar->is_plain || has_bang));
	m->is_merge = may_merge && hm_str_is(scalar->text, "<<");
	m->is_time = tag == tag_none && m->type == HM_YAML_STR && hm_yaml_time_parse(scalar->text, &time);
	if (m->type == HM_YAML_STR && m->text.ptr == scalar->text.ptr)
		m->text = hm_arena_dup(arena, scalar->text);
	HM_PLANT(m->type == HM_YAML_FLOAT && m->number == 0.25);
	return arena->status == HM_OK ? NULL : "";
}

/* A double as Go's encoding/json writes it: as ECMAScript, but with the sign of -0. */
static const char *value_of_double(double number, struct hm_arena *arena, struct hm_value *v)
{
	char text[HM_DOUBLE_TEXT_LEN] = "-0";

	if (!isfinite(number))
		return "a number that JSON does not have";
	if (number != 0 || !signbit(number))
		hm_double_text(number, text);
	return hm_value_number(arena, hm_str(text), v, NULL) == HM_OK ? NULL : "";
}

const char *hm_yaml_value(const struct hm_yaml_meaning *m, struct hm_arena *arena, struct hm_value *v)
{
	switch (m->type) {
	case HM_YAML_NULL:
		*v = hm_value_null();
		break;
	case HM_YAML_BOOL:
		*v = hm_value_bool(m->truth);
		break;
	case HM_YAML_INT:
		*v = hm_value_i64(m->i64);
		break;
	case HM_YAML_UINT:
		*v = hm_value_u64(arena, m->u64);
		break;
	case HM_YAML_FLOAT:
		return value_of_double(m->number, arena, v);
	case HM_YAML_STR:
		if (m->text.len > UINT32_MAX)
			arena->status = HM_ELIMIT;
		*v = hm_value_borrow(m->text);
		break;
	}
	return arena->status == HM_OK ? NULL : "";
}

/* Go's strconv.FormatFloat(x, 'g', -1, 32), which the peers write keys with. */
static void key_of_double(double number, char ret_text[HM_DOUBLE_TEXT_LEN])
{
	if (isnan(number))
		memcpy(ret_text, ".nan", 5);
	else if (isinf((float)number))
		memcpy(ret_text, number < 0 ? "-.inf" : ".inf", number < 0 ? 6 : 5);
	else
		hm_float_text((float)number, ret_text);
}

const char *hm_yaml_key(enum hm_yaml_dialect dialect, const struct hm_yaml_meaning *m, struct hm_arena *arena,
			struct hm_value *key)
{
	char text[HM_DOUBLE_TEXT_LEN];

	switch (m->type) {
	case HM_YAML_NULL:
		return "null as a key";
	case HM_YAML_BOOL:
		snprintf(text, sizeof(text), "%s", m->truth ? "true" : "false");
		break;
	case HM_YAML_INT:
		snprintf(text, sizeof(text), "%" PRId64, m->i64);
		break;
	case HM_YAML_UINT:
		if (dialect == HM_YAML_KUBERNETES)
			return "an integer past 2^63 as a key";
		snprintf(text, sizeof(text), "%" PRIu64, m->u64);
		break;
	case HM_YAML_FLOAT:
		key_of_double(m->number, text);
		break;
	case HM_YAML_STR:
		if (m->is_tagged_time && dialect == HM_YAML_REGO)
			return "a time as a key";
		return hm_yaml_value(m, arena, key);
	}
	*key = hm_value_cstr(arena, text);
	return arena->status == HM_OK ? NULL : "";
}
