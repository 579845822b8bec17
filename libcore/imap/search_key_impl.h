/* search_key_impl: the table of keys, shared by the files search_key*.c; nobody else includes it. */
#ifndef LM_IMAP_SEARCH_KEY_IMPL_H
#define LM_IMAP_SEARCH_KEY_IMPL_H

#include "imap/search_key.h"

enum search_value {
	VALUE_NONE,
	VALUE_TEXT,
	VALUE_HEADER, /* a field's name and a text */
	VALUE_KEYWORD,
	VALUE_SET,
	VALUE_DATE,
	VALUE_AGE,
	VALUE_SIZE,
};

struct search_word {
	const char *word;  /* as people write it */
	const char *imap;  /* as it goes out */
	const char *byday; /* AGE: what stands in for it without WITHIN */
	enum search_value value;
};

#endif
