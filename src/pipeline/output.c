#include "pipeline/output.h"

#include "base/file.h"

struct hm_output hm_output_init(const struct hm_mask *mask, int log, const char *name)
{
	struct hm_output out = {
		.masker = hm_masker_init(mask),
		.chunk = hm_buf_init(SIZE_MAX / 2),
		.line = hm_buf_init(HM_MAX_PIPELINE_LINE),
		.max_log = HM_MAX_PIPELINE_LOG,
		.log = log,
		.name = name,
	};

	for (size_t i = 0; i < HM_PIPELINE_TAIL_LINES; i++)
		out.tail[i] = hm_buf_init(HM_MAX_PIPELINE_LINE);
	return out;
}

void hm_output_done(struct hm_output *out)
{
	hm_masker_done(&out->masker);
	hm_buf_done(&out->chunk);
	hm_buf_done(&out->line);
	for (size_t i = 0; i < HM_PIPELINE_TAIL_LINES; i++)
		hm_buf_done(&out->tail[i]);
}

/* A line is whole. One that memory was too short for is lost in the tail only. */
static void take_line(struct hm_output *out)
{
	struct hm_buf *slot = &out->tail[out->lines++ % HM_PIPELINE_TAIL_LINES];
	struct hm_str line = hm_buf_str(&out->line);

	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	hm_buf_clear(slot);
	hm_buf_add_str(slot, line);
	if (out->on_line)
		out->on_line(out->ctx, line);
	hm_buf_clear(&out->line);
}

static void split(struct hm_output *out, struct hm_str text)
{
	while (text.len > 0) {
		if (text.ptr[0] == '\n') {
			take_line(out);
			text = hm_str_skip(text, 1);
			continue;
		}
		if (out->line.len == HM_MAX_PIPELINE_LINE)
			take_line(out);
		ptrdiff_t end = hm_str_find_char(text, '\n');
		size_t len = end < 0 ? text.len : (size_t)end, room = HM_MAX_PIPELINE_LINE - out->line.len;
		len = len < room ? len : room;
		hm_buf_add_str(&out->line, hm_str_head(text, len));
		text = hm_str_skip(text, len);
	}
}

/* What is over the log's limit is shown all the same, and said to be missing. */
static enum hm_status keep(struct hm_output *out, struct hm_str text, struct hm_err *err)
{
	static const char note[] = "\nhallmark: the log is cut here, the step printed more\n";
	uint64_t room = out->max_log - out->logged;

	if (out->is_cut || out->log < 0)
		return HM_OK;
	struct hm_str part = hm_str_head(text, room < text.len ? (size_t)room : text.len);
	out->logged += part.len;
	enum hm_status st = hm_fd_write(out->log, out->name, part, err);
	if (st == HM_OK && part.len < text.len) {
		out->is_cut = true;
		st = hm_fd_write(out->log, out->name, hm_str(note), err);
	}
	return st;
}

static enum hm_status pass(struct hm_output *out, struct hm_str bytes, bool is_last, struct hm_err *err)
{
	hm_buf_clear(&out->chunk);
	enum hm_status st = hm_masker_add(&out->masker, bytes, is_last, &out->chunk, err);
	if (st == HM_OK)
		st = hm_buf_check(&out->chunk, "output", err);
	if (st != HM_OK)
		return st;
	split(out, hm_buf_str(&out->chunk));
	return keep(out, hm_buf_str(&out->chunk), err);
}

enum hm_status hm_output_add(struct hm_output *out, struct hm_str bytes, struct hm_err *err)
{
	return pass(out, bytes, false, err);
}

enum hm_status hm_output_end(struct hm_output *out, struct hm_err *err)
{
	enum hm_status st = pass(out, HM_STR(""), true, err);

	if (out->line.len > 0)
		take_line(out);
	return st;
}

void hm_output_tail(const struct hm_output *out, struct hm_buf *ret_text)
{
	uint64_t first = out->lines > HM_PIPELINE_TAIL_LINES ? out->lines - HM_PIPELINE_TAIL_LINES : 0;

	for (uint64_t i = first; i < out->lines; i++) {
		hm_buf_add_str(ret_text, hm_buf_str(&out->tail[i % HM_PIPELINE_TAIL_LINES]));
		hm_buf_add_char(ret_text, '\n');
	}
}
