/* token: a state machine over octets. */
#include "imap/token.h"

#include <string.h>
#include <strings.h>

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

static bool atom_octet(unsigned char c)
{
	return c > ' ' && c != '(' && c != ')' && c != '"' && c != 0x7f;
}

/* Atoms that are FETCH items have a section in brackets, with blanks, parentheses and strings of its own. */
static bool opens_section(const struct tokenizer *t)
{
	static const char *const items[] = {"BODY", "BINARY", "BINARY.SIZE", "BODYPARTSTRUCTURE",
	    "AVAILABLECONVERSIONS", "BODY.PEEK", "BINARY.PEEK"};

	for (size_t i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		if (t->nheld == strlen(items[i]) && strncasecmp(t->held, items[i], t->nheld) == 0)
			return true;
	return false;
}

static void hold(struct tokenizer *t, char c)
{
	if (t->nheld < sizeof(t->held))
		t->held[t->nheld++] = c;
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

/* An octet between tokens: begins one, or is one. Does not take the octet when an atom begins. */
static int between(struct tokenizer *t, char c, size_t *used, struct token *out, struct fault *f)
{
	switch (c) {
	case ' ':
	case '\t':
		++*used;
		return simple(out, TOKEN_SP);
	case '(':
		++*used;
		if (++t->depth > TOKEN_DEPTH_MAX)
			return fault_set(
			    f, FAULT_PROTOCOL, "parentheses deeper than %d", TOKEN_DEPTH_MAX);
		return simple(out, TOKEN_OPEN);
	case ')':
		++*used;
		if (t->depth == 0)
			return fault_set(f, FAULT_PROTOCOL, "a closing parenthesis too many");
		t->depth--;
		return simple(out, TOKEN_CLOSE);
	case '"':
		++*used;
		t->state = S_QUOTED;
		return 0;
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
		if (!atom_octet((unsigned char)c))
			return fault_set(f, FAULT_PROTOCOL,
			    "an octet 0x%02x that cannot stand there", (unsigned)(unsigned char)c);
		t->state = S_ATOM;
		t->nheld = 0;
		t->bracket = 0;
		t->quote = t->escape = false;
		return 0;
	}
}

/* Follows brackets and strings within a section. */
static void section_octet(struct tokenizer *t, unsigned char c)
{
	if (t->quote) {
		if (!t->escape && c == '"')
			t->quote = false;
		t->escape = !t->escape && c == '\\';
	} else if (t->bracket > 0 && c == '"') {
		t->quote = true;
	} else if (c == '[' && (t->bracket > 0 || opens_section(t))) {
		t->bracket++;
	} else if (c == ']' && t->bracket > 0) {
		t->bracket--;
	}
}

static int take_atom(
    struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out, struct fault *f)
{
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (t->bracket == 0 && !atom_octet(c))
			break;
		if (c == '\r' || c == '\n' || c == '\0')
			return fault_set(f, FAULT_PROTOCOL, "a line that ends within brackets");
		section_octet(t, c);
		hold(t, (char)c);
	}
	*used += i;
	if (i < n)
		t->state = S_BETWEEN;
	if (i == n && i == 0)
		return 0;
	return piece(out, TOKEN_ATOM, p, i, i < n);
}

static int take_quoted(
    struct tokenizer *t, const char *p, size_t n, size_t *used, struct token *out, struct fault *f)
{
	size_t i = 0;

	if (t->state == S_ESCAPE) {
		if (*p == '\0' || *p == '\r' || *p == '\n')
			return fault_set(
			    f, FAULT_PROTOCOL, "a line that ends within a quoted string");
		t->state = S_QUOTED;
		t->held[0] = *p;
		++*used;
		return piece(out, TOKEN_QUOTED, t->held, 1, false);
	}
	while (i < n && p[i] != '"' && p[i] != '\\' && p[i] != '\r' && p[i] != '\n' && p[i] != '\0')
		i++;
	*used += i;
	if (i == n)
		return piece(out, TOKEN_QUOTED, p, i, false);
	if (p[i] == '"' || p[i] == '\\') {
		t->state = p[i] == '"' ? S_BETWEEN : S_ESCAPE;
		++*used;
		return piece(out, TOKEN_QUOTED, p, i, p[i] == '"');
	}
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
	t->bracket = 0;
	t->held[0] = '~';
	t->nheld = 1;
	return piece(out, TOKEN_ATOM, "~", 1, false);
}

static int take_size(struct tokenizer *t, char c, size_t *used, struct fault *f)
{
	++*used;
	if (c == '}') {
		t->state = S_SIZE_CR;
		return 0;
	}
	if (t->nheld >= 21 || !((c >= '0' && c <= '9') || c == '+'))
		return fault_set(f, FAULT_PROTOCOL, "the size of a literal is no number");
	t->held[t->nheld++] = c;
	return 0;
}

/* "{n}" CRLF is complete. */
static int announce(struct tokenizer *t, struct token *out, struct fault *f)
{
	size_t n = t->nheld;
	bool nonsync = n > 0 && t->held[n - 1] == '+';

	if (num_u63(t->held, n - nonsync, &t->left) == -1)
		return fault_set(f, FAULT_PROTOCOL, "the size of a literal is no number");
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

	while (i < n && p[i] != '\r' && p[i] != '\n' && p[i] != '\0')
		i++;
	*used += i;
	if (i < n && p[i] == '\0')
		return fault_set(f, FAULT_PROTOCOL, "a NUL in a line");
	if (i == n)
		return piece(out, TOKEN_TEXT, p, i, false);
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
