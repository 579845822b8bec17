#include "conf/config.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "unit.h"

static struct fault f;
static char dir[] = "/tmp/lm-config-XXXXXX";

static const char *path_of(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void write_octets(const char *name, const char *text, size_t n, mode_t mode)
{
	FILE *to = fopen(path_of(name), "w");

	if (to == NULL || fwrite(text, 1, n, to) != n || fclose(to) != 0)
		unit_failed = true;
	chmod(path_of(name), mode);
}

static void write_file(const char *name, const char *text, mode_t mode)
{
	write_octets(name, text, strlen(text), mode);
}

static struct config *load(const char *text)
{
	f = (struct fault){0};
	write_file("config", text, 0600);
	return config_load(path_of("config"), &f);
}

/* One line within an account, and the account that comes of it. */
static struct config *load_line(const char *line)
{
	char text[10000];

	snprintf(text, sizeof(text), "account a\n%s\n", line);
	return load(text);
}

static bool refused(const char *line, const char *why)
{
	struct config *c = load_line(line);
	bool ok = c == NULL && f.cls == FAULT_CONFIG && strstr(f.msg, "config:2: ") != NULL &&
	    strstr(f.msg, why) != NULL;

	if (!ok)
		printf("# %s\n#   %s\n", line, c != NULL ? "was taken" : f.msg);
	config_free(c);
	return ok;
}

static bool taken(const char *line)
{
	struct config *c = load_line(line);

	if (c == NULL)
		printf("# %s\n#   %s\n", line, f.msg);
	config_free(c);
	return c != NULL;
}

/* Before all others, as tests run in this order. */
TEST(a_place_for_files)
{
	REQUIRE(mkdtemp(dir) != NULL);
	setenv("HOME", dir, 1);
	unsetenv("XDG_CONFIG_HOME");
}

TEST(every_keyword)
{
	static const char text[] =
	    "account work\n"
	    "\timap            imaps://alice@mail.example.org:1993\n"
	    "\tsubmit          submission://bob%40x@[2001:db8::25]/\n"
	    "\tuser            carol\n"
	    "\tfrom            Alice Liddell <alice@example.org>\n"
	    "\tpass-command    pass show \"mail/work\" | sed 's/#.*//'\n"
	    "\toauth-command   get token\n"
	    "\tpassword        two words\n"
	    "\tauth            scram-sha-256 PLAIN\n"
	    "\ttls             Insecure\n"
	    "\ttls-ca          ~/ca.pem\n"
	    "\ttls-fingerprint sha256:"
	    "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF\n"
	    "\tsubmit-tls-fingerprint sha256:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:"
	    "00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff\n"
	    "\ttunnel          ssh host doveadm exec imap\n"
	    "\tsubmit-tunnel   ssh host exim -bs\n"
	    "\turl-authority   mail.example.org:143\n"
	    "\tmaildir         ~/Mail/work\n"
	    "\tsent            Sent Mail\n"
	    "\tdrafts          Entw\xc3\xbcrfe\n"
	    "\ttrash           Trash\n"
	    "\thelo            laptop.example.org\n"
	    "\tcompress        no\n"
	    "\tsent-copy       NO\n"
	    "\ttimeout         2m\n";
	struct config *c = load(text);
	char expected[300];

	REQUIRE(c != NULL);
	const struct account *a = config_account(c, "work", &f);
	REQUIRE(a != NULL);
	CHECK_STR(a->name, "work");
	CHECK(a->imap.set && a->imap.security == CONFIG_TLS);
	CHECK_STR(a->imap.user, "alice");
	CHECK_STR(a->imap.host, "mail.example.org");
	CHECK_INT(a->imap.port, 1993);
	CHECK(a->submit.set && a->submit.security == CONFIG_STARTTLS);
	CHECK_STR(a->submit.user, "bob@x");
	CHECK_STR(a->submit.host, "2001:db8::25");
	CHECK_INT(a->submit.port, 587);
	CHECK_STR(a->user, "carol");
	CHECK_STR(a->from, "Alice Liddell <alice@example.org>");
	CHECK_STR(a->pass_command, "pass show \"mail/work\" | sed 's/#.*//'");
	CHECK_STR(a->oauth_command, "get token");
	CHECK_STR(a->password, "two words");
	CHECK_STR(a->auth, "scram-sha-256 PLAIN");
	CHECK(a->tls_insecure);
	snprintf(expected, sizeof(expected), "%s/ca.pem", dir);
	CHECK_STR(a->tls_ca, expected);
	CHECK_INT(strlen(a->tls_fingerprint), 71);
	CHECK_INT(strlen(a->submit_tls_fingerprint), 7 + 32 * 3 - 1);
	CHECK_STR(a->tunnel, "ssh host doveadm exec imap");
	CHECK_STR(a->submit_tunnel, "ssh host exim -bs");
	CHECK_STR(a->url_authority, "mail.example.org:143");
	snprintf(expected, sizeof(expected), "%s/Mail/work", dir);
	CHECK_STR(a->maildir, expected);
	CHECK_STR(a->sent, "Sent Mail");
	CHECK_STR(a->drafts, "Entw\xc3\xbcrfe");
	CHECK_STR(a->trash, "Trash");
	CHECK_STR(a->helo, "laptop.example.org");
	CHECK(!a->compress);
	CHECK(!a->copy_sent);
	CHECK_INT(a->timeout, 120);
	config_free(c);
}

TEST(keywords_of_sync_and_idle)
{
	struct config *c = load("account a\n"
				"mailboxes *  !Trash \"Two words\"\ncreate remote\nexpunge none\n"
				"fsync no\narchive yes\nwindow 90d\nlayout Maildir++\n"
				"max-size 64k\norder oldest\nidle-connections 12\n");

	REQUIRE(c != NULL);
	const struct account *a = config_nth(c, 0);
	REQUIRE(a != NULL);
	CHECK_STR(a->mailboxes, "*  !Trash \"Two words\"");
	CHECK_INT(a->create, CONFIG_REMOTE);
	CHECK_INT(a->expunge, 0);
	CHECK(!a->fsync && a->archive && a->oldest_first);
	CHECK_INT(a->window, 90 * 86400);
	CHECK_INT(a->layout, CONFIG_MAILDIRPP);
	CHECK_INT(a->max_size, 65536);
	CHECK_INT(a->idle_connections, 12);
	config_free(c);
	CHECK(taken("window all") && taken("max-size none") && taken("create both"));
	CHECK(refused("create never", "create: "));
	CHECK(refused("window 59", "window: "));
	CHECK(refused("window 101y", "window: "));
	CHECK(refused("max-size 0", "max-size: "));
	CHECK(refused("max-size 1x", "max-size: "));
	CHECK(refused("layout mbox", "layout: "));
	CHECK(refused("order random", "order: "));
	CHECK(refused("idle-connections 0", "idle-connections: "));
	CHECK(refused("idle-connections 65", "idle-connections: "));
}

TEST(what_is_so_when_nothing_is_said)
{
	struct config *c = load_line("");

	REQUIRE(c != NULL);
	const struct account *a = config_nth(c, 0);
	REQUIRE(a != NULL);
	CHECK(!a->imap.set && !a->submit.set && !a->tls_insecure);
	CHECK(a->compress && a->copy_sent && a->fsync && !a->archive && !a->oldest_first);
	CHECK_INT(a->create, CONFIG_LOCAL | CONFIG_REMOTE);
	CHECK_INT(a->expunge, CONFIG_LOCAL | CONFIG_REMOTE);
	CHECK(a->window == 0 && a->max_size == 0 && a->layout == CONFIG_FS);
	CHECK_INT(a->idle_connections, 4);
	CHECK_INT(a->timeout, 60);
	CHECK(a->from == NULL && a->password == NULL && a->auth == NULL && a->sent == NULL);
	config_free(c);
}

TEST(lines)
{
	struct config *c = load("# a comment\r\n"
				"   # another\n"
				"\n"
				"  \t \n"
				"  ACCOUNT \t a  \n"
				"TimeOut\t5\n"
				"pass-command  echo 1 # 2  \r\n"
				"account b\n"
				"sent #x");

	REQUIRE(c != NULL);
	CHECK_INT(config_nth(c, 0)->timeout, 5);
	CHECK_STR(config_nth(c, 0)->pass_command, "echo 1 # 2");
	CHECK_STR(config_nth(c, 1)->sent, "#x");
	CHECK(config_nth(c, 2) == NULL);
	config_free(c);
}

TEST(keywords_before_the_first_account_are_for_all)
{
	struct config *c = load("timeout 7\n"
				"compress no\n"
				"user everybody\n"
				"account a\n"
				"timeout 8\n"
				"account b\n"
				"compress yes\n");

	REQUIRE(c != NULL);
	const struct account *a = config_nth(c, 0), *b = config_nth(c, 1);
	CHECK(a->timeout == 8 && !a->compress);
	CHECK(b->timeout == 7 && b->compress);
	CHECK_STR(a->user, "everybody");
	CHECK_STR(b->user, "everybody");
	config_free(c);

	CHECK(load("timeout 1\ntimeout 2\n") == NULL);
	CHECK(strstr(f.msg, "config:2: timeout for the second time") != NULL);
	CHECK(load("timeout x\naccount a\n") == NULL);
	CHECK(strstr(f.msg, "config:1: timeout: ") != NULL);
}

TEST(faults_name_the_line)
{
	CHECK(refused("imapp imaps://h", "unknown keyword `imapp`"));
	CHECK(refused("timeout", "without a value"));
	CHECK(refused("=", "without a value"));
	CHECK(refused("compress maybe", "compress: "));
	CHECK(refused("tls optional", "tls: "));
	CHECK(refused("timeout 0", "timeout: "));
	CHECK(refused("timeout 2d", "timeout: "));
	CHECK(refused("timeout -1", "timeout: "));
	CHECK(refused("sent \xff", "sent: not UTF-8"));
	CHECK(refused("user \xc3", "user: not UTF-8"));
	CHECK(refused("user a\001b", "control character"));
	CHECK(refused("user a\tb", "TAB"));
	CHECK(refused("user a\x7f"
		      "b",
	    "control character"));
	CHECK(refused("user a\rb", "control character"));
	CHECK(refused("auth PLAIN NTLM", "NTLM"));
	CHECK(refused("auth PLAINPLAINPLAINPLAINPLAINPLAINPLAINPLAIN", "PLAINPLAIN"));
	CHECK(refused("helo a b", "helo: "));
	CHECK(refused("helo m\xc3\xbcnchen", "helo: "));
	CHECK(refused("tls-fingerprint 00", "tls-fingerprint: "));
	CHECK(refused("tls-fingerprint sha256:00", "64 hex digits"));
	CHECK(refused("tls-fingerprint sha1:00112233445566778899aabbccddeeff00112233", "sha256"));
	CHECK(refused("account a", "account a for the second time"));
	CHECK(refused("account a b", "account: "));
	CHECK(refused("account ../x", "account: "));
	CHECK(refused("account .x", "account: "));
	CHECK(refused("account -x", "account: "));
	CHECK(refused("account a/b", "account: "));
	CHECK(load_line("timeout 1\nTIMEOUT 1") == NULL);
	CHECK(strstr(f.msg, "config:3: timeout for the second time in account a") != NULL);
}

TEST(nul_and_long_lines_and_files)
{
	char *text = malloc(CONFIG_FILE_MAX + 2);

	REQUIRE(text != NULL);
	write_octets("config", "account a\nuser b\0c\n", 19, 0600);
	CHECK(config_load(path_of("config"), &f) == NULL);
	CHECK(strstr(f.msg, "config:2: NUL") != NULL);

	memset(text, ' ', CONFIG_FILE_MAX + 1);
	write_octets("config", text, CONFIG_LINE_MAX, 0600);
	struct config *c = config_load(path_of("config"), &f);
	CHECK(c != NULL);
	config_free(c);
	write_octets("config", text, CONFIG_LINE_MAX + 1, 0600);
	CHECK(config_load(path_of("config"), &f) == NULL);
	CHECK(strstr(f.msg, "config:1: a line over 8192 octets") != NULL);

	memset(text, '\n', CONFIG_FILE_MAX + 1);
	write_octets("config", text, CONFIG_FILE_MAX, 0600);
	c = config_load(path_of("config"), &f);
	CHECK(c != NULL);
	config_free(c);
	write_octets("config", text, CONFIG_FILE_MAX + 1, 0600);
	CHECK(config_load(path_of("config"), &f) == NULL);
	CHECK_INT(f.cls, FAULT_CONFIG);
	free(text);
}

TEST(servers)
{
	CHECK(taken("imap imap://h"));
	CHECK(taken("imap IMAPS://h/"));
	CHECK(taken("imap imaps://m\xc3\xbcnchen.example"));
	CHECK(taken("imap imaps://[::1]:1"));
	CHECK(taken("submit submissions://u@h:65535"));
	CHECK(refused("imap h", "imaps://"));
	CHECK(refused("imap submission://h", "imaps:// or imap://"));
	CHECK(refused("submit imaps://h", "submissions:// or submission://"));
	CHECK(refused("submit smtp://h", "submissions:// or submission://"));
	CHECK(refused("submit smtps://h", "submission"));
	CHECK(refused("imap ://h", "imaps://"));
	CHECK(refused("imap imaps://", "host"));
	CHECK(refused("imap imaps:///", "host"));
	CHECK(refused("imap imaps://u@", "host"));
	CHECK(refused("imap imaps://@h", "empty"));
	CHECK(refused("imap imaps://u:secret@h", "password"));
	CHECK(strstr(f.msg, "secret") == NULL);
	CHECK(refused("imap imaps://u:@h", "password"));
	CHECK(refused("imap imaps://u;AUTH=PLAIN@h", "auth"));
	CHECK(refused("imap imaps://a@b@h", "%40"));
	CHECK(refused("imap imaps://a%4@h", "escape"));
	CHECK(refused("imap imaps://a%zz@h", "escape"));
	CHECK(refused("imap imaps://a%00@h", "control"));
	CHECK(refused("imap imaps://a%0d@h", "control"));
	CHECK(refused("imap imaps://a%ff@h", "UTF-8"));
	CHECK(refused("imap imaps://h/INBOX", "only"));
	CHECK(refused("imap imaps://h//", "only"));
	CHECK(refused("imap imaps://h?x", "only"));
	CHECK(refused("imap imaps://h#x", "only"));
	CHECK(refused("imap imaps://h x", "only"));
	CHECK(refused("imap imaps://h:", "port"));
	CHECK(refused("imap imaps://h:0", "port"));
	CHECK(refused("imap imaps://h:65536", "port"));
	CHECK(refused("imap imaps://h:+1", "port"));
	CHECK(refused("imap imaps://h:99x", "port"));
	CHECK(refused("imap imaps://::1", "port"));
	CHECK(refused("imap imaps://[::1", "]"));
	CHECK(refused("imap imaps://[::1]x", "]"));
	CHECK(refused("imap imaps://[x]", "IPv6"));
	CHECK(refused("imap imaps://[]", "IPv6"));
	CHECK(refused("imap imaps://-h", "host"));
	CHECK(refused("imap imaps://h%41", "host"));
	CHECK(refused("imap imaps://h\xe2\x80\xa8", "host"));
	CHECK(taken("url-authority h"));
	CHECK(taken("url-authority [::1]:143"));
	CHECK(refused("url-authority h/x", "host"));
	CHECK(refused("url-authority u@h", "host"));
	CHECK(refused("url-authority h:x", "port"));
}

TEST(mailboxes)
{
	CHECK(taken("from alice@example.org"));
	CHECK(taken("from <alice@example.org>"));
	CHECK(taken("from Alice Q. Liddell <a.b+c@example.org>"));
	CHECK(taken("from \"Liddell, Alice\" <alice@example.org>"));
	CHECK(taken("from \"a\\\"b\" Liddell<alice@example.org>"));
	CHECK(taken("from J\xc3\xbcrgen <j\xc3\xbcrgen@ex\xc3\xa4mple.org>"));
	CHECK(taken("from \"a b\"@example.org"));
	CHECK(taken("from alice@[192.0.2.1]"));
	CHECK(taken("from alice@localhost"));
	CHECK(refused("from Alice", "from: not a mailbox"));
	CHECK(refused("from Alice alice@example.org", "from: "));
	CHECK(refused("from Liddell, Alice <alice@example.org>", "from: "));
	CHECK(refused("from a@b, c@d", "from: "));
	CHECK(refused("from Alice <alice@example.org", "from: "));
	CHECK(refused("from Alice <alice@example.org> x", "from: "));
	CHECK(refused("from \"Alice <alice@example.org>", "from: "));
	CHECK(refused("from Alice <>", "from: "));
	CHECK(refused("from .a@example.org", "from: "));
	CHECK(refused("from a.@example.org", "from: "));
	CHECK(refused("from a..b@example.org", "from: "));
	CHECK(refused("from a@", "from: "));
	CHECK(refused("from @example.org", "from: "));
	CHECK(refused("from a@b@c", "from: "));
	CHECK(refused("from a@example.", "from: "));
	CHECK(refused("from a@[192.0.2.1", "from: "));
	CHECK(refused("from \xff <a@b>", "from: "));
	CHECK(refused("from \"a\\", "from: "));
}

TEST(a_password_in_a_file_that_others_can_read)
{
	static const char text[] = "account a\npassword x\n";

	write_file("config", text, 0640);
	CHECK(config_load(path_of("config"), &f) == NULL);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK(strstr(f.msg, "config:2: ") != NULL);
	write_file("config", text, 0604);
	CHECK(config_load(path_of("config"), &f) == NULL);
	write_file("config", "account a\nuser x\n", 0644);
	struct config *c = config_load(path_of("config"), &f);
	CHECK(c != NULL);
	config_free(c);
	/* Each file counts for itself. */
	write_file("secret", "password x\n", 0600);
	write_file("config", "account a\ninclude secret\n", 0644);
	c = config_load(path_of("config"), &f);
	REQUIRE(c != NULL);
	CHECK_STR(config_nth(c, 0)->password, "x");
	config_free(c);
	write_file("secret", "password x\n", 0644);
	CHECK(config_load(path_of("config"), &f) == NULL);
	CHECK(strstr(f.msg, "config:2: ") != NULL && strstr(f.msg, "secret:1: ") != NULL);
}

TEST(includes)
{
	mkdir(path_of("sub"), 0700);
	write_file("sub/one", "account b\ntimeout 2\ninclude two\n", 0600);
	write_file("sub/two", "sent Two\naccount c\n", 0600);
	struct config *c = load("include sub/one\nhelo h\naccount a\ninclude ~/three\n  user u\n");
	CHECK(c == NULL);
	CHECK_INT(f.cls, FAULT_NOINPUT);
	CHECK(strstr(f.msg, "config:4: ") != NULL && strstr(f.msg, "three") != NULL);

	write_file("three", "timeout 9\naccount d\ntimeout 4\n", 0600);
	c = config_load(path_of("config"), &f);
	REQUIRE(c != NULL);
	CHECK_STR(config_nth(c, 0)->name, "b");
	CHECK_STR(config_nth(c, 1)->name, "c");
	CHECK_STR(config_nth(c, 2)->name, "a");
	CHECK_STR(config_nth(c, 3)->name, "d");
	CHECK_STR(config_account(c, "b", &f)->sent, "Two");
	CHECK_STR(config_account(c, "c", &f)->helo, "h");
	CHECK_INT(config_account(c, "a", &f)->timeout, 9);
	CHECK_STR(config_account(c, "a", &f)->user, "u");
	CHECK(config_account(c, "d", &f)->user == NULL);
	config_free(c);
}

TEST(includes_end)
{
	CHECK(load("include config\n") == NULL);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK(strstr(f.msg, "deep") != NULL);

	/* Wide rather than deep: eight levels of ten files each would be a hundred million. */
	for (int level = 'a'; level < 'g'; level++) {
		char name[2] = {(char)level, 0}, text[200] = "";

		for (int i = 0; i < 10; i++)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "include %c\n",
			    level + 1);
		write_file(name, text, 0600);
	}
	write_file("g", "", 0600);
	CHECK(load("include a\n") == NULL);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK(strstr(f.msg, "over 256 files") != NULL);
}

TEST(many_accounts)
{
	struct buf b;

	buf_init(&b, 100000);
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "account a%d\n", i);
	struct config *c = load(buf_str(&b));
	CHECK(c != NULL);
	config_free(c);
	buf_puts(&b, "account more\n");
	CHECK(load(buf_str(&b)) == NULL);
	CHECK(strstr(f.msg, "config:1001: over 1000 accounts") != NULL);
	buf_free(&b);
}

TEST(overrides)
{
	struct config *c = load("account a\ntimeout 5\nimap imaps://u@h\naccount b\n");

	REQUIRE(c != NULL);
	const struct account *a = config_account(c, "a", &f);
	const char *host = a->imap.host;
	CHECK_INT(config_override(c, "timeout=9", &f), 0);
	CHECK_INT(config_override(c, "Timeout=10", &f), 0);
	CHECK_INT(config_override(c, "imap=imap://v@g:144", &f), 0);
	CHECK_INT(config_override(c, "pass-command=echo a=b", &f), 0);
	CHECK_INT(config_account(c, "a", &f)->timeout, 10);
	CHECK_INT(config_account(c, "b", &f)->timeout, 10);
	CHECK_STR(config_account(c, "b", &f)->imap.host, "g");
	CHECK_INT(config_account(c, "b", &f)->imap.port, 144);
	CHECK_STR(config_account(c, "b", &f)->pass_command, "echo a=b");
	CHECK_STR(host, "h"); /* what was handed out stays */
	config_free(c);
}

TEST(bad_overrides)
{
	static const char *const bad[] = {"timeout", "=9", "timeout=", "timeout=x", "foo=1",
	    "account=x", "include=x", "password=x", "imap=imaps://u:p@h", "user=a\nb", "user=\001",
	    "keywordkeywordkeywordkeywordkeywordkeywordkeywordkeywordkeywordkeyword=1"};
	struct config *c = load("");

	REQUIRE(c != NULL);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		f = (struct fault){0};
		CHECK_INT(config_override(c, bad[i], &f), -1);
		CHECK_INT(f.cls, FAULT_USAGE);
		CHECK(strncmp(f.msg, "-o: ", 4) == 0);
	}
	config_free(c);
}

TEST(no_such_account)
{
	struct config *c = load("account a\naccount b\n");

	REQUIRE(c != NULL);
	CHECK(config_account(c, "A", &f) == NULL);
	CHECK_INT(f.cls, FAULT_CONFIG);
	CHECK(strstr(f.msg, "a, b") != NULL);
	config_free(c);
	c = load("");
	REQUIRE(c != NULL);
	CHECK(config_account(c, "a", &f) == NULL);
	CHECK(strstr(f.msg, "no account is configured") != NULL);
	config_free(c);
}

TEST(by_address)
{
	struct config *c = load("account a\nfrom Alice <Alice@Example.org>\n"
				"account b\nfrom bob@example.org\naccount c\n");

	REQUIRE(c != NULL);
	CHECK(config_by_address(c, "Alice@example.ORG") == config_nth(c, 0));
	CHECK(config_by_address(c, "alice@example.org") == NULL);
	CHECK(config_by_address(c, "bob@EXAMPLE.org") == config_nth(c, 1));
	CHECK(config_by_address(c, "bob@example.orgx") == NULL);
	CHECK(config_by_address(c, "bob") == NULL);
	CHECK(config_by_address(c, "") == NULL);
	config_free(c);
}

TEST(by_server)
{
	struct config *c = load("account a\nimap imaps://alice@h1\n"
				"account b\nimap imap://bob@h1\nuser robert\n"
				"account c\nimap imaps://carol@h2\nurl-authority inner:1430\n"
				"account d\nimap imaps://carol@h2\nfrom d@x\n"
				"account e\nurl-authority [::1]\n"
				"account f\n");

	REQUIRE(c != NULL);
	CHECK(config_by_server(c, "H1", 0, "alice") == config_nth(c, 0));
	CHECK(config_by_server(c, "h1", 993, NULL) == config_nth(c, 0));
	CHECK(config_by_server(c, "h1", 143, NULL) == config_nth(c, 1));
	CHECK(config_by_server(c, "h1", 0, "robert") == config_nth(c, 1));
	CHECK(config_by_server(c, "h1", 0, "bob") == NULL);
	CHECK(config_by_server(c, "h1", 0, NULL) == NULL);             /* two that differ */
	CHECK(config_by_server(c, "h2", 0, NULL) == config_nth(c, 2)); /* two that do not */
	CHECK(config_by_server(c, "inner", 1430, "carol") == config_nth(c, 2));
	CHECK(config_by_server(c, "inner", 143, NULL) == NULL);
	CHECK(config_by_server(c, "::1", 143, NULL) == config_nth(c, 4));
	CHECK(config_by_server(c, "h3", 0, NULL) == NULL);
	config_free(c);
}

TEST(where_the_configuration_is)
{
	struct config *c;

	CHECK(config_load(path_of("nowhere"), &f) == NULL);
	CHECK_INT(f.cls, FAULT_NOINPUT);
	CHECK(config_load(dir, &f) == NULL);
	CHECK_INT(f.cls, FAULT_NOINPUT);
	c = config_load(NULL, &f);
	REQUIRE(c != NULL);
	CHECK(config_nth(c, 0) == NULL);
	config_free(c);
	mkdir(path_of(".config"), 0700);
	mkdir(path_of(".config/lm"), 0700);
	write_file(".config/lm/config", "account home\n", 0600);
	c = config_load(NULL, &f);
	REQUIRE(c != NULL);
	CHECK_STR(config_nth(c, 0)->name, "home");
	config_free(c);
	setenv("XDG_CONFIG_HOME", path_of("xdg"), 1);
	mkdir(path_of("xdg"), 0700);
	mkdir(path_of("xdg/lm"), 0700);
	write_file("xdg/lm/config", "account xdg\n", 0600);
	c = config_load(NULL, &f);
	REQUIRE(c != NULL);
	CHECK_STR(config_nth(c, 0)->name, "xdg");
	config_free(c);
	config_free(NULL);
}

/* And after all others. */
TEST(the_place_is_left_clean)
{
	char command[100];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	CHECK_INT(system(command), 0);
}

UNIT_MAIN
