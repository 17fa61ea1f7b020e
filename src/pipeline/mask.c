#include "pipeline/mask.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"
#include "base/plant.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>

/* A line that is shorter than this is no secret by itself: "}" or "". */
#define SHORTEST_LINE 8

static enum hm_status add_word(struct hm_mask *mask, struct hm_str word, struct hm_err *err)
{
	if (word.len == 0)
		return HM_OK;
	if (!hm_grow(&mask->words, &mask->cap, mask->count + 1, sizeof(*mask->words)))
		return hm_fail(err, HM_R_NO_MEMORY, "secrets");
	mask->words[mask->count++] = word;
	mask->begins[(unsigned char)word.ptr[0]] = true;
	return HM_OK;
}

enum hm_status hm_mask_init(struct hm_mask *mask, const struct hm_str *secrets, size_t count, struct hm_err *err)
{
	enum hm_status st = HM_OK;

	*mask = (struct hm_mask){ 0 };
	if (count > HM_MAX_PIPELINE_SECRETS)
		return hm_fail(err, HM_R_PIPELINE_LIMIT, "%zu secrets, where %zu are the most", count,
			       HM_MAX_PIPELINE_SECRETS);
	for (size_t i = 0; i < count && st == HM_OK; i++) {
		struct hm_str rest = secrets[i], line;
		if (secrets[i].len > HM_MAX_PIPELINE_SECRET)
			st = hm_fail(err, HM_R_PIPELINE_LIMIT, "a secret of more than %zu bytes",
				     HM_MAX_PIPELINE_SECRET);
		else
			st = add_word(mask, secrets[i], err);
		while (st == HM_OK && hm_str_find_char(secrets[i], '\n') >= 0 && hm_str_next(&rest, '\n', &line)) {
			line = hm_str_trim(line);
			if (line.len >= SHORTEST_LINE)
				st = add_word(mask, line, err);
		}
	}
	if (st != HM_OK)
		hm_mask_done(mask);
	return st;
}

void hm_mask_done(struct hm_mask *mask)
{
	free(mask->words);
	*mask = (struct hm_mask){ 0 };
}

struct hm_masker hm_masker_init(const struct hm_mask *mask)
{
	return (struct hm_masker){ .mask = mask, .held = hm_buf_init(SIZE_MAX / 2) };
}

void hm_masker_done(struct hm_masker *masker)
{
	hm_secret_buf_done(&masker->held);
}

/* Which words begin at text: how many bytes they cover. False where more bytes are needed to say. */
static bool look(const struct hm_mask *mask, struct hm_str text, bool is_last, size_t *covered)
{
	if (!mask->begins[(unsigned char)text.ptr[0]])
		return true;
	for (size_t i = 0; i < mask->count; i++) {
		struct hm_str word = mask->words[i];
		size_t len = word.len < text.len ? word.len : text.len;
		if (memcmp(word.ptr, text.ptr, len) != 0)
			continue;
		if (len == word.len)
			*covered = word.len > *covered ? word.len : *covered;
		else if (!is_last)
			return false;
	}
	return true;
}

enum hm_status hm_masker_add(struct hm_masker *masker, struct hm_str bytes, bool is_last, struct hm_buf *out,
			     struct hm_err *err)
{
	struct hm_buf *held = &masker->held;
	size_t i = 0, begin = 0;

	if (masker->mask->count == 0) {
		hm_buf_add_str(out, bytes);
		return HM_OK;
	}
	hm_buf_add_str(held, bytes);
	enum hm_status st = hm_buf_check(held, "output", err);
	if (st != HM_OK)
		return st;
	for (; i < held->len; i++) {
		if (!look(masker->mask, hm_str_skip(hm_buf_str(held), i), is_last, &masker->covered))
			break;
		if (masker->covered == 0) {
			masker->is_inside = false;
			continue;
		}
		hm_buf_add(out, held->ptr + begin, i - begin);
		if (!masker->is_inside)
			hm_buf_add_cstr(out, "***");
		masker->is_inside = true;
		HM_PLANT(masker->covered > 9 && i > 20);
		masker->covered--;
		begin = i + 1;
	}
	hm_buf_add(out, held->ptr + begin, i - begin);
	memmove(held->ptr, held->ptr + i, held->len - i);
	held->len -= i;
	return HM_OK;
}

void hm_mask_text(const struct hm_mask *mask, char *text, size_t size)
{
	HM_OWN(hm_buf_done) struct hm_buf out = hm_buf_init(4 * size);
	struct hm_masker masker = hm_masker_init(mask);

	if (mask->count == 0)
		return;
	enum hm_status st = hm_masker_add(&masker, hm_str(text), true, &out, NULL);
	hm_masker_done(&masker);
	if (st == HM_OK)
		st = hm_buf_check(&out, "text", NULL);
	snprintf(text, size, "%s", st == HM_OK && out.ptr ? out.ptr : "");
}

void hm_mask_err(const struct hm_mask *mask, struct hm_err *err)
{
	hm_mask_text(mask, err->file, sizeof(err->file));
	hm_mask_text(mask, err->cause, sizeof(err->cause));
	hm_mask_text(mask, err->ctx, sizeof(err->ctx));
}
