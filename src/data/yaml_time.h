/*
 * Timestamps in YAML: 2001-12-14, 2001-12-14T21:59:43.10-05:00, 2001-12-14 21:59:43. For this module only.
 *
 * Layer 2. Pure; any thread.
 */
#ifndef HM_DATA_YAML_TIME_H
#define HM_DATA_YAML_TIME_H

#include "base/str.h"
#include "base/time.h"

#define HM_YAML_TIME_LEN 64

struct hm_yaml_time {
	struct hm_date date;
	char fraction[9]; /* digits, without zeros at the end */
	int fraction_len;
	int offset_minutes;
};

/* Whether text is a timestamp, and which. */
bool hm_yaml_time_parse(struct hm_str text, struct hm_yaml_time *ret_time);

/* As RFC 3339, the fraction as short as it can be; false when the offset is a day or more. */
bool hm_yaml_time_write(const struct hm_yaml_time *time, char ret_text[HM_YAML_TIME_LEN]);

#endif
