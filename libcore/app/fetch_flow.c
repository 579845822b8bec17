/* fetch_flow: commands going out, and whose answer an event is. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/fetch_impl.h"

/* ---- tags */

void flow_told(struct run *r, struct ask *a, const struct fault *why)
{
	if (!a->failed)
		urls_failed(r->urls, &a->item->url, why);
	a->failed = true;
}

/* One whose turn is over. What was refused after all its octets had come is told as well: who knows what they are. */
static void tell_late(struct run *r, struct ask *a)
{
	struct fault why;

	if (a->refusal != NULL) {
		flow_told(r, a, a->refusal);
	} else if (a->absent != NULL && a->look_done && a->data_done) {
		fault_set(&why, FAULT_DATA, "%s", a->absent);
		flow_told(r, a, &why);
	}
}

static void note_tag(struct run *r, const struct event *ev)
{
	size_t i = 0;
	struct ask *a;

	while (i < r->sent && r->ask[i].look_tag != ev->num && r->ask[i].data_tag != ev->num)
		i++;
	if (i == r->sent)
		return;
	a = &r->ask[i];
	r->outstanding--;
	if (a->look_tag == ev->num)
		a->look_done = true;
	else
		a->data_done = true;
	if (ev->cond != COND_OK && a->refusal == NULL) {
		a->refusal = calloc(1, sizeof(*a->refusal));
		if (a->refusal != NULL)
			imap_refusal(ev, ev->name, a->refusal);
	}
	if (i < r->next)
		tell_late(r, a);
}

/* ---- events */

static uint32_t converted_uid(const struct event *ev)
{
	const struct node *items = ev->args != NULL ? ev->args->next : NULL;
	uint32_t uid = 0;

	if (items != NULL)
		node_u32(node_pair(items->child, "UID"), &uid);
	return uid;
}

static bool wants_fetch(const struct ask *a, const struct fetch_event *e)
{
	if (e->uid != a->item->url.uid)
		return false;
	return (a->look && !a->looked && (e->has & FETCH_BODYSTRUCTURE) != 0) ||
	    (a->how == ASK_PREVIEW && (e->has & FETCH_PREVIEW) != 0);
}

/* Whether the event answers the question, where its message can be told. */
static bool is_for(const struct ask *a, const struct event *ev)
{
	if (a->failed)
		return false;
	switch (ev->kind) {
	case EV_SECTION:
		return ev->section.uid != 0 && ask_is_section(a, &ev->section);
	case EV_FETCH:
		return wants_fetch(a, &ev->fetch);
	case EV_CONVERTED:
		return a->how == ASK_CONVERT && converted_uid(ev) == a->item->url.uid;
	default:
		return false;
	}
}

static bool is_for_later(const struct run *r, const struct ask *a, const struct event *ev)
{
	if (is_for(a, ev))
		return false;
	for (size_t i = r->next + 1; i < r->sent; i++)
		if (is_for(&r->ask[i], ev))
			return true;
	return false;
}

int flow_next(struct run *r, const struct ask *a, bool data, struct fault *f)
{
	for (;;) {
		if (!r->held) {
			if (data ? a->data_done : a->look_done)
				return 0;
			if (imap_next(r->line->imap, -1, &r->event, f) == -1)
				return -1;
		}
		r->held = false;
		if (r->event.kind == EV_TAGGED) {
			note_tag(r, &r->event);
			continue;
		}
		/* Nothing reads from the line until its turn comes, so the event stays valid. */
		r->held = is_for_later(r, a, &r->event);
		return r->held ? 0 : 1;
	}
}

int flow_drain(struct run *r, struct fault *f)
{
	r->held = false;
	while (r->outstanding > 0) {
		if (imap_next(r->line->imap, -1, &r->event, f) == -1)
			return -1;
		if (r->event.kind == EV_TAGGED)
			note_tag(r, &r->event);
	}
	return 0;
}

int flow_absent(struct ask *a, bool data, const char *what, struct fault *f)
{
	if (a->refusal != NULL) {
		*f = *a->refusal;
		return -1;
	}
	if (data ? a->data_done : a->look_done)
		return fault_set(f, FAULT_DATA, "%s", what);
	a->absent = what;
	return ANSWER_LATE;
}

/* ---- sending */

/* A new flight when half of what was before it is answered. A server that holds its tags back for long is waited for when they become too many. */
int flow_send(struct run *r, struct fault *f)
{
	if (r->sent > r->next && r->sent - r->next > ASK_AHEAD / 2)
		return 0;
	if (r->sent == r->next && r->outstanding >= ASK_OUTSTANDING && flow_drain(r, f) == -1)
		return -1;
	for (; r->sent < r->n && r->sent - r->next < ASK_AHEAD; r->sent++) {
		struct ask *a = &r->ask[r->sent];

		if (r->outstanding >= ASK_OUTSTANDING)
			break;
		if (a->failed)
			continue;
		if (ask_send(r, a, f) == -1)
			return -1;
		r->outstanding += (size_t)(a->look_tag != 0) + (size_t)(a->data_tag != 0);
	}
	return 0;
}
