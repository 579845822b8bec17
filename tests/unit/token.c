/* The tokenizer by itself: kinds, pieces, the places where it can be cut. */
#include "imap/token.h"

#include "base/buf.h"
#include "unit.h"

static void show(struct buf *b, const struct token *t, bool *open)
{
	static const char *const names[] = {[TOKEN_ATOM] = "a:",
	    [TOKEN_QUOTED] = "q:",
	    [TOKEN_DATA] = "d:",
	    [TOKEN_TEXT] = "t:",
	    [TOKEN_OPEN] = "(",
	    [TOKEN_CLOSE] = ")",
	    [TOKEN_SP] = "_",
	    [TOKEN_EOL] = "$"};

	if (t->kind == TOKEN_LITERAL) {
		buf_printf(b, "{%" PRIu64 "%s%s} ", t->size, t->binary ? " binary" : "",
		    t->nonsync ? " nonsync" : "");
		return;
	}
	if (!*open)
		buf_puts(b, names[t->kind]);
	buf_put(b, t->s, t->len);
	*open = !t->last;
	if (t->last)
		buf_putc(b, ' ');
}

/* text: everything behind the first token is text; item: an atom is an item's name. */
struct modes {
	bool text, item;
};

static void tokens(
    struct buf *b, struct modes m, const char *p, size_t n, size_t first, size_t each)
{
	struct tokenizer t;
	struct token token;
	struct fault f;
	bool open = false;
	size_t used;

	token_init(&t);
	token_item_mode(&t, m.item);
	for (size_t at = 0, chunk = first; at < n; chunk = each) {
		size_t end = chunk < n - at ? at + chunk : n;

		for (;;) {
			if (token_next(&t, p + at, end - at, &used, &token, &f) == -1) {
				buf_puts(b, f.msg);
				return;
			}
			at += used;
			if (token.kind == TOKEN_NONE)
				break;
			show(b, &token, &open);
			if (m.text && token.last && token.kind == TOKEN_ATOM)
				token_text_mode(&t);
		}
	}
	if (open || !token_between(&t))
		buf_puts(b, "...");
}

static void check(struct modes m, const char *p, size_t n, const char *want)
{
	for (size_t at = 0; at <= n; at++) {
		struct buf b;

		buf_init(&b, 65536);
		tokens(&b, m, p, n, at == 0 ? 1 : at, at == 0 ? 1 : n);
		CHECK_STR(buf_str(&b), want);
		buf_free(&b);
	}
}

#define TOKENS(in, want) check((struct modes){0}, in, sizeof(in) - 1, want)
#define TEXT(in, want)   check((struct modes){.text = true}, in, sizeof(in) - 1, want)
#define ITEM(in, want)   check((struct modes){.item = true}, in, sizeof(in) - 1, want)

TEST(atoms)
{
	TOKENS("a b\r\n", "a:a _ a:b $ ");
	TOKENS("\\Seen \\* $x [y] z] %{}\r\n", "a:\\Seen _ a:\\* _ a:$x _ a:[y] _ a:z] _ a:%{} $ ");
	TOKENS("\303\251\n", "a:\303\251 $ ");
	TOKENS("~ ~a a~ ~\r\n", "a:~ _ a:~a _ a:a~ _ a:~ $ ");
	TOKENS("a(b)\"c\"d\n", "a:a ( a:b ) q:c a:d $ ");
	TOKENS("a\t b  \r\n", "a:a _ _ a:b _ _ $ ");
	TOKENS("abc", "a:abc...");
	TOKENS("BODY[a b]\n", "a:BODY[a _ a:b] $ ");
}

TEST(strings)
{
	TOKENS("\"\" \"a b\" \"\\\"\\\\\\x\"\r\n", "q: _ q:a b _ q:\"\\x $ ");
	TOKENS("\"a(b{3}\001\377\"\r\n", "q:a(b{3}\001\377 $ ");
	TOKENS("\"abc", "q:abc...");
	TOKENS("\"abc\\", "q:abc...");
}

TEST(literals)
{
	TOKENS("{3}\r\na\r\n b\r\n", "{3} d:a\r\n _ a:b $ ");
	TOKENS("{0}\r\n{0}\n\n", "{0} d: {0} d: $ ");
	TOKENS("~{2}\r\nab{2+}\r\ncd\r\n", "{2 binary} d:ab {2 nonsync} d:cd $ ");
	TOKENS("~{1+}\r\na~{1}\r\nb{1}\r\nc", "{1 binary nonsync} d:a {1 binary} d:b {1} d:c ");
	TOKENS("{9223372036854775807}\r\nab", "{9223372036854775807} d:ab...");
	TOKENS("{00000000000000000001}\r\na", "{1} d:a ");
	TOKENS("{3}\r", "...");
	TOKENS("{3", "...");
	TOKENS("~", "...");
}

TEST(items)
{
	ITEM("BODY[HEADER.FIELDS (\"a]\\\"\" b]c)]<0> x\r\n",
	    "a:BODY[HEADER.FIELDS (\"a]\\\"\" b]c)]<0> _ a:x $ ");
	ITEM("BODY[]\r\n", "a:BODY[] $ ");
	ITEM("X[a b][c d] e\r\n", "a:X[a b][c d] _ a:e $ ");
	ITEM("X[a) b] c\n", "a:X[a) b] _ a:c $ ");
	ITEM("X[a [b] c\n", "a:X[a [b] _ a:c $ ");
	ITEM("~X[a b]\n", "a:~X[a b] $ ");
}

TEST(text)
{
	TEXT("OK hello (\"{3} ]\r\n", "a:OK t: hello (\"{3} ] $ ");
	TEXT("OK\r\n", "a:OK t: $ ");
	TEXT("OK\n", "a:OK t: $ ");
	TEXT("OK \377\001\n", "a:OK t: \377\001 $ ");
	TEXT("+ a", "a:+ t: a...");
}

TEST(faults)
{
	TOKENS("a\001", "a:a an octet 0x01 that cannot stand there");
	TOKENS("a\rb", "a:a a CR without LF");
	TOKENS("{x", "the size of a literal is no number of 63 bits");
	TOKENS("{1}x", "a literal's size without a line end");
	TOKENS(")", "a closing parenthesis too many");
	TEXT("a b\0", "a:a t: ba NUL in a line");
	TOKENS("\"a\r", "q:aa quoted string with a line end or a NUL in it");
	ITEM("X[a\r", "a:X[aa line end or a NUL within an item's brackets");
}

UNIT_MAIN
