# fish completion for the lm programs

function __lm_accounts
    set -l file $HOME/.config/lm/config
    set -q XDG_CONFIG_HOME; and set file $XDG_CONFIG_HOME/lm/config
    test -r $file; and awk 'tolower($1) == "account" { print $2 }' $file
end

function __lm_urls
    __lm_accounts | string replace -r '$' /
end

for program in lm-caps lm-draft lm-fetch lm-flag lm-fwd lm-genurl lm-idle lm-list lm-mbox lm-meta lm-mv lm-rm lm-search lm-submit lm-sync
    complete -c $program -s a -x -a '(__lm_accounts)' -d account
    complete -c $program -s c -r -d 'configuration file'
    complete -c $program -s o -x -d 'keyword of the configuration'
    complete -c $program -s v -d 'say what is done'
    complete -c $program -l help -d 'show the usage'
    complete -c $program -l version -d 'show the version'
    complete -c $program -l json -d 'records as JSON'
end

complete -c lm-caps -f -a '(__lm_accounts)'
complete -c lm-caps -l profile -d 'check the Lemonade Profile'
complete -c lm-caps -l probe -d 'try each extension'

complete -c lm-draft -f -a '(__lm_urls)'
complete -c lm-draft -s f -x -d flags
complete -c lm-draft -l replace -x -d 'earlier draft'

complete -c lm-fetch -f -a '(__lm_urls)'
complete -c lm-fetch -s s -l structure -d 'what is in it'
complete -c lm-fetch -s H -l header -d 'the header'
complete -c lm-fetch -s d -l decode -d 'transfer encoding undone'
complete -c lm-fetch -s t -l convert -x -a 'text/plain "image/jpeg;width=320"' -d 'converted by the server'
complete -c lm-fetch -s r -l range -x -d 'a range of the octets'
complete -c lm-fetch -s O -l attachments -x -a '(__fish_complete_directories)' -d 'save attachments'
complete -c lm-fetch -l preview -d 'the beginning of the text'
complete -c lm-fetch -l conversions -d 'what the server converts'

complete -c lm-flag -f -a '+seen -seen +flagged -flagged (__lm_urls)'
complete -c lm-flag -l if-unchanged -x -d 'unless changed since'
complete -c lm-flag -l force -d 'remove $Forwarded, too'

complete -c lm-flow -f
complete -c lm-flow -s d -l decode -d 'plain text of flowed'
complete -c lm-flow -s w -l width -x -d 'characters in a line'
complete -c lm-flow -l delsp -d 'blanks that are deleted'
complete -c lm-flow -l help -d 'show the usage'
complete -c lm-flow -l version -d 'show the version'

complete -c lm-fwd -f -a '(__lm_urls)'
complete -c lm-fwd -s T -x -d to
complete -c lm-fwd -s C -x -d cc
complete -c lm-fwd -s B -x -d bcc
complete -c lm-fwd -s F -x -d sender
complete -c lm-fwd -s s -x -d subject
complete -c lm-fwd -s m -x -d note
complete -c lm-fwd -s p -x -d part
complete -c lm-fwd -s S -x -a 'auto catenate burl relay' -d strategy
complete -c lm-fwd -l all-or-none -d 'to all or to nobody'
complete -c lm-fwd -l assembly -d 'write the assembly'

complete -c lm-genurl -f -a '(__lm_urls)'
complete -c lm-genurl -s x -x -a '10m 1h 1d 7d never' -d expires
complete -c lm-genurl -s u -x -a 'submit+ user+ authuser anonymous stream' -d access
complete -c lm-genurl -l assembly -d 'authorise an assembly'
complete -c lm-genurl -l fetch -d 'what it yields'
complete -c lm-genurl -l decode -d 'transfer encoding undone'
complete -c lm-genurl -l structure -d 'its parts'
complete -c lm-genurl -l reset -d revoke

complete -c lm-idle -f -a '(__lm_accounts) (__lm_urls)'
complete -c lm-idle -s 1 -d 'until something is told'
complete -c lm-idle -s t -x -d 'until nothing comes for so many seconds'
complete -c lm-idle -s d -x -d 'gather for so many seconds'
complete -c lm-idle -s e -x -a 'new gone flags mailbox metadata all' -d 'only these events'
complete -c lm-idle -s x -x -a '(__fish_complete_command)' -d 'run for each event'
complete -c lm-idle -l headers -d 'sender, subject and date'
complete -c lm-idle -l poll -x -d 'how often to look, in seconds'
complete -c lm-idle -l resume -d 'tell what was missed'
complete -c lm-idle -l status -d 'how the mailboxes are, first'

complete -c lm-list -f -a '(__lm_accounts) (__lm_urls)'
complete -c lm-list -s s -l status -d 'how each mailbox is'
complete -c lm-list -s n -l namespace -x -a 'own others shared' -d namespace
complete -c lm-list -l special -d 'only with a special use'
complete -c lm-list -l subscribed -d 'only subscribed'
complete -c lm-list -l meta -x -a '/private/comment /shared/comment' -d 'a value of METADATA'

complete -c lm-mbox -f -a '(__lm_urls)'
complete -c lm-mbox -n __fish_use_subcommand -a 'create delete rename subscribe unsubscribe'
complete -c lm-mbox -s f -l force -d 'do not ask'
complete -c lm-mbox -l use -x -a 'All Archive Drafts Flagged Important Junk Sent Trash' -d 'special use'

complete -c lm-meta -f -a '(__lm_accounts) (__lm_urls)'
complete -c lm-meta -s d -l depth -x -a '0 1 infinity' -d 'what is below, too'
complete -c lm-meta -s m -l max-size -x -d 'leave out larger values'
complete -c lm-meta -l raw -d 'the value as it is'
complete -c lm-meta -l delete -d 'remove the entry'

complete -c lm-mv -f -a '(__lm_urls)'
complete -c lm-mv -s k -l copy -d 'keep the originals'
complete -c lm-mv -l create -d 'make the mailbox'

complete -c lm-rm -f -a '(__lm_urls)'
complete -c lm-rm -l expunge -d 'for good'
complete -c lm-rm -l create -d 'make the trash'

complete -c lm-search -f -a '(__lm_urls)'
complete -c lm-search -s r -x -a 'all count min max' -d 'what to print'
complete -c lm-search -s s -x -a 'arrival cc date from size subject to displayfrom displayto -arrival -date -size' -d order
complete -c lm-search -s l -x -d 'only these places'
complete -c lm-search -s f -l follow -d 'go on'
complete -c lm-search -l fields -x -a 'date received from to subject size flags' -d columns
complete -c lm-search -l interval -x -d 'how often to look, in seconds'

complete -c lm-submit -f
complete -c lm-submit -s t -d 'recipients from the header'
complete -c lm-submit -s i -d 'a lone dot is text'
complete -c lm-submit -s f -x -d sender
complete -c lm-submit -s F -x -d 'full name'
complete -c lm-submit -s N -x -a 'never success failure delay' -d notify
complete -c lm-submit -s R -x -a 'full hdrs' -d return
complete -c lm-submit -s V -x -d 'envelope identifier'
complete -c lm-submit -l assembly -d 'input is an assembly'
complete -c lm-submit -l burl -x -d 'send what the URL names'
complete -c lm-submit -l all-or-none -d 'to all or to nobody'

complete -c lm-sync -f -a '(__lm_accounts) (__lm_urls)'
complete -c lm-sync -s n -l dry-run -d 'change nothing'
complete -c lm-sync -s q -l quiet -d 'print nothing'
complete -c lm-sync -l pull -d 'from the server only'
complete -c lm-sync -l push -d 'to the server only'
complete -c lm-sync -l force -d 'although one side is empty'
complete -c lm-sync -l whole -d 'the rest of lean messages'
