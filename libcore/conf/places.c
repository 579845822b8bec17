#include "conf/places.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PLACES_MAX = 4096 };

static int put_home(struct buf *out, struct fault *f)
{
	const char *home = getenv("HOME");

	if (home == NULL || *home != '/')
		return fault_set(
		    f, FAULT_CONFIG, "HOME is not set (to an absolute path), and it is needed");
	buf_puts(out, home);
	return 0;
}

static int check_room(const struct buf *out, struct fault *f)
{
	return buf_failed(out) ? fault_set(f, FAULT_CONFIG, "path too long") : 0;
}

static int put_path(struct buf *out, const char *variable, const char *below_home, const char *name,
    struct fault *f)
{
	const char *base = getenv(variable);

	if (base != NULL && *base == '/') {
		buf_puts(out, base);
	} else {
		if (put_home(out, f) == -1)
			return -1;
		buf_puts(out, below_home);
	}
	buf_puts(out, "/lm");
	if (*name != '\0') {
		buf_putc(out, '/');
		buf_puts(out, name);
	}
	return check_room(out, f);
}

/* The directories above the last "/" of the path. */
static int make_parents(char *path, struct fault *f)
{
	int r = 0;

	for (char *slash = strchr(path + 1, '/'); slash != NULL && r == 0;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0700) == -1 && errno != EEXIST)
			r = fault_errno(f, FAULT_IO, "%s", path);
		*slash = '/';
	}
	return r;
}

int places_make(const char *path, struct fault *f)
{
	struct buf b;
	int r;

	buf_init(&b, PLACES_MAX);
	buf_printf(&b, "%s/", path);
	buf_str(&b);
	r = check_room(&b, f) == -1 ? -1 : make_parents(b.data, f);
	buf_free(&b);
	return r;
}

static int put_made(struct buf *out, const char *variable, const char *below_home, const char *name,
    struct fault *f)
{
	size_t start = out->len;

	if (put_path(out, variable, below_home, name, f) == -1)
		return -1;
	if (*name == '\0')
		buf_putc(out, '/');
	buf_str(out);
	if (check_room(out, f) == -1 || make_parents(out->data + start, f) == -1)
		return -1;
	out->len -= *name == '\0';
	return 0;
}

int places_config(struct buf *out, const char *name, struct fault *f)
{
	return put_path(out, "XDG_CONFIG_HOME", "/.config", name, f);
}

int places_state(struct buf *out, const char *name, struct fault *f)
{
	return put_made(out, "XDG_STATE_HOME", "/.local/state", name, f);
}

int places_cache(struct buf *out, const char *name, struct fault *f)
{
	return put_made(out, "XDG_CACHE_HOME", "/.cache", name, f);
}

int places_expand(struct buf *out, const char *path, struct fault *f)
{
	if (strncmp(path, "~/", 2) == 0 || strcmp(path, "~") == 0) {
		if (put_home(out, f) == -1)
			return -1;
		path++;
	}
	buf_puts(out, path);
	return check_room(out, f);
}
