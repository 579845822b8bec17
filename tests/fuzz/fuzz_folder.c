/* A name has one path that stays in the root and gives the name back; a path that has a name is the one of that name. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/folder.h"

static void check_inside(enum folder_layout layout, const char *path)
{
	size_t n;

	if (layout == FOLDER_MAILDIRPP) {
		if (path[0] != '.' || strchr(path, '/') != NULL || strcmp(path, "..") == 0 ||
		    strlen(path) > FOLDER_COMPONENT_MAX)
			abort();
		return;
	}
	for (const char *s = path;; s += n + 1) {
		n = strcspn(s, "/");
		if (n == 0 || n > FOLDER_COMPONENT_MAX || *s == '.' ||
		    (n == 3 &&
			(strncmp(s, "cur", 3) == 0 || strncmp(s, "new", 3) == 0 ||
			    strncmp(s, "tmp", 3) == 0)))
			abort();
		if (s[n] == '\0')
			return;
	}
}

static void check_name(enum folder_layout layout, const char *name, char delimiter)
{
	struct fault f;
	struct buf path, back;

	buf_init(&path, FOLDER_PATH_MAX);
	buf_init(&back, FOLDER_PATH_MAX + 1);
	if (folder_path(layout, name, delimiter, &path, &f) == 0) {
		check_inside(layout, buf_str(&path));
		if (folder_name(layout, buf_str(&path), delimiter, &back, &f) == -1)
			abort();
		if (strcmp(buf_str(&back), name) != 0 &&
		    (strcasecmp(name, "INBOX") != 0 || strcmp(buf_str(&back), "INBOX") != 0))
			abort();
	} else if (f.cls != FAULT_DATA || path.len != 0) {
		abort();
	}
	buf_free(&path);
	buf_free(&back);
}

static void check_path(enum folder_layout layout, const char *path, char delimiter)
{
	struct fault f;
	struct buf name, back;

	buf_init(&name, FOLDER_PATH_MAX + 1);
	buf_init(&back, FOLDER_PATH_MAX);
	if (folder_name(layout, path, delimiter, &name, &f) == 0) {
		check_inside(layout, path);
		if (folder_path(layout, buf_str(&name), delimiter, &back, &f) == -1 ||
		    strcmp(buf_str(&back), path) != 0)
			abort();
	} else if (f.cls != FAULT_DATA || name.len != 0) {
		abort();
	}
	buf_free(&name);
	buf_free(&back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char delimiters[] = {'/', '.', '\0', '%', '\\'};
	char *text = strndup((const char *)data, n);

	if (text == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(delimiters); i++) {
		check_name(FOLDER_FS, text, delimiters[i]);
		check_name(FOLDER_MAILDIRPP, text, delimiters[i]);
		check_path(FOLDER_FS, text, delimiters[i]);
		check_path(FOLDER_MAILDIRPP, text, delimiters[i]);
	}
	free(text);
	return 0;
}
