/* token: a state machine over octets. */
#include "imap/token.h"

#include <string.h>

#include "base/num.h"

enum state {
	S_BETWEEN, /* between tokens */
	S_ATOM,
	S_QUOTED,
	S_ESCAPE,  /* behind a backslash in a quoted string */
	S_TILDE,   /* "~", perhaps of a literal8 */
	S_SIZE,    /* within "{n}" */
	S_SIZE_CR, /* behind "}" */
	S_SIZE_LF,
	S_DATA,
	S_TEXT,
	S_CR, /* behind the CR of the line's end */
};

void token_init(struct tokenizer *t)
{
	memset(t, 0, sizeof(*t));
}

void token_text_mode(struct tokenizer *t)
{
	t->text = true;
}

void token_item_mode(struct tokenizer *t, bool on)
{
	t->item = on;
}

bool token_between(const struct tokenizer *t)
{
	return t->state == S_BETWEEN;
}

static bool atom_octet(unsigned char c)
{
	return c > ' ' && c != '(' && c != ')' && c != '"' && c != 0x7f;
}

/* No string of a line holds these. */
static bool is_break(char c)
{
	return c == '\r' || c == '\n' || c == '\0';
}

static int piece(struct token *out, enum token_kind kind, const char *s, size_t n, bool last)
{
	*out = (struct token){.kind = kind, .s = s, .len = n, .last = last};
	return 0;
}

static int simple(struct token *out, enum token_kind kind)
{
	return piece(out, kind, "", 0, true);
}

static int blank(struct tokenizer *t, struct token *out, struct fault *f)
{
	if (++t->blanks > TOKEN_BLANKS_MAX)
		return fault_set(
		    f, FAULT_PROTOCOL, "more than %d blanks in a row", TOKEN_BLANKS_MAX);
	return simple(out, TOKEN_SP);
}

static int parenthesis(struct tokenizer *t, char c, struct token *out, struct fault *f)
{
	if (c == '(') {
		if (++t->depth > TOKEN_DEPTH_MAX)
			return fault_set(
			    f, FAULT_PROTOCOL, "parentheses deeper than %d", TOKEN_DEPTH_MAX);
		return simple(out, TOKEN_OPEN);
	}
	if (t->depth == 0)
		return fault_set(f, FAULT_PROTOCOL, "a closing parenthesis too many");
	t->depth--;
	return simple(out, TOKEN_CLOSE);
}

/* Does not take the octet, which belongs to the atom. */
static int begin_atom(struct tokenizer *t, char c, struct fault *f)
{
	if (!atom_octet((unsigned char)c))
		return fault_set(f, FAULT_PROTOCOL, "an octet 0x%02x that cannot stand there",
		    (unsigned)(unsigned char)c);
	t->state = S_ATOM;
	t->bracket = t->quote = t->escape = false;
	t->parens = 0;
	return 0;
}

/* An octet between tokens: begins one, or is one. */
static int between(struct tokenizer *t, char c, size_t *used, struct token *out, struct fault *f)
{
	if (c == ' ' || c == '\t') {
		++*used;
		return blank(t, out, f);
	}
	t->blanks = 0;
	switch (c) {
	case '(':
	case ')':
		++*used;
		return parenthesis(t, c, out, f);
	case '"':
		++*used;
		t->state = S_QUOTED;
		return piece(out, TOKEN_QUOTED, "", 0, false);
	case '{':
		++*used;
		t->state = S_SIZE;
		t->nheld = 0;
		return 0;
	case '~':
		++*used;
		t->state = S_TILDE;
		return 0;
	case '\r':
		++*used;
		t->state = S_CR;
		return 0;
	case '\n':
		++*used;
		return simple(out, TOKEN_EOL);
	default:
		return begin_atom(t, c, f);
	}
}

/* Follows what stands in an item's brackets: a "]" in a list or in a string does not end them. */
static void section_octet(struct tokenizer *t, char c)
{
	if (!t->bracket) {
		t->bracket = t->item && c == '[';
		return;
	}
	if (t->quote) {
		t->quote = t->escape || c != '"';
		t->escape = !t->escape && c == '\\';
		return;
	}
	t->quote = c == '"';
	if (c == '(')
		t->parens++;
	else if (c == ')' && t->parens > 0)
		t->parens--;
	else if (c == ']' && t->parens == 0)
		t->bracket = false;
}

static int take_atom(
    struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out, struct fault *f)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!t->bracket && !atom_octet((unsigned char)p[i]))
			break;
		if (is_break(p[i]))
			break;
		section_octet(t, p[i]);
	}
	if (i == 0 && t->bracket)
		return fault_set(
		    f, FAULT_PROTOCOL, "a line end or a NUL within an item's brackets");
	bool last = i < n && !t->bracket;
	*used += i;
	if (last)
		t->state = S_BETWEEN;
	return piece(out, TOKEN_ATOM, p, i, last);
}

static int take_quoted(
    struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out, struct fault *f)
{
	size_t i = 0;

	if (t->state == S_ESCAPE) {
		if (is_break(*p))
			return fault_set(
			    f, FAULT_PROTOCOL, "a quoted string with a line end or a NUL in it");
		t->state = S_QUOTED;
		t->held[0] = *p;
		++*used;
		return piece(out, TOKEN_QUOTED, t->held, 1, false);
	}
	while (i < n && p[i] != '"' && p[i] != '\\' && !is_break(p[i]))
		i++;
	*used += i;
	if (i < n && (p[i] == '"' || p[i] == '\\')) {
		t->state = p[i] == '"' ? S_BETWEEN : S_ESCAPE;
		++*used;
		return piece(out, TOKEN_QUOTED, p, i, p[i] == '"');
	}
	if (i > 0)
		return piece(out, TOKEN_QUOTED, p, i, false);
	return fault_set(f, FAULT_PROTOCOL, "a quoted string with a line end or a NUL in it");
}

static int take_tilde(struct tokenizer *t, const char *p, size_t *used, struct token *out)
{
	if (*p == '{') {
		++*used;
		t->state = S_SIZE;
		t->binary = true;
		t->nheld = 0;
		return 0;
	}
	t->state = S_ATOM;
	t->bracket = t->quote = t->escape = false;
	t->parens = 0;
	return piece(out, TOKEN_ATOM, "~", 1, false);
}

static int take_size(struct tokenizer *t, char c, size_t *used, struct fault *f)
{
	++*used;
	if (c == '}') {
		t->state = S_SIZE_CR;
		return 0;
	}
	if (t->nheld == sizeof(t->held) || !((c >= '0' && c <= '9') || c == '+'))
		return fault_set(
		    f, FAULT_PROTOCOL, "the size of a literal is no number of 63 bits");
	t->held[t->nheld++] = c;
	return 0;
}

/* "{n}" CRLF is complete. */
static int announce(struct tokenizer *t, struct token *out, struct fault *f)
{
	size_t n = t->nheld;
	bool nonsync = n > 0 && t->held[n - 1] == '+';

	if (num_u63(t->held, n - nonsync, &t->left) == -1)
		return fault_set(f, FAULT_PROTOCOL,
		    "the size of a literal is no number of 63 bits: %.*s", (int)n, t->held);
	*out = (struct token){.kind = TOKEN_LITERAL,
	    .s = "",
	    .size = t->left,
	    .binary = t->binary,
	    .nonsync = nonsync,
	    .last = t->left == 0};
	t->binary = false;
	t->state = S_DATA;
	return 0;
}

static int take_data(struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out)
{
	size_t k = n < t->left ? n : (size_t)t->left;

	t->left -= k;
	*used += k;
	if (t->left == 0)
		t->state = S_BETWEEN;
	return piece(out, TOKEN_DATA, p, k, t->left == 0);
}

static int take_text(
    struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out, struct fault *f)
{
	size_t i = 0;

	while (i < n && !is_break(p[i]))
		i++;
	*used += i;
	if (i > 0 && (i == n || p[i] == '\0'))
		return piece(out, TOKEN_TEXT, p, i, false);
	if (p[i] == '\0')
		return fault_set(f, FAULT_PROTOCOL, "a NUL in a line");
	t->text = false;
	t->state = S_BETWEEN;
	return piece(out, TOKEN_TEXT, p, i, true);
}

static int take_line_end(
    struct tokenizer *t, char c, size_t *used, struct token *out, struct fault *f)
{
	if (c != '\n')
		return fault_set(f, FAULT_PROTOCOL, "a CR without LF");
	++*used;
	t->state = S_BETWEEN;
	return simple(out, TOKEN_EOL);
}

/* One step; may take octets without a token. */
static int step(
    struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out, struct fault *f)
{
	switch (t->state) {
	case S_BETWEEN:
		if (t->text)
			return take_text(t, p, n, used, out, f);
		return between(t, *p, used, out, f);
	case S_ATOM:
		return take_atom(t, p, n, used, out, f);
	case S_QUOTED:
	case S_ESCAPE:
		return take_quoted(t, p, n, used, out, f);
	case S_TILDE:
		return take_tilde(t, p, used, out);
	case S_SIZE:
		return take_size(t, *p, used, f);
	case S_SIZE_CR:
		if (*p != '\r' && *p != '\n')
			return fault_set(f, FAULT_PROTOCOL, "a literal's size without a line end");
		++*used;
		t->state = S_SIZE_LF;
		return *p == '\n' ? announce(t, out, f) : 0;
	case S_SIZE_LF:
		if (*p != '\n')
			return fault_set(f, FAULT_PROTOCOL, "a literal's size without a line end");
		++*used;
		return announce(t, out, f);
	case S_DATA:
		return take_data(t, p, n, used, out);
	default:
		return take_line_end(t, *p, used, out, f);
	}
}

int token_next(
    struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out, struct fault *f)
{
	*used = 0;
	out->kind = TOKEN_NONE;
	/* An empty literal is complete with its announcement. */
	if (t->state == S_DATA && t->left == 0) {
		t->state = S_BETWEEN;
		return piece(out, TOKEN_DATA, "", 0, true);
	}
	while (*used < n && out->kind == TOKEN_NONE) {
		int before = t->state;
		size_t at = *used;

		if (step(t, p + *used, n - *used, used, out, f) == -1)
			return -1;
		if (out->kind == TOKEN_NONE && *used == at && t->state == before)
			break;
	}
	return 0;
}
