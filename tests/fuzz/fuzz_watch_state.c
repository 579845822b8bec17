/* The state that lm-idle keeps: whatever is in the file, what is read of it can be written, and read again. */
#include <stdlib.h>

#include "app/watch_impl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Most inputs are not whole; with the head and the sum put right the lines are reached, too. */
static void try_lines(const uint8_t *data, size_t size)
{
	struct boxes none = {0}, a = {0}, b = {0};
	struct buf text, again;

	buf_init(&text, 1 << 20);
	buf_init(&again, 1 << 20);
	watch_state_format(&text, &none, "s");
	text.len -= 21; /* "end ...\n" */
	buf_put(&text, data, size);

	uint64_t h = 14695981039346656037u;
	for (size_t i = 0; i < text.len; i++)
		h = (h ^ (unsigned char)text.data[i]) * 1099511628211u;
	buf_printf(&text, "end %016llx\n", (unsigned long long)h);
	if (watch_state_parse(&a, buf_str(&text), text.len, "s") == 0) {
		watch_state_format(&again, &a, "s");
		if (watch_state_parse(&b, buf_str(&again), again.len, "s") != 0 || a.n != b.n)
			abort();
	}
	boxes_free(&a);
	boxes_free(&b);
	buf_free(&text);
	buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct boxes b = {0};

	if (size > 0)
		watch_state_parse(&b, (const char *)data, size, "s");
	boxes_free(&b);
	try_lines(data, size);
	return 0;
}
