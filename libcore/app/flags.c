/* flags: the words. */
#include "app/flags.h"

#include <string.h>
#include <strings.h>

#include "imap/command.h"

bool flags_is_change(const char *word)
{
	if (word[0] == FLAGS_SET)
		return true;
	return (word[0] == FLAGS_ADD || word[0] == FLAGS_REMOVE) && word[1] != '\0';
}

static const char *spelled(const char *flag)
{
	static const char *const system[] = {
	    "\\Answered", "\\Deleted", "\\Draft", "\\Flagged", "\\Seen"};

	for (size_t i = 0; i < sizeof(system) / sizeof(system[0]); i++)
		if (strcasecmp(flag, system[i] + 1) == 0 || strcasecmp(flag, system[i]) == 0)
			return system[i];
	return flag;
}

/* As the appender of commands sees it. */
bool flags_is_flag(const char *text)
{
	struct imap_cmd c;
	bool good;

	imap_cmd_init(&c, NULL, "STORE");
	imap_flag(&c, text);
	good = c.fault.cls == FAULT_NONE;
	imap_cmd_free(&c);
	return good;
}

static int check_flag(const char *flag, struct fault *f)
{
	if (strcmp(flag, "\\*") == 0 || strcasecmp(flag, "\\Recent") == 0)
		return fault_set(f, FAULT_USAGE, "%s is not for clients to set", flag);
	if (!flags_is_flag(flag))
		return fault_set(f, FAULT_USAGE, "not a flag: %s", flag);
	return 0;
}

static int check_company(
    const struct flags_changes *c, enum flags_sign sign, const char *flag, struct fault *f)
{
	for (size_t i = 0; i < c->n; i++) {
		const struct flags_change *other = &c->change[i];

		if ((other->sign == FLAGS_SET) != (sign == FLAGS_SET))
			return fault_set(f, FAULT_USAGE,
			    "\"=\" says all flags of a message: no \"+\" or \"-\" goes with it");
		if (strcasecmp(other->flag, flag) == 0)
			return fault_set(f, FAULT_USAGE, "named twice: %s",
			    *flag != '\0' ? flag : "\"=\" alone");
		if (sign == FLAGS_SET && (*flag == '\0' || *other->flag == '\0'))
			return fault_set(f, FAULT_USAGE, "\"=\" alone is no flag at all, not %s",
			    *flag != '\0' ? flag : other->flag);
	}
	return 0;
}

int flags_take(struct flags_changes *c, const char *word, struct fault *f)
{
	enum flags_sign sign = (enum flags_sign)word[0];
	const char *flag = spelled(word + 1);

	if (*flag != '\0' && check_flag(flag, f) == -1)
		return -1;
	if (check_company(c, sign, flag, f) == -1)
		return -1;
	if (c->n == FLAGS_MAX)
		return fault_set(f, FAULT_USAGE, "more than %d flags", FLAGS_MAX);
	c->change[c->n++] = (struct flags_change){.sign = sign, .flag = flag};
	return 0;
}

bool flags_has(const struct flags_changes *c, enum flags_sign sign)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->change[i].sign == sign)
			return true;
	return false;
}

bool flags_lose_forwarded(const struct flags_changes *c)
{
	bool set = false;

	for (size_t i = 0; i < c->n; i++) {
		bool forwarded = strcasecmp(c->change[i].flag, "$Forwarded") == 0;

		if (forwarded)
			return c->change[i].sign == FLAGS_REMOVE;
		set = set || c->change[i].sign == FLAGS_SET;
	}
	return set;
}
