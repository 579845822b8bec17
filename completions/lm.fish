# fish completion for the lm programs

function __lm_accounts
    set -l file $HOME/.config/lm/config
    set -q XDG_CONFIG_HOME; and set file $XDG_CONFIG_HOME/lm/config
    test -r $file; and awk 'tolower($1) == "account" { print $2 }' $file
end

function __lm_urls
    __lm_accounts | string replace -r '$' /
end

for program in lm-caps lm-draft lm-fwd lm-genurl lm-submit
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
complete -c lm-genurl -s x -x -d expires
complete -c lm-genurl -s u -x -a 'submit+ user+ authuser anonymous stream' -d access
complete -c lm-genurl -l assembly -d 'authorise an assembly'
complete -c lm-genurl -l fetch -d 'what it yields'
complete -c lm-genurl -l decode -d 'transfer encoding undone'
complete -c lm-genurl -l structure -d 'its parts'
complete -c lm-genurl -l reset -d revoke

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
