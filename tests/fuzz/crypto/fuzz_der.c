/* DER: whatever is read is written again as the same bytes. */
#include "crypto/der.h"

#include "base/own.h"

#include <stdlib.h>

#define DEPTH 8 /* of values inside values; the reader itself has no recursion */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void want_same(struct hm_buf *buf, struct hm_str raw)
{
	if (buf->status == HM_OK && !hm_str_eq(hm_buf_str(buf), raw))
		abort();
	hm_buf_clear(buf);
}

static void check_scalars(struct hm_str raw)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(1 << 20);
	struct hm_str rest = raw, s;
	uint64_t u;
	uint32_t flags, ns;
	int64_t time_s;
	bool b;

	if (hm_der_take_u64(&rest, &u)) {
		hm_der_add_u64(&buf, u);
		want_same(&buf, raw);
	}
	rest = raw;
	if (hm_der_take_unsigned(&rest, &s)) {
		hm_der_add_unsigned(&buf, s);
		want_same(&buf, raw);
	}
	rest = raw;
	if (hm_der_take_bool(&rest, &b)) {
		hm_der_add_bool(&buf, b);
		want_same(&buf, raw);
	}
	rest = raw;
	if (hm_der_take_bits(&rest, &s)) {
		hm_der_add_bits(&buf, s);
		want_same(&buf, raw);
	}
	/* named bits may have zeros at their end, and a time before 1950 the longer form: not always the same bytes */
	rest = raw;
	if (hm_der_take_flags(&rest, &flags)) {
		uint32_t again;
		hm_der_add_flags(&buf, flags);
		rest = hm_buf_str(&buf);
		if (!hm_der_take_flags(&rest, &again) || again != flags)
			abort();
		hm_buf_clear(&buf);
	}
	rest = raw;
	if (hm_der_take_time(&rest, &time_s)) {
		int64_t again;
		hm_der_add_time(&buf, time_s);
		rest = hm_buf_str(&buf);
		if (!hm_der_take_time(&rest, &again) || again != time_s)
			abort();
		hm_buf_clear(&buf);
	}
	rest = raw;
	if (hm_der_take_time_ns(&rest, &time_s, &ns) && ns >= 1000000000)
		abort();
	rest = raw;
	if (hm_der_take_oid(&rest, &s)) {
		HM_OWN(hm_buf_done) struct hm_buf text = hm_buf_init(1 << 20);
		if (hm_der_oid_write(&text, s)) {
			if (!hm_der_oid_read(&buf, hm_buf_str(&text)) || !hm_str_eq(hm_buf_str(&buf), s))
				abort();
		}
	}
}

static void walk(struct hm_str rest, int depth)
{
	HM_OWN(hm_buf_done) struct hm_buf buf = hm_buf_init(1 << 20);
	struct hm_der_item item;

	while (hm_der_next(&rest, &item)) {
		hm_der_add(&buf, item.tag, item.body);
		want_same(&buf, item.raw);
		check_scalars(item.raw);
		if (depth < DEPTH)
			walk(item.body, depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size <= 4096)
		walk(hm_str_of(data, size), 0);
	return 0;
}
