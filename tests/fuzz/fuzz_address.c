/* Mailboxes of a list keep the limits of their struct, and those that are fit for SMTP come back from a
 * header field as they were. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "msg/address.h"
#include "msg/header.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_string(const char *s, size_t max)
{
	size_t n = strnlen(s, max + 1);

	must(n <= max && enc_is_utf8(s, n));
	for (size_t i = 0; i < n; i++)
		must((unsigned char)s[i] >= ' ' && s[i] != 0x7f);
}

static void check_back(const struct address *a)
{
	struct address back;
	struct field field;
	struct fault f = {0};
	struct buf b;
	size_t pos = 0;

	buf_init(&b, SIZE_MAX);
	if (address_put(&b, "To", a, 1, &f) == -1) {
		must(f.cls == FAULT_DATA && address_check(a->spec, true, NULL, &f) == -1);
		buf_free(&b);
		return;
	}
	struct header h = {.text = b.data, .len = b.len};
	must(header_find(&h, "To", &field) && field.rawlen == b.len);
	must(address_next(field.value, field.valuelen, &pos, true, &back, &f) == 1);
	must(strcmp(a->name, back.name) == 0 && strcmp(a->spec, back.spec) == 0);
	must(address_next(field.value, field.valuelen, &pos, true, &back, &f) == 0);
	buf_free(&b);
}

static void walk(const char *s, size_t n, bool bare)
{
	struct address a;
	struct fault f = {0};
	size_t pos = 0, last = 0;
	int r;

	while ((r = address_next(s, n, &pos, bare, &a, &f)) == 1) {
		must(pos > last && pos <= n);
		last = pos;
		check_string(a.name, ADDRESS_NAME_MAX);
		check_string(a.spec, ADDRESS_MAX);
		must(a.spec[0] != '\0' && (bare || strchr(a.spec, '@') != NULL));
		check_back(&a);
	}
	must(r == 0 || (f.cls == FAULT_DATA && f.msg[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	walk((const char *)data, n, false);
	walk((const char *)data, n, true);
	return 0;
}
