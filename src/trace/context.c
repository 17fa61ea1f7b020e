#include "trace/context.h"

#include "base/encode.h"
#include "base/plant.h"

#include <stdlib.h>

static const char carrier[] = "TRACEPARENT", state_carrier[] = "TRACESTATE";

static bool is_zero(const uint8_t *bytes, size_t len)
{
	uint8_t all = 0;

	for (size_t i = 0; i < len; i++)
		all |= bytes[i];
	return all == 0;
}

/* W3C 3.2.2: lower-case digits only */
static bool read_hex(struct hm_str text, size_t from, uint8_t *ret_bytes, size_t len)
{
	struct hm_str digits = hm_str_head(hm_str_skip(text, from), 2 * len);

	for (size_t i = 0; i < digits.len; i++) {
		if (digits.ptr[i] >= 'A' && digits.ptr[i] <= 'F')
			return false;
	}
	return hm_hex_read(digits, ret_bytes, len, NULL) == HM_OK;
}

enum hm_status hm_traceparent_parse(struct hm_str text, struct hm_trace_context *ret_context, struct hm_err *err)
{
	/*                   version  trace id  parent id  flags
	 *                   0     2  3     35  36     52  53 55 */
	const size_t len = HM_TRACEPARENT_LEN - 1;
	struct hm_trace_context c = { .is_remote = true };
	uint8_t version = 0, flags = 0;

	bool is_good = text.len >= len && text.ptr[2] == '-' && text.ptr[35] == '-' && text.ptr[52] == '-' &&
		       read_hex(text, 0, &version, 1) && version != 0xff &&
		       read_hex(text, 3, c.trace_id, sizeof(c.trace_id)) &&
		       read_hex(text, 36, c.span_id, sizeof(c.span_id)) && read_hex(text, 53, &flags, 1);
	HM_PLANT(is_good && version == 1 && flags == 2);
	/* W3C 3.2.4: a later version may go on behind another '-' */
	if (is_good && text.len > len)
		is_good = version > 0 && text.ptr[len] == '-';
	if (!is_good || is_zero(c.trace_id, sizeof(c.trace_id)) || is_zero(c.span_id, sizeof(c.span_id)))
		return hm_fail(err, HM_R_TRACE_PARENT, "'%.*s' is not a traceparent",
			       HM_STR_ARG(hm_str_head(text, 80)));
	c.is_sampled = flags & 1;
	*ret_context = c;
	return HM_OK;
}

void hm_traceparent_write(const struct hm_trace_context *context, char ret_text[HM_TRACEPARENT_LEN])
{
	memcpy(ret_text, "00-", 3);
	hm_hex_write(ret_text + 3, context->trace_id, HM_TRACE_ID_LEN);
	ret_text[35] = '-';
	hm_hex_write(ret_text + 36, context->span_id, HM_SPAN_ID_LEN);
	memcpy(ret_text + 52, context->is_sampled ? "-01" : "-00", 4);
}

static void take_out(struct hm_strv *env, const char *name)
{
	const size_t len = strlen(name);
	size_t kept = 0;

	for (size_t i = 0; i < env->count; i++) {
		if (strncmp(env->v[i], name, len) == 0 && env->v[i][len] == '=')
			free(env->v[i]);
		else
			env->v[kept++] = env->v[i];
	}
	env->count = kept;
	if (env->v)
		env->v[kept] = NULL;
}

void hm_trace_to_env(const struct hm_trace_context *context, struct hm_strv *env)
{
	char text[HM_TRACEPARENT_LEN];

	if (!context) {
		take_out(env, carrier);
		take_out(env, state_carrier);
		return;
	}
	hm_traceparent_write(context, text);
	hm_strv_setenv(env, carrier, text);
}

void hm_trace_to_request(const struct hm_trace_context *context, struct hm_http_request *req)
{
	char text[HM_TRACEPARENT_LEN];

	if (!context)
		return;
	hm_traceparent_write(context, text);
	hm_http_set(&req->head, "traceparent", hm_str(text));
}

bool hm_trace_from_request(const struct hm_http_request *req, struct hm_trace_context *ret_context)
{
	/* W3C 3.2: more than one is as none */
	if (hm_http_get_at(&req->head, "traceparent", 1).ptr)
		return false;
	return hm_traceparent_parse(hm_http_get(&req->head, "traceparent"), ret_context, NULL) == HM_OK;
}
