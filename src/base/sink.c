#include "base/sink.h"

#include "base/file.h"

static enum hm_status write_buf(void *ctx, const void *ptr, size_t len, struct hm_err *err)
{
	struct hm_buf *buf = ctx;

	hm_buf_add(buf, ptr, len);
	return hm_buf_check(buf, "data", err);
}

struct hm_sink hm_sink_buf(struct hm_buf *buf)
{
	return (struct hm_sink){ write_buf, buf };
}

static enum hm_status write_fd(void *ctx, const void *ptr, size_t len, struct hm_err *err)
{
	const struct hm_sink_file *file = ctx;

	return hm_fd_write(file->fd, file->name, hm_str_of(ptr, len), err);
}

struct hm_sink hm_sink_fd(struct hm_sink_file *file)
{
	return (struct hm_sink){ write_fd, file };
}

static enum hm_status write_both(void *ctx, const void *ptr, size_t len, struct hm_err *err)
{
	struct hm_sink_tee *tee = ctx;

	enum hm_status st = hm_sink_write(tee->a, ptr, len, err);
	return st == HM_OK ? hm_sink_write(tee->b, ptr, len, err) : st;
}

struct hm_sink hm_sink_both(struct hm_sink_tee *tee)
{
	return (struct hm_sink){ write_both, tee };
}
