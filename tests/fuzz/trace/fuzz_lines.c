/* Spans of a child: what is taken is written so that another parent with the same ids takes it too. */
#include "base/limits.h"
#include "base/own.h"
#include "trace/otlp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int64_t no_time(void *ctx)
{
	(void)ctx;
	return 1;
}

/* The parent's trace is …01, its span …02, as the corpus has it. */
static enum hm_status count(void *ctx, void *ret_bytes, size_t len, struct hm_err *err)
{
	(void)err;
	memset(ret_bytes, 0, len);
	((uint8_t *)ret_bytes)[len - 1] = ++*(uint8_t *)ctx;
	return HM_OK;
}

static enum hm_status take(struct hm_str lines, struct hm_buf *written)
{
	uint8_t counter = 0;
	const struct hm_effects fx = { &counter, no_time, count };
	const struct hm_tracer_opts opts = { .effects = &fx };
	HM_OWN(hm_tracer_freep) struct hm_tracer *tracer = NULL;

	if (hm_tracer_new(&opts, &tracer, NULL) != HM_OK)
		return HM_ENOMEM;
	struct hm_span *parent = hm_span_start(tracer, NULL, HM_SPAN_INTERNAL, HM_STR("step"));
	hm_span_end(parent);
	enum hm_status st = hm_otlp_read_lines(tracer, hm_span_context(parent), lines, NULL);
	return st == HM_OK && written ? hm_otlp_encode_lines(tracer, written, NULL) : st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf written = hm_buf_init(64 * HM_MIB);

	if (take(hm_str_of(data, size), &written) != HM_OK)
		return 0;
	/* behind the parent's own line */
	struct hm_str rest = hm_buf_str(&written), own;
	hm_str_cut(rest, '\n', &own, &rest);
	if (take(rest, NULL) != HM_OK)
		__builtin_trap();
	return 0;
}
