/* A password is found, or there is none and nothing is left behind. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "conf/netrc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct fault f = {0};
	struct buf password;
	/* As long as the input and no longer, so that a step past its end is seen. */
	char *text = malloc(n > 0 ? n : 1);

	if (text == NULL)
		return 0;
	if (n > 0)
		memcpy(text, data, n);
	buf_init(&password, 64);
	int r = netrc_find(text, n, "h", "u", &password, &f);
	if (r == 1 && password.len > 0 && memchr(password.data, '\0', password.len) != NULL)
		abort();
	if (r != 1 && password.len > 0)
		abort();
	if ((r == -1) != (f.cls == FAULT_CONFIG))
		abort();
	buf_wipe(&password);
	free(text);
	return 0;
}
