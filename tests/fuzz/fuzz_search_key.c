/* Whatever the words are: what parses makes a command that can be sent, which keeps to its line and closes what it opens. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "imap/search_key.h"

enum { INPUT_MAX = 4096, NOW = 1795514400 };

static void check_text(const struct imap_cmd *c)
{
	int depth = 0;
	bool quoted = false;

	if (c->fault.cls != FAULT_NONE || buf_failed(&c->text))
		abort();
	for (size_t i = 0; i < c->text.len; i++) {
		char ch = c->text.data[i];

		if (ch == '\0' || ch == '\r' || ch == '\n')
			abort();
		if (c->nliteral > 0)
			continue;
		if (ch == '\\' && quoted)
			i++;
		else if (ch == '"')
			quoted = !quoted;
		else if (!quoted)
			depth += (ch == '(') - (ch == ')');
		if (depth < 0)
			abort();
	}
	if (depth != 0 || quoted)
		abort();
}

static void check(const struct search_key *k, bool within)
{
	struct imap_cmd c;

	imap_cmd_init(&c, NULL, "UID SEARCH");
	search_key_put(&c, k, within, NOW);
	check_text(&c);
	imap_cmd_free(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char text[INPUT_MAX + 1];
	static const char *word[INPUT_MAX + 1];
	struct search_key k;
	struct fault f = {0};
	size_t words = 0;

	/* A line is a word. */
	if (n > INPUT_MAX)
		return 0;
	memcpy(text, data, n);
	text[n] = '\0';
	for (size_t at = 0; at < n; at += strlen(text + at) + 1) {
		text[at + strcspn(text + at, "\n")] = '\0';
		word[words++] = text + at;
	}
	if (search_key_parse(&k, word, words, NOW, &f) == -1) {
		if (f.cls != FAULT_USAGE || k.node != NULL)
			abort();
		return 0;
	}
	check(&k, true);
	check(&k, false);
	search_key_free(&k);
	return 0;
}
