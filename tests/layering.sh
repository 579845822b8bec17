#!/bin/sh
# Check that dependencies point down only, from the #include lines, and that the library keeps its
# promises: one place for each foreign library, no exit(), nothing on standard output, no function
# that writes without a bound. Prints FILE:LINE: what is wrong; the exit status is 1 if anything is.
#
#   layering.sh [TOP]
set -eu
cd "${1:-$(dirname "$0")/..}"

files=$(find libcore cmd -name '*.[ch]' 2>/dev/null | sort)
[ -n "$files" ] || exit 0

# shellcheck disable=SC2086 # the names are ours, without blanks
exec awk '
BEGIN {
	# What a layer may include. In imap/ and smtp/ the files with these names drive a connection;
	# the others are grammar, which knows of no connection.
	driver = "^(session|login|flow|mailbox)[^/]*$|^command\\.c$"
	may["base"]         = "base"
	may["wire"]         = "wire base"
	may["sasl"]         = "sasl base"
	may["imap"]         = "imap base"
	may["imap-session"] = "imap imap-session wire sasl base"
	may["msg"]          = "msg base"
	may["smtp"]         = "smtp base"
	may["smtp-session"] = "smtp smtp-session wire sasl base"
	may["store"]        = "store base msg"
	may["conf"]         = "conf base wire sasl"
	may["app"]          = "app base wire sasl imap imap-session msg smtp smtp-session store conf"
	may["cmd"]          = may["app"]
	# File names in a BODYSTRUCTURE are parameters of a MIME field (RFC 2231), whose grammar is in msg/.
	also["libcore/imap/structure.c msg/word.h"] = 1
	# The one home of each foreign library.
	home["openssl/"] = "^libcore/(wire/tls[^/]*|base/digest[.][ch])$"
	home["zlib.h"]   = "^libcore/wire/deflate[^/]*$"
	home["gsasl.h"]  = "^libcore/sasl/[^/]*$"
	home["sqlite3.h"] = "^libcore/store/[^/]*$"
	unbounded = "(^|[^A-Za-z0-9_])(gets|strcpy|strcat|stpcpy|sprintf|vsprintf|strtok|atoi|atol|atoll|alloca)[ ]*\\("
	loud      = "(^|[^A-Za-z0-9_])(printf|vprintf|puts|putchar|putchar_unlocked)[ ]*\\(|(^|[^A-Za-z0-9_])stdout([^A-Za-z0-9_]|$)"
	leaves    = "(^|[^A-Za-z0-9_])(exit|quick_exit|err|errx|verr|verrx)[ ]*\\("
}

function layer(path,   part, n) {
	n = split(path, part, "/")
	if (part[1] == "cmd")
		return "cmd"
	if ((part[2] == "imap" || part[2] == "smtp") && part[n] ~ driver)
		return part[2] "-session"
	return part[2]
}

function wrong(what) {
	printf "%s:%d: %s\n", FILENAME, FNR, what
	bad = 1
}

function allowed(from, to) {
	return index(" " may[from] " ", " " to " ") > 0
}

function quoted_include(name,   to) {
	if (name !~ /\//) {
		wrong("\"" name "\": name the folder as well, as in \"base/buf.h\"")
		return
	}
	to = layer("libcore/" name)
	if (name ~ /(^|\/)\.\.?(\/|$)/ || !(to in may))
		wrong("\"" name "\" is in no layer")
	else if (!allowed(mine, to) && !((FILENAME " " name) in also))
		wrong("\"" name "\": " mine " may not include " to)
}

function foreign_include(name,   lib) {
	for (lib in home)
		if (index(name, lib) == 1 && FILENAME !~ home[lib])
			wrong("<" name "> belongs to " home[lib] " only")
}

# The line without its strings, character constants and comments, so that words in them do not count.
function code(line) {
	gsub(/\\./, "", line)
	gsub(/"[^"]*"/, "\"\"", line)
	gsub(/\047[^\047]*\047/, "0", line)
	if (in_comment) {
		if (!match(line, /\*\//))
			return ""
		line = substr(line, RSTART + 2)
		in_comment = 0
	}
	gsub(/\/\*([^*]|\*+[^*\/])*\*+\//, " ", line)
	sub(/\/\/.*/, "", line)
	if (match(line, /\/\*/)) {
		line = substr(line, 1, RSTART - 1)
		in_comment = 1
	}
	return line
}

FNR == 1 {
	mine = layer(FILENAME)
	in_comment = 0
	if (!(mine in may))
		wrong("a folder that the layering does not know; add it to tests/layering.sh")
}

/^[ \t]*#[ \t]*include[ \t]*"/ { split($0, q, "\""); quoted_include(q[2]); next }
/^[ \t]*#[ \t]*include[ \t]*</ { split($0, q, /[<>]/); foreign_include(q[2]); next }

{
	text = code($0)
	if (text ~ unbounded)
		wrong("a function that checks no bound or no digit")
	if (mine != "cmd" && text ~ loud)
		wrong("the library prints nothing on standard output")
	if (mine != "cmd" && text ~ leaves)
		wrong("the library never leaves the program")
}

END { exit bad }
' $files
