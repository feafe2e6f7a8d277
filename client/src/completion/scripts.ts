/*
 * What shells are given. All that they know is to hand over the words of the line and to show what `tdctl __complete` says of
 * the last.
 */

const BASH = String.raw`# Completion of tdctl for bash: source <(tdctl completion bash)
_tdctl() {
  local line=\${COMP_LINE:0:COMP_POINT} rest word before i words=() current whole kept candidates=()
  # Bash breaks words at ":" and "=" too; those that nothing parts in the line are one.
  rest=$line
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    before=\${rest%%[![:space:]]*}
    rest=\${rest#"$before"}
    ((i < COMP_CWORD)) || word=$rest
    rest=\${rest#"$word"}
    if [[ -z $before && $i -gt 0 ]]; then words[-1]+=$word; else words+=("$word"); fi
  done
  current=\${COMP_WORDS[COMP_CWORD]}
  [[ $current == [:=] ]] && current=
  whole=\${words[-1]}
  kept=\${whole%"$current"}
  COMPREPLY=()
  while IFS=$'\t' read -r word _; do
    case $word in
      :files) compopt -o filenames 2>/dev/null; while IFS= read -r i; do candidates+=("$i"); done < <(compgen -f -- "$current") ;;
      :open) compopt -o nospace 2>/dev/null ;;
      *) candidates+=("\${word#"$kept"}") ;;
    esac
  done < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
  COMPREPLY=("\${candidates[@]}")
}
complete -F _tdctl tdctl
`.replaceAll('\\$', '$');

const ZSH = String.raw`#compdef tdctl
# Completion of tdctl for zsh: source <(tdctl completion zsh), or as _tdctl in a directory of fpath
_tdctl() {
  local line word about files= open=
  local -a described
  while IFS= read -r line; do
    case $line in
      :files) files=1 ;;
      :open) open=1 ;;
      *)
        word=\${line%%$'\t'*} about=
        [[ $line == *$'\t'* ]] && about=\${line#*$'\t'}
        described+=("\${word//:/\\:}\${about:+:$about}")
        ;;
    esac
  done < <("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  (( $#described )) && _describe -t words tdctl described \${open:+-S ''}
  [[ -n $files ]] && _files
}
if [[ \${funcstack[1]} == _tdctl ]]; then _tdctl "$@"; else compdef _tdctl tdctl; fi
`.replaceAll('\\$', '$');

const FISH = `# Completion of tdctl for fish: tdctl completion fish | source
function __tdctl_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l program $words[1]
    set -e words[1]
    for line in ($program __complete $words "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path $current
            case :open
            case '*'
                echo $line
        end
    end
end
complete -c tdctl -f -a '(__tdctl_complete)'
`;

/** By the names of shells. */
export const SCRIPTS = { bash: BASH, zsh: ZSH, fish: FISH };
