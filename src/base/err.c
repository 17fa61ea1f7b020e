#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *code;
	enum hm_status status;
	const char *hint, *text;
} reasons[] = {
#define REASON(name, code, status, hint, text) [HM_R_##name] = { code, status, hint, text },
#include "base/reasons.def"
#undef REASON
};

static const char *const status_names[] = {
	[HM_OK] = "ok",           [HM_EINVAL] = "usage",        [HM_EPARSE] = "malformed",
	[HM_EVERIFY] = "refused", [HM_EPOLICY] = "policy",      [HM_EIO] = "disk",
	[HM_ENET] = "network",    [HM_ENOTFOUND] = "not-found", [HM_ECONFLICT] = "conflict",
	[HM_ELIMIT] = "limit",    [HM_ENOMEM] = "memory",       [HM_EBUG] = "bug",
};

const char *hm_reason_code(enum hm_reason reason)
{
	return reasons[reason].code;
}

const char *hm_reason_hint(enum hm_reason reason)
{
	return reasons[reason].hint;
}

const char *hm_reason_text(enum hm_reason reason)
{
	return reasons[reason].text;
}

enum hm_status hm_reason_status(enum hm_reason reason)
{
	return reasons[reason].status;
}

const char *hm_status_name(enum hm_status st)
{
	return status_names[st];
}

/* End text of len bytes with "...", and not within a character: a cut text is still UTF-8. */
static void mark_cut(char *text, size_t len)
{
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(text + len, "...", 4);
}

static void __attribute__((format(printf, 3, 0)))
set_cause(struct hm_err *err, enum hm_reason reason, const char *fmt, va_list ap)
{
	/* on the side, since the arguments may be parts of err itself */
	char cause[sizeof(err->cause)];
	int n = vsnprintf(cause, sizeof(cause), fmt, ap);

	if (n < 0)
		cause[0] = '\0';
	if (n >= (int)sizeof(cause))
		mark_cut(cause, sizeof(cause) - 4);
	*err = (struct hm_err){ .reason = reason };
	memcpy(err->cause, cause, sizeof(cause));
}

enum hm_status hm_fail(struct hm_err *err, enum hm_reason reason, const char *fmt, ...)
{
	if (err) {
		va_list ap;
		va_start(ap, fmt);
		set_cause(err, reason, fmt, ap);
		va_end(ap);
	}
	return reasons[reason].status;
}

enum hm_status hm_fail_as(struct hm_err *err, enum hm_reason reason)
{
	if (err)
		err->reason = reason;
	return reasons[reason].status;
}

static enum hm_reason errno_reason(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return HM_R_FILE_NOT_FOUND;
	case ENOMEM:
		return HM_R_NO_MEMORY;
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return HM_R_FILE_NO_SPACE;
	default:
		return HM_R_FILE_IO;
	}
}

enum hm_status hm_fail_errno(struct hm_err *err, int errnum, const char *fmt, ...)
{
	enum hm_reason reason = errno_reason(errnum);

	if (err) {
		va_list ap;
		va_start(ap, fmt);
		set_cause(err, reason, fmt, ap);
		va_end(ap);
		err->sys = errnum;

		/* The error's text is the half that must not be lost when the name is very long. */
		const char *why = strerrordesc_np(errnum);
		why = why ? why : "unknown error";
		size_t room = sizeof(err->cause) - strlen(why) - 3, used = strlen(err->cause);
		if (used > room) {
			mark_cut(err->cause, room - 3);
			used = strlen(err->cause);
		}
		snprintf(err->cause + used, sizeof(err->cause) - used, ": %s", why);
	}
	return reasons[reason].status;
}

enum hm_status hm_while(struct hm_err *err, enum hm_status st, const char *fmt, ...)
{
	if (!err || st == HM_OK)
		return st;

	char inner[sizeof(err->ctx)];
	memcpy(inner, err->ctx, sizeof(inner));

	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(err->ctx, sizeof(err->ctx), fmt, ap);
	va_end(ap);

	/* What does not fit is the inner end, and shows it: the cause still says what happened there. */
	size_t end = n < 0 ? 0 : (size_t)n;
	if (inner[0] != '\0' && end < sizeof(err->ctx))
		end += (size_t)snprintf(err->ctx + end, sizeof(err->ctx) - end, ": %s", inner);
	if (end >= sizeof(err->ctx))
		mark_cut(err->ctx, sizeof(err->ctx) - 4);
	return st;
}

enum hm_status hm_at(struct hm_err *err, enum hm_status st, const char *file, uint32_t row, uint32_t col)
{
	if (!err || st == HM_OK)
		return st;
	if (err->row == 0 && err->file[0] == '\0') {
		err->row = row;
		err->col = col;
	}
	if (file && err->file[0] == '\0') {
		size_t len = strlen(file), max = sizeof(err->file) - 1;
		if (len <= max) {
			memcpy(err->file, file, len + 1);
		} else {
			const char *end = file + (len - max + 3);
			while (((unsigned char)*end & 0xc0) == 0x80)
				end++;
			snprintf(err->file, sizeof(err->file), "...%s", end);
		}
	}
	return st;
}

void hm_err_text(const struct hm_err *err, char *ret_text, size_t size)
{
	char place[sizeof(err->file) + 32] = "";

	if (err->file[0] != '\0' && err->row > 0 && err->col > 0)
		snprintf(place, sizeof(place), "%s:%u:%u: ", err->file, err->row, err->col);
	else if (err->file[0] != '\0' && err->row > 0)
		snprintf(place, sizeof(place), "%s:%u: ", err->file, err->row);
	else if (err->file[0] != '\0')
		snprintf(place, sizeof(place), "%s: ", err->file);
	else if (err->row > 0 && err->col > 0)
		snprintf(place, sizeof(place), "line %u, column %u: ", err->row, err->col);
	else if (err->row > 0)
		snprintf(place, sizeof(place), "line %u: ", err->row);

	int n = snprintf(ret_text, size, "%s%s%s%s", err->ctx, err->ctx[0] != '\0' ? ": " : "", place, err->cause);
	if (size >= 4 && n >= 0 && (size_t)n >= size)
		mark_cut(ret_text, size - 4);
}
