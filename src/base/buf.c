#include "base/buf.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

struct hm_buf hm_buf_init(size_t max)
{
	return (struct hm_buf){ .max = max };
}

void hm_buf_done(struct hm_buf *buf)
{
	if (!buf)
		return;
	free(buf->ptr);
	*buf = (struct hm_buf){ .max = buf->max };
}

void hm_buf_clear(struct hm_buf *buf)
{
	buf->len = 0;
	buf->status = HM_OK;
	if (buf->ptr)
		buf->ptr[0] = '\0';
}

/* Room for more bytes and the NUL; false, and failure sticks, where there is none. */
static bool reserve(struct hm_buf *buf, size_t more)
{
	size_t need;

	if (buf->status != HM_OK)
		return false;
	if (more > buf->max - buf->len || __builtin_add_overflow(buf->len + 1, more, &need)) {
		buf->status = HM_ELIMIT;
		return false;
	}
	if (need <= buf->cap)
		return true;

	/* By half at least, so that adding byte by byte costs no more than adding at once; never past the maximum. */
	size_t cap = buf->cap < 64 ? 64 : buf->cap > SIZE_MAX / 2 ? SIZE_MAX : buf->cap + buf->cap / 2;
	if (cap < need)
		cap = need;
	else if (cap - 1 > buf->max)
		cap = buf->max + 1;
	char *grown = hm_realloc(buf->ptr, cap);
	if (!grown) {
		buf->status = HM_ENOMEM;
		return false;
	}
	buf->ptr = grown;
	buf->cap = cap;
	return true;
}

void *hm_buf_add_space(struct hm_buf *buf, size_t len)
{
	if (!reserve(buf, len))
		return NULL;
	char *space = buf->ptr + buf->len;
	buf->len += len;
	buf->ptr[buf->len] = '\0';
	return space;
}

void hm_buf_add(struct hm_buf *buf, const void *ptr, size_t len)
{
	void *space = hm_buf_add_space(buf, len);

	if (space && len)
		memcpy(space, ptr, len);
}

void hm_buf_add_str(struct hm_buf *buf, struct hm_str s)
{
	hm_buf_add(buf, s.ptr, s.len);
}

void hm_buf_add_cstr(struct hm_buf *buf, const char *cstr)
{
	hm_buf_add(buf, cstr, strlen(cstr));
}

void hm_buf_add_char(struct hm_buf *buf, char c)
{
	hm_buf_add(buf, &c, 1);
}

void hm_buf_addf(struct hm_buf *buf, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 && buf->status == HM_OK)
		buf->status = HM_ELIMIT; /* longer than an int can say */
	char *space = n < 0 ? NULL : hm_buf_add_space(buf, (size_t)n);
	if (!space)
		return;
	va_start(ap, fmt);
	vsnprintf(space, (size_t)n + 1, fmt, ap);
	va_end(ap);
}

ssize_t hm_buf_fill(struct hm_buf *buf, int fd)
{
	/* At the maximum one more byte is tried for, so that a source that ends there is told from one that goes on. */
	char beyond;
	if (buf->status == HM_OK && buf->len == buf->max) {
		ssize_t n = read(fd, &beyond, 1);
		if (n > 0)
			buf->status = HM_ELIMIT;
		return n > 0 ? 0 : n;
	}

	size_t want = buf->cap > buf->len + 1 ? buf->cap - buf->len - 1 : 4096;
	if (buf->len >= 4096 && want < buf->len / 2)
		want = buf->len / 2;
	if (want > buf->max - buf->len)
		want = buf->max - buf->len;
	if (!reserve(buf, want))
		return 0;
	ssize_t n = read(fd, buf->ptr + buf->len, want);
	if (n > 0)
		buf->len += (size_t)n;
	buf->ptr[buf->len] = '\0';
	return n;
}

enum hm_status hm_buf_check(const struct hm_buf *buf, const char *what, struct hm_err *err)
{
	if (buf->status == HM_ELIMIT)
		return hm_fail(err, HM_R_LIMIT, "%s is over its limit of %zu bytes", what, buf->max);
	if (buf->status != HM_OK)
		return hm_fail(err, HM_R_NO_MEMORY, "%s", what);
	return HM_OK;
}

struct hm_buf hm_buf_take(struct hm_buf *buf)
{
	struct hm_buf taken = *buf;

	*buf = hm_buf_init(buf->max);
	return taken;
}

char *hm_buf_take_cstr(struct hm_buf *buf)
{
	if (!reserve(buf, 0))
		return NULL;
	buf->ptr[buf->len] = '\0';
	return hm_buf_take(buf).ptr;
}
