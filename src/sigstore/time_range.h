/*
 * A span of time as trust roots and signing configs write it: closed at both ends, its start required, its end not.
 *
 * Layer 7. Pure; any thread.
 * Source  sigstore/protobuf-specs, sigstore_common.proto, TimeRange
 */
#ifndef HM_SIGSTORE_TIME_RANGE_H
#define HM_SIGSTORE_TIME_RANGE_H

#include "data/decode.h"
#include "data/json_write.h"

#include <stdbool.h>
#include <stdint.h>

/* Nanoseconds since 1970. */
struct hm_time_range {
	int64_t start_ns, end_ns; /* end_ns counts with has_end only */
	bool has_start, has_end;
};

/* Decodes {"start":…,"end":…}; whether a start is there is hm_time_range_check()'s to say. */
extern const struct hm_json_table hm_time_range_table;

/*
 * Refuse a span without a start, or that ends before it starts.
 *
 * Shape   what: whose validity it is, for the error's text.
 * Errors  HM_EPARSE trust.validity-start, trust.validity
 */
enum hm_status hm_time_range_check(const struct hm_time_range *range, const char *what, struct hm_err *err) HM_MUST;

/* Whether a time lies in it; both ends do. */
bool hm_time_range_has(const struct hm_time_range *range, int64_t time_ns);

/* Write it as an object. */
void hm_time_range_encode(const struct hm_time_range *range, struct hm_json_writer *w);

/* For texts: "2025-07-04T00:00:00Z to 2026-01-01T00:00:00Z", or "from … on". */
#define HM_TIME_RANGE_TEXT_LEN 80
void hm_time_range_text(const struct hm_time_range *range, char ret_text[HM_TIME_RANGE_TEXT_LEN]);

/* "2025-07-04T00:00:00Z", with fractions where there are any. */
#define HM_TIME_NS_TEXT_LEN 40
void hm_time_ns_text(int64_t time_ns, char ret_text[HM_TIME_NS_TEXT_LEN]);

#endif
