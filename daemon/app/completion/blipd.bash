# Completion of blipd(1) for bash. Commands and options are read from the program's own --help, so that no list can fall
# behind; here stands only which files an option is likely to mean.
# shellcheck shell=bash

# The lines of one section of a help text: _blipd_section Options COMMAND
_blipd_section() {
  "${COMP_WORDS[0]/#\~/$HOME}" ${2:+"$2"} --help 2>/dev/null | sed -n "/^$1:/,/^\$/{/^ /p}"
}

_blipd_files() {
  compopt -o filenames
  local IFS=$'\n'
  mapfile -t COMPREPLY < <(
    compgen -d -- "$current"
    # Directories come once, from the line above.
    compgen -f -- "$current" | grep -E -- "$1" | while read -r file; do [[ -d $file ]] || printf '%s\n' "$file"; done
  )
}

_blipd_values() {
  local option=$1 line
  line=$(_blipd_section Options "$command" | grep -E -- "^ *(-[a-z],)?$option " | head -n 1)
  case $option in
    --config) _blipd_files '\.ya?ml$' ;;
    --journal) _blipd_files '\.db$' ;;
    *)
      read -r _ line <<<"$line"
      case $line in
        FILE*) _blipd_files '' ;;
        FORMAT*) mapfile -t COMPREPLY < <(compgen -W "$(sed -E 's/^FORMAT *//; s/,| or / /g' <<<"$line")" -- "$current") ;;
        *) ;;
      esac
      ;;
  esac
}

_blipd() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command='' i
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    if [[ ${COMP_WORDS[i]} != -* ]]; then
      command=${COMP_WORDS[i]}
      break
    fi
  done
  # --option=value comes as three words.
  if [[ $current == = ]]; then
    current=''
  elif [[ $previous == = ]]; then
    previous=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if [[ $current == -* ]]; then
    local options
    options=$(_blipd_section Options "$command" | sed -nE 's/^ +((-[[:alpha:]]),)?(--[a-z-]+).*/\2 \3/p')
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
  elif [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_blipd_section Subcommands | awk '{print $1}')" -- "$current")
  elif [[ $previous == --* ]] && _blipd_section Options "$command" | grep -qE -- "^ *$previous [A-Z]"; then
    _blipd_values "$previous"
  else
    case $(_blipd_section Positionals "$command") in
      *HOST*) mapfile -t COMPREPLY < <(compgen -A hostname -- "$current") ;;
      *SCENARIO*) _blipd_files '\.ya?ml$' ;;
      *FILE*) _blipd_files '\.(json|jsonl|ndjson|csv)(\.gz|\.zst)?$' ;;
    esac
  fi
}

complete -F _blipd blipd
