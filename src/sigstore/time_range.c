#include "sigstore/time_range.h"

#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>

static const struct hm_json_field fields[] = {
	{ "start", HM_JSON_TIME, offsetof(struct hm_time_range, start_ns),
	  .has = HM_JSON_HAS(struct hm_time_range, has_start) },
	{ "end", HM_JSON_TIME, offsetof(struct hm_time_range, end_ns),
	  .has = HM_JSON_HAS(struct hm_time_range, has_end) },
};

const struct hm_json_table hm_time_range_table = HM_JSON_TABLE(struct hm_time_range, fields);

enum hm_status hm_time_range_check(const struct hm_time_range *range, const char *what, struct hm_err *err)
{
	if (!range->has_start)
		return hm_fail(err, HM_R_TRUST_START, "%s has no start of its validity", what);
	if (range->has_end && range->end_ns < range->start_ns)
		return hm_fail(err, HM_R_TRUST_VALIDITY, "the validity of %s ends before it starts", what);
	return HM_OK;
}

bool hm_time_range_has(const struct hm_time_range *range, int64_t time_ns)
{
	/* sigstore_trustroot.proto: "The TimeRange should be considered valid *inclusive* of the endpoints." */
	return range->has_start && time_ns >= range->start_ns && (!range->has_end || time_ns <= range->end_ns);
}

void hm_time_ns_text(int64_t time_ns, char ret_text[HM_TIME_NS_TEXT_LEN])
{
	int64_t ns = time_ns % HM_NS_PER_S;
	char seconds[HM_TIME_TEXT_LEN];

	if (ns < 0)
		ns += HM_NS_PER_S;
	hm_time_write(hm_time_floor_s(time_ns), seconds);
	/* "2025-07-04T00:00:00" is 19 characters, the Z follows the fraction. */
	if (ns == 0)
		snprintf(ret_text, HM_TIME_NS_TEXT_LEN, "%s", seconds);
	else if (ns % HM_NS_PER_MS == 0)
		snprintf(ret_text, HM_TIME_NS_TEXT_LEN, "%.19s.%03" PRId64 "Z", seconds, ns / HM_NS_PER_MS);
	else
		snprintf(ret_text, HM_TIME_NS_TEXT_LEN, "%.19s.%09" PRId64 "Z", seconds, ns);
}

void hm_time_range_text(const struct hm_time_range *range, char ret_text[HM_TIME_RANGE_TEXT_LEN])
{
	char start[HM_TIME_NS_TEXT_LEN], end[HM_TIME_NS_TEXT_LEN];

	hm_time_ns_text(range->start_ns, start);
	hm_time_ns_text(range->end_ns, end);
	if (range->has_end)
		snprintf(ret_text, HM_TIME_RANGE_TEXT_LEN, "%.36s to %.36s", start, end);
	else
		snprintf(ret_text, HM_TIME_RANGE_TEXT_LEN, "from %.36s on", start);
}

void hm_time_range_encode(const struct hm_time_range *range, struct hm_json_writer *w)
{
	char text[HM_TIME_NS_TEXT_LEN];

	hm_json_object(w);
	if (range->has_start) {
		hm_time_ns_text(range->start_ns, text);
		hm_json_member_cstr(w, "start", text);
	}
	if (range->has_end) {
		hm_time_ns_text(range->end_ns, text);
		hm_json_member_cstr(w, "end", text);
	}
	hm_json_object_end(w);
}
