#include "golang/cover.h"

#include "base/limits.h"
#include "base/mem.h"
#include "base/own.h"

/*
 * Just enough of Go's lexer to find where function declarations begin and end: `func` at the beginning of a statement
 * outside of all brackets declares a function; its body is the first brace that opens neither a struct nor an
 * interface.
 */
enum token { END, OTHER, FUNC, TYPE_WORD /* struct, interface */, WORD, LITERAL, OPEN, CLOSE, SEMICOLON };

struct scanner {
	struct hm_str rest;
	struct hm_golang_place at; /* of rest */
	bool ends_statement;       /* the token before would end one at a line end */

	enum token token;
	char c; /* of OPEN and CLOSE */
	struct hm_golang_place start;
};

static void step(struct scanner *s, size_t bytes)
{
	for (size_t i = 0; i < bytes && s->rest.len; i++) {
		s->at.col++;
		if (s->rest.ptr[0] == '\n')
			s->at = (struct hm_golang_place){ s->at.line + 1, 1 };
		s->rest = hm_str_skip(s->rest, 1);
	}
}

static bool begins(const struct scanner *s, const char *what)
{
	return hm_str_has_prefix(s->rest, hm_str(what));
}

static void skip_until(struct scanner *s, const char *end, bool take)
{
	ptrdiff_t at = hm_str_find(s->rest, hm_str(end));

	step(s, at < 0 ? s->rest.len : (size_t)at + (take ? strlen(end) : 0));
}

/* Blanks and comments; answers whether a line ended in them, be it inside of a comment. */
static bool skip_blanks(struct scanner *s)
{
	uint32_t line = s->at.line;

	while (s->rest.len) {
		if (begins(s, "//"))
			skip_until(s, "\n", false);
		else if (begins(s, "/*"))
			skip_until(s, "*/", true);
		else if (memchr(" \t\r\n", s->rest.ptr[0], 4))
			step(s, 1);
		else
			break;
	}
	return s->at.line != line;
}

static void skip_quoted(struct scanner *s, char quote)
{
	step(s, 1);
	while (s->rest.len && s->rest.ptr[0] != quote)
		step(s, s->rest.ptr[0] == '\\' && quote != '`' ? 2 : 1);
	step(s, 1);
}

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || (c & 0x80);
}

static void read_word(struct scanner *s)
{
	/* after these words a line end ends no statement */
	static const char *const open_words[] = {
		"case",   "chan",      "const", "default", "defer", "else",   "for",    "func",   "go",   "goto", "if",
		"import", "interface", "map",   "package", "range", "select", "struct", "switch", "type", "var"
	};
	struct hm_str word = s->rest;
	size_t len = 0;

	while (len < word.len && is_word_char(word.ptr[len]))
		len++;
	word = hm_str_head(word, len);
	step(s, len);
	s->token = hm_str_is(word, "func")                                     ? FUNC
		   : hm_str_is(word, "struct") || hm_str_is(word, "interface") ? TYPE_WORD
									       : WORD;
	s->ends_statement = true;
	for (size_t i = 0; i < sizeof(open_words) / sizeof(open_words[0]); i++)
		s->ends_statement = s->ends_statement && !hm_str_is(word, open_words[i]);
}

/* A number, whose point or sign would else be tokens of their own, and a point at the end ends no statement. */
static void skip_number(struct scanner *s)
{
	char before = '0';

	while (s->rest.len) {
		char c = s->rest.ptr[0];
		bool sign = (c == '+' || c == '-') && memchr("eEpP", before, 4);
		if (!is_word_char(c) && c != '.' && !sign)
			break;
		before = c;
		step(s, 1);
	}
	s->token = LITERAL;
	s->ends_statement = true;
}

static bool begins_number(const struct scanner *s)
{
	struct hm_str r = s->rest;

	if (r.ptr[0] == '.')
		r = hm_str_skip(r, 1);
	return r.len && r.ptr[0] >= '0' && r.ptr[0] <= '9';
}

static void next(struct scanner *s)
{
	struct hm_golang_place before = s->at;

	if (skip_blanks(s) && s->ends_statement) {
		s->token = SEMICOLON;
		s->start = before;
		s->ends_statement = false;
		return;
	}
	s->start = s->at;
	if (s->rest.len == 0) {
		s->token = END;
		return;
	}
	char c = s->c = s->rest.ptr[0];
	if (begins_number(s)) {
		skip_number(s);
		return;
	}
	if (is_word_char(c)) {
		read_word(s);
		return;
	}
	s->token = OTHER;
	s->ends_statement = false;
	if (c == '"' || c == '\'' || c == '`') {
		skip_quoted(s, c);
		s->token = LITERAL;
		s->ends_statement = true;
	} else if (begins(s, "++") || begins(s, "--")) {
		step(s, 2);
		s->ends_statement = true;
	} else {
		if (memchr("([{", c, 3))
			s->token = OPEN;
		else if (memchr(")]}", c, 3))
			s->token = CLOSE;
		else if (c == ';')
			s->token = SEMICOLON;
		s->ends_statement = s->token == CLOSE;
		step(s, 1);
	}
}

/* Past the bracket that closes the one which was just read; the place behind it is then s->at. */
static void skip_brackets(struct scanner *s)
{
	for (size_t depth = 1; depth > 0 && s->token != END;) {
		next(s);
		depth += s->token == OPEN;
		depth -= s->token == CLOSE;
	}
}

/* From behind `func` to behind the body; false where there is no body. */
static bool skip_declaration(struct scanner *s)
{
	enum token before = FUNC;

	for (;;) {
		next(s);
		if (s->token == END || s->token == SEMICOLON)
			return false;
		enum token now = s->token;
		if (s->token == OPEN) {
			bool body = s->c == '{' && before != TYPE_WORD;
			skip_brackets(s);
			if (body)
				return true;
			now = CLOSE;
		}
		before = now;
	}
}

enum hm_status hm_golang_find_funcs(struct hm_str text, struct hm_golang_func **ret_funcs, size_t *ret_count,
				    struct hm_err *err)
{
	struct scanner s = { .rest = text, .at = { 1, 1 } };
	HM_OWN(hm_freep) struct hm_golang_func *funcs = NULL;
	size_t count = 0, cap = 0;
	bool at_start = true;

	if (text.len > HM_MAX_GO_SOURCE)
		return hm_fail(err, HM_R_LIMIT, "a source file is over its limit of %zu bytes", HM_MAX_GO_SOURCE);
	if (hm_str_has_prefix(text, HM_STR("\xef\xbb\xbf")))
		s.rest = hm_str_skip(text, 3); /* a byte order mark has no column */
	for (next(&s); s.token != END; next(&s)) {
		if (s.token == FUNC && at_start) {
			struct hm_golang_func func = { .start = s.start };
			if (skip_declaration(&s)) {
				func.end = s.at;
				if (!hm_grow(&funcs, &cap, count + 1, sizeof(*funcs)))
					return hm_fail(err, HM_R_NO_MEMORY, "a source file");
				funcs[count++] = func;
			}
		} else if (s.token == OPEN) {
			skip_brackets(&s);
		}
		at_start = s.token == SEMICOLON;
	}
	*ret_funcs = HM_STEAL(funcs);
	*ret_count = count;
	return HM_OK;
}
