#include "golang/modlex.h"

#include "base/mem.h"
#include "base/own.h"
#include "base/unicode.h"

enum token_kind {
	END,
	NEWLINE,
	COMMENT,     /* alone on its line */
	END_COMMENT, /* behind something; it ends the line */
	WORD,
};

struct token {
	enum token_kind kind;
	struct hm_str text;
	const char *at, *line_start;
	uint32_t row;
};

struct lexer {
	const char *name;
	struct hm_str rest;
	const char *line_start;
	uint32_t row;
	struct token next; /* one token is always read ahead */
	const struct hm_golang_modlines *lines;
	struct hm_err *err;
};

/* Counted only where it is asked for: a line may be as long as the file. */
static uint32_t column(const char *line_start, const char *at)
{
	struct hm_str before = { line_start, (size_t)(at - line_start) };
	uint32_t col = 1;

	for (; before.len; col++)
		hm_rune_next(&before);
	return col;
}

static enum hm_status refuse(const struct lexer *lx, uint32_t row, uint32_t col, const char *what)
{
	return hm_at(lx->err, hm_fail(lx->err, HM_R_GOLANG_MODFILE, "%s", what), lx->name, row, col);
}

static enum hm_status refuse_token(const struct lexer *lx, const struct token *token, const char *what)
{
	return refuse(lx, token->row, column(token->line_start, token->at), what);
}

static enum hm_status refuse_here(const struct lexer *lx, const char *what)
{
	return refuse(lx, lx->row, column(lx->line_start, lx->rest.ptr), what);
}

static bool begins_with(const struct lexer *lx, const char *what)
{
	return hm_str_has_prefix(lx->rest, hm_str(what));
}

static bool is_punctuation(char c)
{
	return c && strchr("()[]{},", c);
}

/* Most printable characters can be in a word. */
static bool is_word_rune(uint32_t rune)
{
	if (rune < 0x80 && (rune == ' ' || is_punctuation((char)rune)))
		return false;
	return !hm_rune_is_space(rune) && hm_rune_is_print(rune);
}

static bool next_is_word(const struct lexer *lx)
{
	struct hm_str rest = lx->rest;

	return rest.len && is_word_rune(hm_rune_next(&rest));
}

static void start_line(struct lexer *lx)
{
	lx->row++;
	lx->line_start = lx->rest.ptr;
}

/* A comment with its line end, which does not belong to its text. */
static void take_comment(struct lexer *lx, struct token *token)
{
	struct hm_str before = { lx->line_start, (size_t)(lx->rest.ptr - lx->line_start) };
	ptrdiff_t end = hm_str_find_char(lx->rest, '\n');
	bool alone = true;

	while (before.len)
		alone = hm_rune_is_space(hm_rune_next(&before)) && alone;
	token->kind = alone ? COMMENT : END_COMMENT;
	token->text = end < 0 ? lx->rest : hm_str_head(lx->rest, (size_t)end);
	lx->rest = hm_str_skip(lx->rest, token->text.len + (end >= 0));
	if (end >= 0) {
		start_line(lx);
		if (hm_str_has_suffix(token->text, HM_STR("\r")))
			token->text.len--;
	}
}

static enum hm_status take_string(struct lexer *lx, struct token *token)
{
	struct hm_str begin = lx->rest;
	char quote = begin.ptr[0];

	for (lx->rest = hm_str_skip(lx->rest, 1); lx->rest.len && lx->rest.ptr[0] != quote;) {
		if (lx->rest.ptr[0] == '\n')
			return refuse_here(lx, "a line ends inside a string");
		bool escape = lx->rest.ptr[0] == '\\' && quote == '"';
		lx->rest = hm_str_skip(lx->rest, 1);
		if (escape && lx->rest.len) {
			bool newline = lx->rest.ptr[0] == '\n';
			lx->rest = hm_str_skip(lx->rest, 1);
			if (newline)
				start_line(lx);
		}
	}
	if (lx->rest.len == 0)
		return refuse_token(lx, token, "the file ends inside a string");
	lx->rest = hm_str_skip(lx->rest, 1);
	token->text = hm_str_head(begin, (size_t)(lx->rest.ptr - begin.ptr));
	return HM_OK;
}

static enum hm_status take_word(struct lexer *lx, struct token *token)
{
	struct hm_str begin = lx->rest;

	if (!next_is_word(lx))
		return refuse_here(lx, "a character that may not be here");
	while (next_is_word(lx) && !begins_with(lx, "//")) {
		if (begins_with(lx, "/*"))
			return refuse_here(lx, "comments begin with // and not with /*");
		hm_rune_next(&lx->rest);
	}
	token->text = hm_str_head(begin, (size_t)(lx->rest.ptr - begin.ptr));
	return HM_OK;
}

/* Read the token after the next one. */
static enum hm_status advance(struct lexer *lx)
{
	while (lx->rest.len && (lx->rest.ptr[0] == ' ' || lx->rest.ptr[0] == '\t' || lx->rest.ptr[0] == '\r'))
		lx->rest = hm_str_skip(lx->rest, 1);
	struct token token = { .kind = WORD, .at = lx->rest.ptr, .line_start = lx->line_start, .row = lx->row };
	enum hm_status st = HM_OK;
	if (lx->rest.len == 0) {
		token.kind = END;
	} else if (begins_with(lx, "//")) {
		take_comment(lx, &token);
	} else if (begins_with(lx, "/*")) {
		st = refuse_here(lx, "comments begin with // and not with /*");
	} else if (lx->rest.ptr[0] == '\n') {
		token.kind = NEWLINE;
		lx->rest = hm_str_skip(lx->rest, 1);
		start_line(lx);
	} else if (is_punctuation(lx->rest.ptr[0])) {
		token.text = hm_str_head(lx->rest, 1);
		lx->rest = hm_str_skip(lx->rest, 1);
	} else if (lx->rest.ptr[0] == '"' || lx->rest.ptr[0] == '`') {
		st = take_string(lx, &token);
	} else {
		st = take_word(lx, &token);
	}
	lx->next = token;
	return st;
}

static enum hm_status add_word(const struct lexer *lx, struct hm_golang_words *words, struct hm_str word)
{
	if (!hm_grow(&words->v, &words->cap, words->count + 1, sizeof(*words->v)))
		return hm_fail(lx->err, HM_R_NO_MEMORY, "read '%s'", lx->name);
	words->v[words->count++] = word;
	return HM_OK;
}

/* Take the next token as a word of the line. */
static enum hm_status take(struct lexer *lx, struct hm_golang_words *words)
{
	enum hm_status st = add_word(lx, words, lx->next.text);

	return st == HM_OK ? advance(lx) : st;
}

static bool at_line_end(const struct lexer *lx)
{
	return lx->next.kind == END || lx->next.kind == NEWLINE || lx->next.kind == END_COMMENT;
}

static bool next_is(const struct lexer *lx, const char *word)
{
	return lx->next.kind == WORD && hm_str_is(lx->next.text, word);
}

/* Step over the end of a line, whose comment belongs to the line. */
static enum hm_status end_line(struct lexer *lx, struct hm_golang_modline *line)
{
	if (lx->next.kind == END_COMMENT)
		line->suffix = lx->next.text;
	return lx->next.kind == END ? HM_OK : advance(lx);
}

static void modline_clear(struct hm_golang_modline *line)
{
	struct hm_golang_modline kept = { .words = line->words, .before = line->before };

	kept.words.count = kept.before.count = 0;
	*line = kept;
}

static void modline_done(struct hm_golang_modline *line)
{
	free(line->words.v);
	free(line->before.v);
}

/* A line of a block, or what stands between the lines; false in ret_more at the block's end. */
static enum hm_status read_block_item(struct lexer *lx, struct hm_golang_modline *line, bool *any_line,
				      const struct hm_golang_modline *block, bool wanted, bool *ret_more)
{
	struct hm_golang_words *before = &line->before;
	enum hm_status st;

	switch (lx->next.kind) {
	case END:
		return refuse(lx, block->row, block->col, "the block that begins here does not end");
	case END_COMMENT:
		return advance(lx);
	case NEWLINE:
		/* one blank line stands for several; above the first line there is none */
		if (before->count ? before->v[before->count - 1].len > 0 : *any_line) {
			st = add_word(lx, before, (struct hm_str){ "", 0 });
			if (st != HM_OK)
				return st;
		}
		return advance(lx);
	case COMMENT:
		return take(lx, before);
	case WORD:
		break;
	}
	if (next_is(lx, ")")) {
		*ret_more = false;
		st = advance(lx);
		if (st == HM_OK && !at_line_end(lx))
			return refuse_token(lx, &lx->next, "something stands behind a block's end");
		return st == HM_OK ? end_line(lx, line) : st;
	}
	*any_line = true;
	line->verb = block->verb;
	line->row = lx->next.row;
	line->col = column(lx->next.line_start, lx->next.at);
	for (st = HM_OK; st == HM_OK && !at_line_end(lx);)
		st = take(lx, &line->words);
	if (st == HM_OK)
		st = end_line(lx, line);
	if (st == HM_OK && wanted)
		st = lx->lines->line(lx->lines->ctx, line, block, lx->err);
	modline_clear(line);
	return st;
}

static enum hm_status read_block(struct lexer *lx, const struct hm_golang_modline *block)
{
	HM_OWN(modline_done) struct hm_golang_modline line = { .row = 0 };
	bool wanted = false, more = true, any_line = false;

	enum hm_status st = lx->lines->begin_block(lx->lines->ctx, block, &wanted, lx->err);
	while (st == HM_OK && more)
		st = read_block_item(lx, &line, &any_line, block, wanted, &more);
	return st;
}

/* A line outside of blocks, or a block. */
static enum hm_status read_statement(struct lexer *lx, struct hm_golang_modline *line)
{
	bool wanted;

	line->verb = lx->next.text;
	line->row = lx->next.row;
	line->col = column(lx->next.line_start, lx->next.at);
	enum hm_status st = advance(lx);
	while (st == HM_OK && !at_line_end(lx)) {
		bool opens = next_is(lx, "(");
		st = take(lx, &line->words);
		if (st != HM_OK || !opens)
			continue;
		if (at_line_end(lx)) {
			line->words.count--;
			return read_block(lx, line);
		}
		if (!next_is(lx, ")"))
			continue;
		st = take(lx, &line->words);
		if (st == HM_OK && at_line_end(lx)) { /* "verb ()" is a block without lines */
			line->words.count -= 2;
			st = lx->lines->begin_block(lx->lines->ctx, line, &wanted, lx->err);
			return st == HM_OK ? end_line(lx, line) : st;
		}
	}
	if (st == HM_OK)
		st = end_line(lx, line);
	return st == HM_OK ? lx->lines->line(lx->lines->ctx, line, NULL, lx->err) : st;
}

enum hm_status hm_golang_modlines_read(struct hm_str text, const char *name, const struct hm_golang_modlines *lines,
				       struct hm_err *err)
{
	HM_OWN(modline_done) struct hm_golang_modline line = { .row = 0 };
	struct lexer lx = { .name = name, .rest = text, .line_start = text.ptr, .row = 1, .lines = lines, .err = err };

	enum hm_status st = advance(&lx);
	while (st == HM_OK && lx.next.kind != END) {
		if (lx.next.kind == COMMENT) {
			st = take(&lx, &line.before);
		} else if (lx.next.kind == WORD) {
			st = read_statement(&lx, &line);
			modline_clear(&line);
		} else {
			/* a blank line: comments above it belong to nothing */
			modline_clear(&line);
			st = advance(&lx);
		}
	}
	return st;
}
