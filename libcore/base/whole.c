#include "base/whole.h"

#include <errno.h>
#include <unistd.h>

int write_whole(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t w = write(fd, at, n);

		if (w == -1 && errno == EINTR)
			continue;
		if (w == 0)
			errno = EIO; /* what takes nothing would take for ever */
		if (w <= 0)
			return -1;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}
