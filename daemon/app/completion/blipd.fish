# Completion of blipd(1) for fish. Commands and options are read from the program's own --help, so that no list can fall
# behind; here stands only which files an option is likely to mean.

# The lines of one section of a help text: __blipd_section Options COMMAND
function __blipd_section
    command blipd $argv[2..] --help 2>/dev/null | sed -n "/^$argv[1]:/,/^\$/{/^ /p}"
end

function __blipd_commands
    __blipd_section Subcommands | string replace -rf '^ +(\S+) +(.*)$' '$1\t$2'
end

complete -c blipd -f
complete -c blipd -n __fish_use_subcommand -l version -d 'Print the version and exit'
complete -c blipd -n __fish_use_subcommand -s h -l help -d 'Print this help and exit'
complete -c blipd -n __fish_use_subcommand -a '(__blipd_commands)'

for line in (__blipd_commands)
    set -l of (string split \t -- $line)[1]
    set -l when "__fish_seen_subcommand_from $of"
    for option in (__blipd_section Options $of)
        set -l short ''; set -l long ''; set -l value ''; set -l meaning ''
        string match -qr '^ +(?:-(?<short>[a-zA-Z]),)?--(?<long>[a-z-]+)(?: (?<value>[A-Z/]+))?(?:=\S+)?(?: +(?<meaning>.*))?$' -- $option; or continue
        set -l rest
        test -n "$meaning"; and set -a rest -d $meaning
        test -n "$short"; and set -a rest -s $short
        switch "$value"
            case ''
            case FORMAT
                set -a rest -x -a (string replace -ra ',| or ' ' ' -- $meaning)
            case FILE
                if test $long = config
                    set -a rest -x -a '(__fish_complete_suffix .yaml)'
                else
                    set -a rest -r -F
                end
            case '*'
                set -a rest -x
        end
        complete -c blipd -n $when -l $long $rest
    end
    switch (__blipd_section Positionals $of | string collect)
        case '*HOST*'
            complete -c blipd -n $when -a '(__fish_print_hostnames)'
        case '*SCENARIO*'
            complete -c blipd -n $when -a '(__fish_complete_suffix .yaml)'
        case '*FILE*'
            complete -c blipd -n $when -F
    end
end
