#include "base/whole.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "unit.h"

TEST(a_write_that_is_cut_short_goes_on_until_there_is_an_error)
{
	char path[] = "/tmp/lm-whole.XXXXXX", octets[4096], back[8];
	struct rlimit old, small;
	int fd = mkstemp(path);

	REQUIRE(fd != -1 && getrlimit(RLIMIT_FSIZE, &old) == 0);
	unlink(path);
	memset(octets, 'x', sizeof(octets));
	CHECK_INT(write_whole(fd, "", 0), 0);
	CHECK_INT(write_whole(fd, "begin", 5), 0);
	small = old;
	small.rlim_cur = 1000;
	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &small);
	/* The kernel writes 995 octets, and says why only when it is asked for more. */
	errno = 0;
	CHECK_INT(write_whole(fd, octets, sizeof(octets)), -1);
	CHECK_INT(errno, EFBIG);
	setrlimit(RLIMIT_FSIZE, &old);
	CHECK_INT(lseek(fd, 0, SEEK_END), 1000);
	CHECK_INT(pread(fd, back, sizeof(back), 0), 8);
	CHECK(memcmp(back, "beginxxx", 8) == 0);
	close(fd);
}

TEST(a_closed_descriptor_is_an_error)
{
	CHECK_INT(write_whole(-1, "x", 1), -1);
	CHECK_INT(errno, EBADF);
}

UNIT_MAIN
