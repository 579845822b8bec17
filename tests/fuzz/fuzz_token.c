/* The same tokens, their pieces joined, however the octets come in; the octets of the pieces are those of the input. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "imap/token.h"

enum { INPUT_MAX = 16384, PRINT_MAX = 1 << 20 };

static void must(bool ok)
{
	if (!ok)
		abort();
}

static bool in_pieces(enum token_kind kind)
{
	return kind == TOKEN_ATOM || kind == TOKEN_QUOTED || kind == TOKEN_DATA ||
	    kind == TOKEN_TEXT;
}

static void print(struct buf *b, const struct token *t, enum token_kind *open)
{
	must(*open == TOKEN_NONE || *open == t->kind);
	if (*open == TOKEN_NONE)
		buf_printf(b, "\n%d:", (int)t->kind);
	if (t->kind == TOKEN_LITERAL)
		buf_printf(b, "%llu %d %d", (unsigned long long)t->size, t->binary, t->nonsync);
	else
		buf_put(b, t->s, t->len);
	*open = in_pieces(t->kind) && !t->last ? t->kind : TOKEN_NONE;
}

/* Each line begins anew, as a response does; "T" as a whole atom makes text of what is behind it, "I" makes items of atoms. */
static void steer(struct tokenizer *t, const struct token *token, char *word)
{
	if (token->kind == TOKEN_EOL)
		token_init(t);
	if (token->kind != TOKEN_ATOM)
		return;
	if (token->len > 0)
		*word = *word == '\0' && token->len == 1 ? *token->s : '?';
	if (!token->last)
		return;
	if (*word == 'T')
		token_text_mode(t);
	if (*word == 'I')
		token_item_mode(t, true);
	*word = '\0';
}

static void tokens(struct buf *b, const char *p, size_t n, size_t first, size_t each)
{
	struct tokenizer t;
	struct token token;
	struct fault f;
	enum token_kind open = TOKEN_NONE;
	size_t used, chunk = first;
	char word = '\0';

	token_init(&t);
	for (size_t at = 0; at < n; chunk = each) {
		size_t end = chunk < n - at ? at + chunk : n;

		for (;;) {
			if (token_next(&t, p + at, end - at, &used, &token, &f) == -1) {
				buf_printf(b, "\n%s", f.msg);
				return;
			}
			must(used <= end - at);
			at += used;
			if (token.kind == TOKEN_NONE)
				break;
			print(b, &token, &open);
			steer(&t, &token, &word);
		}
		must(at == end);
	}
}

static void same(struct buf *whole, const char *p, size_t n, size_t first, size_t each)
{
	struct buf b;

	buf_init(&b, PRINT_MAX);
	tokens(&b, p, n, first, each);
	must(b.len == whole->len && memcmp(buf_str(&b), buf_str(whole), b.len) == 0);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const char *p = (const char *)data;
	struct buf whole;
	size_t sum = n;

	if (n > INPUT_MAX)
		return 0;
	for (size_t i = 0; i < n; i++)
		sum = sum * 31 + data[i];
	buf_init(&whole, PRINT_MAX);
	tokens(&whole, p, n, n, n);
	same(&whole, p, n, 1, 1);
	if (n > 0)
		same(&whole, p, n, 1 + sum % n, 1 + sum / n % 7);
	buf_free(&whole);
	return 0;
}
