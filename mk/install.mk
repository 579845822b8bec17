# install and uninstall. The lists are made from what is in the tree, so that a new program or page needs no line here.

MAN_SRC := $(wildcard man/*.[157])
NAMES    = $(notdir $(CMD_SRC:.c=))
D        = $(DESTDIR)

install: all
	$(INSTALL) -d '$(D)$(BINDIR)' '$(D)$(MANDIR)/man1' '$(D)$(MANDIR)/man5' '$(D)$(MANDIR)/man7'
	set -e; for p in $(CMDS); do $(INSTALL) -m 755 $$p '$(D)$(BINDIR)'; done
	set -e; for m in $(MAN_SRC); do $(INSTALL) -m 644 $$m '$(D)$(MANDIR)/man'$${m##*.}; done
	set -e; if [ -f completions/lm.bash ]; then \
		$(INSTALL) -d '$(D)$(BASHCOMPDIR)'; \
		$(INSTALL) -m 644 completions/lm.bash '$(D)$(BASHCOMPDIR)/lm'; \
		for n in $(NAMES); do ln -sf lm '$(D)$(BASHCOMPDIR)'/$$n; done; fi
	set -e; if [ -f completions/_lm ]; then \
		$(INSTALL) -d '$(D)$(ZSHCOMPDIR)'; \
		$(INSTALL) -m 644 completions/_lm '$(D)$(ZSHCOMPDIR)/_lm'; fi
	set -e; if [ -f completions/lm.fish ]; then \
		$(INSTALL) -d '$(D)$(FISHCOMPDIR)'; \
		$(INSTALL) -m 644 completions/lm.fish '$(D)$(FISHCOMPDIR)/lm.fish'; \
		for n in $(NAMES); do ln -sf lm.fish '$(D)$(FISHCOMPDIR)'/$$n.fish; done; fi

uninstall:
	for n in $(NAMES); do rm -f '$(D)$(BINDIR)'/$$n '$(D)$(BASHCOMPDIR)'/$$n '$(D)$(FISHCOMPDIR)'/$$n.fish; done
	for m in $(notdir $(MAN_SRC)); do rm -f '$(D)$(MANDIR)/man'$${m##*.}/$$m; done
	rm -f '$(D)$(BASHCOMPDIR)/lm' '$(D)$(ZSHCOMPDIR)/_lm' '$(D)$(FISHCOMPDIR)/lm.fish'
