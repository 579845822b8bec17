#include "conf/places.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static struct fault f;
static struct buf b;
static char dir[] = "/tmp/lm-places-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s%s", dir, name);
	return path;
}

static bool is_private_dir(const char *name)
{
	struct stat st;

	return stat(path_of(name), &st) == 0 && S_ISDIR(st.st_mode) && (st.st_mode & 0777) == 0700;
}

TEST(a_home)
{
	REQUIRE(mkdtemp(dir) != NULL);
	setenv("HOME", dir, 1);
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_STATE_HOME");
	unsetenv("XDG_CACHE_HOME");
	buf_init(&b, 4096);
}

TEST(the_defaults_of_xdg)
{
	buf_reset(&b);
	CHECK_INT(places_config(&b, "config", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/.config/lm/config"));
	CHECK(access(path_of("/.config"), F_OK) == -1);

	buf_reset(&b);
	CHECK_INT(places_state(&b, "a/b.db", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/.local/state/lm/a/b.db"));
	CHECK(is_private_dir("/.local/state/lm/a"));
	CHECK(access(path_of("/.local/state/lm/a/b.db"), F_OK) == -1);

	buf_reset(&b);
	CHECK_INT(places_cache(&b, "x", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/.cache/lm/x"));
	CHECK(is_private_dir("/.cache/lm"));
	CHECK(access(path_of("/.cache/lm/x"), F_OK) == -1);
}

TEST(without_a_name_it_is_the_directory)
{
	buf_reset(&b);
	CHECK_INT(places_config(&b, "", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/.config/lm"));
	setenv("XDG_STATE_HOME", path_of("/other"), 1);
	buf_reset(&b);
	CHECK_INT(places_state(&b, "", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/other/lm"));
	CHECK(is_private_dir("/other/lm"));
	unsetenv("XDG_STATE_HOME");
}

TEST(the_variables_count_when_absolute)
{
	setenv("XDG_CONFIG_HOME", path_of("/conf"), 1);
	setenv("XDG_CACHE_HOME", "relative", 1);
	buf_reset(&b);
	CHECK_INT(places_config(&b, "config", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/conf/lm/config"));
	buf_reset(&b);
	CHECK_INT(places_cache(&b, "x", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/.cache/lm/x"));
	setenv("XDG_CACHE_HOME", "", 1);
	buf_reset(&b);
	CHECK_INT(places_cache(&b, "x", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/.cache/lm/x"));
	unsetenv("XDG_CONFIG_HOME");
	unsetenv("XDG_CACHE_HOME");
}

TEST(what_stands_before_is_kept)
{
	buf_reset(&b);
	buf_puts(&b, "before ");
	CHECK_INT(places_cache(&b, "y/z", &f), 0);
	CHECK(strncmp(buf_str(&b), "before /", 8) == 0);
	CHECK(is_private_dir("/.cache/lm/y"));
}

TEST(expand)
{
	buf_reset(&b);
	CHECK_INT(places_expand(&b, "~/Mail", &f), 0);
	CHECK_STR(buf_str(&b), path_of("/Mail"));
	buf_reset(&b);
	CHECK_INT(places_expand(&b, "~", &f), 0);
	CHECK_STR(buf_str(&b), dir);
	buf_reset(&b);
	CHECK_INT(places_expand(&b, "~alice/Mail", &f), 0);
	CHECK_STR(buf_str(&b), "~alice/Mail");
	buf_reset(&b);
	CHECK_INT(places_expand(&b, "/a/~/b", &f), 0);
	CHECK_STR(buf_str(&b), "/a/~/b");
}

TEST(no_home)
{
	static const char *const homes[] = {NULL, "", "relative"};

	for (size_t i = 0; i < 3; i++) {
		if (homes[i] != NULL)
			setenv("HOME", homes[i], 1);
		else
			unsetenv("HOME");
		buf_reset(&b);
		CHECK_INT(places_config(&b, "config", &f), -1);
		CHECK_INT(f.cls, FAULT_CONFIG);
		CHECK_INT(places_expand(&b, "~/x", &f), -1);
		CHECK_INT(places_expand(&b, "/x", &f), 0);
	}
	setenv("HOME", dir, 1);
}

TEST(a_file_in_the_way)
{
	FILE *to = fopen(path_of("/file"), "w");

	REQUIRE(to != NULL);
	fclose(to);
	setenv("XDG_STATE_HOME", path_of("/file/below"), 1);
	buf_reset(&b);
	CHECK_INT(places_state(&b, "x", &f), -1);
	CHECK_INT(f.cls, FAULT_IO);
	unsetenv("XDG_STATE_HOME");
}

TEST(a_path_that_does_not_fit)
{
	struct buf small;

	buf_init(&small, 10);
	CHECK_INT(places_cache(&small, "x", &f), -1);
	CHECK_INT(f.cls, FAULT_CONFIG);
	buf_free(&small);
}

TEST(clean)
{
	char command[100];

	buf_free(&b);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_INT(system(command), 0);
}

UNIT_MAIN
