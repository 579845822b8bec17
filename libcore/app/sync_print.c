/* sync_print: event lines (lm-events(7)), progress and complaints. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/sync_impl.h"
#include "wire/net.h"

enum { EVERY = 200 /* ms between two looks of the progress */ };

static void put_url(
    struct sync *s, const char *mailbox, uint32_t uidvalidity, uint32_t uid, struct buf *out)
{
	struct url u = s->base;
	char name[STATE_MAILBOX_MAX + 1];

	snprintf(name, sizeof(name), "%s", mailbox);
	u.mailbox = name;
	u.uidvalidity = uidvalidity;
	u.uid = uid;
	url_build(out, &u);
}

static void put_path(
    struct sync *s, const char *folder, const char *file, bool in_new, struct buf *out)
{
	buf_puts(out, s->root_path);
	if (strcmp(folder, ".") != 0)
		buf_printf(out, "/%s", folder);
	if (file != NULL)
		buf_printf(out, "/%s/%s", in_new ? "new" : "cur", file);
}

static const char *side_name(enum sync_side side)
{
	return side == SIDE_REMOTE ? "remote" : "local";
}

static void put_flags(const struct sync_job *j, uint32_t flags, struct buf *out)
{
	for (int i = 0; i < 32; i++) {
		uint32_t bit = (uint32_t)1 << i;
		const char *flag = (flags & bit) != 0 ? sync_flag(j, bit) : NULL;

		if (flag != NULL)
			buf_printf(out, "%s%s", out->len > 0 ? " " : "", flag);
	}
}

static int record(struct sync *s, const struct record_field *fields, size_t n, struct fault *f)
{
	sync_progress_end(s);
	return tool_record(s->tool, s->o->out, fields, n, f);
}

int sync_print(struct sync_job *j, const char *verb, uint32_t uid, uint32_t flags, const char *file,
    bool in_new, enum sync_side side, struct fault *f)
{
	struct sync *s = j->s;
	struct buf url, path, list;
	bool has_flags = strcmp(verb, "flags") == 0;
	struct record_field field[5];
	size_t n = 0;

	buf_init(&url, 2 * URL_MAX);
	buf_init(&path, 16384);
	buf_init(&list, 32 * (KEYWORD_LEN_MAX + 2));
	put_url(s, j->row.name, j->row.uidvalidity, uid, &url);
	put_path(s, j->row.path, file, in_new, &path);
	field[n++] = (struct record_field){.name = "event", .value = verb};
	field[n++] = (struct record_field){.name = "url", .value = buf_str(&url)};
	if (has_flags) {
		put_flags(j, flags, &list);
		field[n++] = (struct record_field){.name = "flags", .value = buf_str(&list)};
	}
	field[n++] = (struct record_field){.name = "side", .value = side_name(side)};
	field[n++] = (struct record_field){.name = "path", .value = buf_str(&path)};
	int r = record(s, field, n, f);
	buf_free(&url);
	buf_free(&path);
	buf_free(&list);
	return r;
}

int sync_print_folder(struct sync *s, const char *verb, const char *name, const char *other,
    uint32_t uidvalidity, const char *path, enum sync_side side, struct fault *f)
{
	struct buf url, second, place;
	struct record_field field[5];
	size_t n = 0;

	buf_init(&url, 2 * URL_MAX);
	buf_init(&second, 2 * URL_MAX);
	buf_init(&place, 16384);
	put_url(s, name, uidvalidity, 0, &url);
	put_path(s, path, NULL, false, &place);
	field[n++] = (struct record_field){.name = "event", .value = verb};
	field[n++] = (struct record_field){.name = "url", .value = buf_str(&url)};
	if (other != NULL) {
		put_url(s, other, uidvalidity, 0, &second);
		field[n++] = (struct record_field){.name = "to", .value = buf_str(&second)};
	}
	field[n++] = (struct record_field){.name = "side", .value = side_name(side)};
	field[n++] = (struct record_field){.name = "path", .value = buf_str(&place)};
	int r = record(s, field, n, f);
	buf_free(&url);
	buf_free(&second);
	buf_free(&place);
	return r;
}

void sync_progress(struct sync_job *j)
{
	struct sync *s = j->s;

	if (s->o->quiet || !isatty(fileno(s->tool->err)) || net_now() < s->shown + EVERY)
		return;
	s->shown = net_now();
	s->showing = true;
	fprintf(s->tool->err, "\r\033[K%.40s: %llu of %llu", j->row.path,
	    (unsigned long long)j->fetched, (unsigned long long)j->wanted);
	fflush(s->tool->err);
}

void sync_progress_end(struct sync *s)
{
	if (s->showing)
		fputs("\r\033[K", s->tool->err);
	s->showing = false;
}

/* What can be helped by trying again is the lesser evil. */
static bool is_worse(const struct fault *a, const struct fault *b)
{
	return b->cls == FAULT_NONE || (b->cls == FAULT_TEMP && a->cls != FAULT_TEMP);
}

void sync_failed(struct sync *s, const char *mailbox, const struct fault *f)
{
	sync_progress_end(s);
	tool_warn(s->tool, "%s/%s: %s", s->account->name, mailbox, f->msg);
	if (is_worse(f, &s->worst))
		s->worst = *f;
}
