/* lm-fetch: messages and parts, what they are made of, and their octets. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/fetch.h"
#include "app/locate.h"
#include "base/num.h"

enum { OUTPUT_BUFFER = 65536 };

enum { OPT_CONVERSIONS = TOOL_OWN, OPT_PREVIEW };

static const struct option long_options[] = {
    {"attachments", required_argument, NULL, 'O'},
    {"conversions", no_argument, NULL, OPT_CONVERSIONS},
    {"convert", required_argument, NULL, 't'},
    {"decode", no_argument, NULL, 'd'},
    {"header", no_argument, NULL, 'H'},
    {"help", no_argument, NULL, TOOL_HELP},
    {"json", no_argument, NULL, TOOL_JSON},
    {"preview", no_argument, NULL, OPT_PREVIEW},
    {"range", required_argument, NULL, 'r'},
    {"structure", no_argument, NULL, 's'},
    {"version", no_argument, NULL, TOOL_VERSION},
    {NULL, 0, NULL, 0},
};

static const char usage[] =
    "usage: lm-fetch [-d | -H | -t type | -c type] [-r range] [common options] [url...]\n"
    "       lm-fetch -s | --preview [--json] [common options] [url...]\n"
    "       lm-fetch -O directory [--json] [common options] [url...]\n"
    "       lm-fetch --conversions [--json] [common options] [account | url]...\n"
    "common options: -a account, -c file, -o keyword=value, -v\n";

static const struct tool_cli cli = {TOOL_OPTIONS "sHdO:t:r:h", long_options, usage, "c"};

struct job {
	struct tool tool;
	struct fetch fetch;
	bool form_set;
	bool conversions;
	struct conversion conversion;
};

static int set_form(struct job *j, enum fetch_form form, bool conversions, struct fault *f)
{
	if (j->form_set && (j->fetch.form != form || j->conversions != conversions))
		return fault_set(f, FAULT_USAGE,
		    "-d, -H, -O, -s, -t, --preview and --conversions exclude each other");
	j->form_set = true;
	j->fetch.form = form;
	j->conversions = conversions;
	return 0;
}

/* OFFSET,LENGTH; without LENGTH to the end. */
static int parse_range(struct fetch *j, char *text, struct fault *f)
{
	char *comma = strchr(text, ',');
	bool good = comma != NULL;

	if (good) {
		*comma = '\0';
		good = num_size(text, &j->offset) == 0 &&
		    (comma[1] == '\0' || (num_size(comma + 1, &j->length) == 0 && j->length > 0));
		*comma = ',';
	}
	if (!good)
		return fault_set(
		    f, FAULT_USAGE, "-r takes OFFSET,LENGTH, as in 0,64k or 1000, : %s", text);
	j->has_range = true;
	return 0;
}

static int set_conversion(struct job *j, const char *type, struct fault *f)
{
	j->fetch.conversion = &j->conversion;
	if (conversion_parse(&j->conversion, type, f) == -1)
		return -1;
	return set_form(j, FORM_CONVERTED, false, f);
}

static int set_option(struct job *j, int option, char *arg, struct fault *f)
{
	switch (option) {
	case 's':
		return set_form(j, FORM_STRUCTURE, false, f);
	case 'H':
		return set_form(j, FORM_HEADER, false, f);
	case 'd':
		return set_form(j, FORM_DECODED, false, f);
	case 'O':
		j->fetch.directory = arg;
		return set_form(j, FORM_FILES, false, f);
	case 'c': /* a configuration, as everywhere; but one that is no file may be a type */
		if (access(arg, F_OK) == 0 || !conversion_is_meant(arg))
			return tool_option(&j->tool, option, arg, f);
		return set_conversion(j, arg, f);
	case 't':
		return set_conversion(j, arg, f);
	case 'r':
		return parse_range(&j->fetch, arg, f);
	case OPT_PREVIEW:
		return set_form(j, FORM_PREVIEW, false, f);
	default: /* --conversions */
		return set_form(j, FORM_OCTETS, true, f);
	}
}

static bool writes_octets(const struct job *j)
{
	return !j->conversions &&
	    (j->fetch.form == FORM_OCTETS || j->fetch.form == FORM_DECODED ||
		j->fetch.form == FORM_CONVERTED || j->fetch.form == FORM_HEADER);
}

static int parse_options(struct job *j, int argc, char **argv, struct fault *f)
{
	int option;

	while ((option = tool_next(&j->tool, argc, argv, &cli, stdout, f)) > 0)
		if (set_option(j, option, optarg, f) == -1)
			return -1;
	return option;
}

static int check_options(const struct job *j, struct fault *f)
{
	if (j->tool.json && writes_octets(j))
		return fault_set(f, FAULT_USAGE,
		    "octets are no records: --json goes with -s, -O, --preview and --conversions");
	if (j->fetch.has_range && (!writes_octets(j) || j->fetch.form == FORM_HEADER))
		return fault_set(f, FAULT_USAGE, "-r goes with octets: alone, with -d or with -t");
	return 0;
}

/* One that fails is named, and the others are asked all the same. -1: FAULT_IO. */
static int list_some(struct job *j, const char *of, struct fault *f)
{
	if (conversions_list(&j->tool, of, stdout, f) == 0)
		return 0;
	if (f->cls == FAULT_IO)
		return -1;
	tool_failed(&j->tool, of, f);
	return 0;
}

/* The exit code, or -1 with the fault. */
static int list_conversions(struct job *j, int argc, char **argv, struct fault *f)
{
	const struct account *a;

	if (tool_config(&j->tool, f) == -1)
		return -1;
	if (argc == 0 &&
	    ((a = locate_account(&j->tool, NULL, f)) == NULL || list_some(j, a->name, f) == -1))
		return -1;
	for (int i = 0; i < argc; i++)
		if (list_some(j, argv[i], f) == -1)
			return -1;
	return tool_flush(stdout, f) == -1 ? -1 : (int)j->tool.result;
}

/* The exit code, or -1 with the fault. */
static int fetch(struct job *j, int argc, char **argv, struct fault *f)
{
	struct urls *u = urls_new(&j->tool, argv, (size_t)argc, stdin, f);
	int code = -1;

	if (u == NULL)
		return -1;
	if (fetch_run(&j->fetch, u, f) == 0 && tool_flush(stdout, f) == 0)
		code = (int)urls_result(u);
	urls_free(u);
	return code;
}

static int work(struct job *j, int argc, char **argv, struct fault *f)
{
	static char buffer[OUTPUT_BUFFER];

	if (check_options(j, f) == -1)
		return -1;
	if (j->conversions)
		return list_conversions(j, argc, argv, f);
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	j->fetch.tool = &j->tool;
	j->fetch.out = stdout;
	return fetch(j, argc, argv, f);
}

int main(int argc, char **argv)
{
	struct fault f = {0};
	struct job j = {0};
	int code = 0;

	signal(SIGXFSZ, SIG_IGN);
	tool_init(&j.tool, "lm-fetch", stderr);
	if (parse_options(&j, argc, argv, &f) == -1 ||
	    (!j.tool.finished && (code = work(&j, argc - optind, argv + optind, &f)) == -1))
		code = tool_fail(&j.tool, &f);
	tool_free(&j.tool);
	return code;
}
