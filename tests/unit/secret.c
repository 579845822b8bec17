#include "conf/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "conf/netrc.h"
#include "conf/shell.h"
#include "unit.h"

static struct fault f;
static struct secret secret;
static char dir[] = "/tmp/lm-secret-XXXXXX";
static char host[] = "mail.example.org";
static const struct server server = {.set = true, .host = host, .port = 993};

static const char *netrc_path(void)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/.netrc", dir);
	return path;
}

static void write_netrc(const char *text, mode_t mode)
{
	FILE *to = fopen(netrc_path(), "w");

	if (to == NULL || fputs(text, to) == EOF || fclose(to) != 0)
		unit_failed = true;
	chmod(netrc_path(), mode);
}

static int get(const struct account *a)
{
	f = (struct fault){0};
	return secret_get(&secret, a, &server, "alice", &f);
}

/* What a pass-command gives, or NULL. */
static const char *from(const char *command)
{
	static char value[100];
	char line[1000];
	struct account a = {.name = "work", .pass_command = line};
	int r;

	snprintf(line, sizeof(line), "%s", command);
	r = get(&a);
	snprintf(value, sizeof(value), "%s", r == 0 ? buf_str(&secret.value) : "");
	secret_wipe(&secret);
	return r == 0 ? value : NULL;
}

TEST(a_home)
{
	REQUIRE(mkdtemp(dir) != NULL);
	setenv("HOME", dir, 1);
}

TEST(the_first_line_of_a_command)
{
	CHECK_STR(from("echo hunter2"), "hunter2");
	CHECK_STR(from("printf 'hunter2'"), "hunter2");
	CHECK_STR(from("printf 'hunter2\\r\\nlogin: x\\n'"), "hunter2");
	CHECK_STR(from("printf ' with blanks \\n'"), " with blanks ");
	CHECK_STR(from("seq 1 1000"), "1");
	CHECK_STR(from("echo \"a # b\" | tr a-z A-Z"), "A # B");
	/* Its standard input is no terminal, and at its end. */
	CHECK_STR(from("cat; echo end"), "end");
}

TEST(a_command_that_fails)
{
	CHECK(from("echo hunter2; exit 3") == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "work") != NULL && strstr(f.msg, "status 3") != NULL);
	CHECK(strstr(f.msg, "hunter2") == NULL);
	CHECK(from("kill -9 $$") == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "signal 9") != NULL);
	CHECK(from("true") == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "empty") != NULL);
	CHECK(from("echo; echo second") == NULL);
	CHECK(from("printf 'a\\000b\\n'") == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(from("/nonexistent 2>/dev/null") == NULL);
	CHECK(strstr(f.msg, "status 127") != NULL);
}

TEST(a_command_that_floods_is_killed)
{
	CHECK(from("exec yes") == NULL);
	CHECK_INT(f.cls, FAULT_AUTH);
	CHECK(strstr(f.msg, "65536") != NULL);
	CHECK(from("yes; sleep 100") == NULL);
	CHECK_INT(wait(NULL), -1);
	CHECK_INT(errno, ECHILD);
}

TEST(a_line_as_long_as_may_be)
{
	struct account a = {.name = "work"};
	char exact[] = "head -c 65536 /dev/zero | tr '\\0' x";
	char over[] = "head -c 65537 /dev/zero | tr '\\0' x";

	a.pass_command = exact;
	CHECK_INT(get(&a), 0);
	CHECK_INT(secret.value.len, 65536);
	secret_wipe(&secret);
	a.pass_command = over;
	CHECK_INT(get(&a), -1);
}

TEST(a_command_gets_normal_signals)
{
	signal(SIGPIPE, SIG_IGN);
	CHECK(from("kill -PIPE $$; echo ignored") == NULL);
	CHECK(strstr(f.msg, "signal 13") != NULL);
	signal(SIGPIPE, SIG_DFL);
}

TEST(a_command_gets_none_of_our_descriptors)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), inherited = 0;
	const char *seen = from("ls /proc/self/fd | wc -l");

	for (int i = 0; i < 1024; i++) {
		int flags = fcntl(i, F_GETFD);

		inherited += flags != -1 && (flags & FD_CLOEXEC) == 0;
	}
	REQUIRE(seen != NULL);
	CHECK_INT(strtol(seen, NULL, 10), inherited + 1); /* ls(1) reads a directory */
	close(fd);
}

TEST(a_command_where_ours_are_closed)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int bad = 0;

		for (int closed = 0; closed < 8; closed++) {
			for (int fd = 0; fd < 3; fd++)
				if ((closed & 1 << fd) != 0)
					close(fd);
			struct buf b;
			buf_init(&b, 100);
			bad += shell_output("x", "cat; echo hi", &b, &f) != 0 ||
			    strcmp(buf_str(&b), "hi\n") != 0;
			buf_free(&b);
		}
		_exit(bad);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

TEST(the_order)
{
	char token[] = "echo token", pass[] = "echo pass", password[] = "in the file";
	struct account a = {
	    .name = "work", .oauth_command = token, .pass_command = pass, .password = password};

	write_netrc("machine mail.example.org login alice password netrc\n", 0600);
	CHECK_INT(get(&a), 0);
	CHECK_STR(buf_str(&secret.value), "token");
	CHECK(secret.is_token);
	secret_wipe(&secret);
	CHECK(!secret.is_token && secret.value.data == NULL);
	a.oauth_command = NULL;
	CHECK_INT(get(&a), 0);
	CHECK_STR(buf_str(&secret.value), "pass");
	CHECK(!secret.is_token);
	secret_wipe(&secret);
	a.pass_command = NULL;
	CHECK_INT(get(&a), 0);
	CHECK_STR(buf_str(&secret.value), "in the file");
	secret_wipe(&secret);
	a.password = NULL;
	CHECK_INT(get(&a), 0);
	CHECK_STR(buf_str(&secret.value), "netrc");
	secret_wipe(&secret);
}

TEST(a_netrc_that_others_can_read)
{
	struct account a = {.name = "work"};

	write_netrc("machine mail.example.org login alice password p\n", 0644);
	CHECK_INT(get(&a), -1);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK(strstr(f.msg, ".netrc") != NULL);
	CHECK(secret.value.data == NULL);
	write_netrc("machine mail.example.org login alice password \"p\n", 0600);
	CHECK_INT(get(&a), -1);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK(strstr(f.msg, ".netrc: line 1") != NULL);
}

static const char *look(const char *text)
{
	static char value[100];
	struct buf b;
	int r;

	f = (struct fault){0};
	buf_init(&b, 64);
	r = netrc_find(text, strlen(text), "h", "u", &b, &f);
	if (r != 1 && b.len > 0)
		unit_failed = true;
	snprintf(value, sizeof(value), "%s", buf_str(&b));
	buf_wipe(&b);
	return r == 1 ? value : r == 0 ? "(none)" : NULL;
}

TEST(netrc_entries)
{
	CHECK_STR(look("machine h login u password p"), "p");
	CHECK_STR(look("machine H password p login u"), "p");
	CHECK_STR(look("machine h\n\tlogin u\n\tpassword p\n"), "p");
	CHECK_STR(look("machine h password p"), "p");
	CHECK_STR(look("machine h login v password q machine h login u password p"), "p");
	CHECK_STR(look("machine g login u password q default password p"), "p");
	CHECK_STR(look("default login u password p machine h password q"), "p");
	CHECK_STR(look("machine h login u machine h password p"), "p");
	CHECK_STR(look("machine h login u account a password p port 993"), "p");
	CHECK_STR(look("machine h login v password q"), "(none)");
	CHECK_STR(look("machine hh login u password q"), "(none)");
	CHECK_STR(look("machine h login U password q"), "(none)");
	CHECK_STR(look("machine h login u"), "(none)");
	CHECK_STR(look("password q"), "(none)");
	CHECK_STR(look(""), "(none)");
	CHECK_STR(look("machine h login u password machine"), "machine");
	CHECK_STR(look("machine h protocol imap login u password p"), "p");
}

TEST(netrc_words)
{
	CHECK_STR(look("machine h login u password \"a b\\\"c\\\\\""), "a b\"c\\");
	CHECK_STR(look("machine h login \"u\" password a\\ b"), "a b");
	CHECK_STR(look("machine h login u password a\"b"), "a\"b");
	CHECK_STR(look("machine h login u password #p"), "#p");
	CHECK_STR(look("# machine h password q\n  # x\nmachine h password p"), "p");
	CHECK_STR(look("#"), "(none)");
	CHECK_STR(look("machine h login u password p\r\n"), "p");
	CHECK_STR(
	    look("machine g macdef m\npassword q\nmachine h password q\n\nmachine h password p"),
	    "p");
	CHECK_STR(look("machine h password p\nmacdef init\nmachine h"), "p");
	CHECK_STR(look("machine h macdef"), NULL);
	CHECK_STR(look("machine h login u password \"a"), NULL);
	CHECK_STR(look("machine h login u password \"a\nb\""), NULL);
	CHECK_STR(look("machine h login u password"), NULL);
	CHECK_STR(look("machine"), NULL);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK_STR(look("machine h\n\nlogin u password \"a"), NULL);
	CHECK(strstr(f.msg, "line 3: ") != NULL);
}

TEST(netrc_limits)
{
	static char text[5000] = "machine h password ";
	struct buf b;

	memset(text + 19, 'x', 65);
	CHECK_STR(look(text), NULL);
	memset(text + 19, 'x', 4097);
	buf_init(&b, 5000);
	CHECK_INT(netrc_find(text, strlen(text), "h", "u", &b, &f), -1);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK_INT(netrc_find("machine h password a\0b", 22, "h", "u", &b, &f), -1);
	CHECK_INT(b.len, 0);
	buf_free(&b);
}

/* Asks in a child, whose terminal is ours to type on. Returns its exit status; what the terminal showed is in `shown`. */
static int ask(const char *typed, char *shown, size_t max)
{
	struct account a = {.name = "work"};
	int fd, status = -1;
	size_t n = 0;
	pid_t pid = forkpty(&fd, NULL, NULL, NULL);

	if (pid == 0) {
		int r = secret_get(&secret, &a, &server, "ali\033ce", &f);
		_exit(r == 0 ? strcmp(buf_str(&secret.value), "pass word") != 0 : (int)f.cls);
	}
	/* Typed only when asked: what comes before the echo goes off is flushed. */
	for (bool asked = false;;) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		ssize_t got = poll(&p, 1, 10000) == 1 ? read(fd, shown + n, max - 1 - n) : 0;

		if (got <= 0)
			break;
		n += (size_t)got;
		shown[n] = '\0';
		if (!asked && strstr(shown, ": ") != NULL) {
			asked = true;
			if (write(fd, typed, strlen(typed)) == -1)
				break;
		}
	}
	shown[n] = '\0';
	close(fd);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(a_person_is_asked)
{
	char shown[500];

	unlink(netrc_path());
	CHECK_INT(ask("pass word\n", shown, sizeof(shown)), 0);
	CHECK(strstr(shown, "Password for ali\\033ce at mail.example.org: ") != NULL);
	CHECK(strstr(shown, "pass word") == NULL);
	CHECK_INT(ask("\n", shown, sizeof(shown)), FAULT_AUTH);
}

TEST(nobody_is_there_to_ask)
{
	struct account a = {.name = "work"};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		setsid();
		int r = secret_get(&secret, &a, &server, "alice", &f);
		_exit(
		    r == -1 && f.cls == FAULT_AUTH && strstr(f.msg, "no terminal") != NULL ? 0 : 1);
	}
	CHECK_INT(waitpid(pid, &status, 0), pid);
	CHECK_INT(status, 0);
}

TEST(clean)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_INT(system(command), 0);
}

UNIT_MAIN
