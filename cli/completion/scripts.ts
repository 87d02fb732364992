export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/**
 * The hidden command that the completion scripts call. Its arguments are the words of the command
 * line. The last word is incomplete.
 */
export const COMPLETE_COMMAND = "__complete";

/**
 * The script for Bash. Bash splits words at `:` and `=`, which job names contain, so the script
 * splits the line at spaces instead. It removes from each completion the part up to the last `:` or
 * `=`, because Bash keeps this part in the line.
 */
const BASH = `# Completion of joblib for bash: source <(joblib completion bash)
_joblib() {
  local line="\${COMP_LINE:0:COMP_POINT}" current="" candidate done
  local -a words
  read -r -a words <<< "$line"
  case "$line" in *[[:space:]]) words+=("") ;; esac
  current="\${words[\${#words[@]}-1]}"
  done="\${current%"\${current##*[:=]}"}"
  COMPREPLY=()
  while IFS=$'\\t' read -r candidate _; do
    case "$candidate" in "$current"*) COMPREPLY+=("\${candidate#"$done"}") ;; esac
  done < <("$1" ${COMPLETE_COMMAND} "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _joblib joblib
`;

const ZSH = `#compdef joblib
# Completion of joblib for zsh: source <(joblib completion zsh)
_joblib() {
  local line
  local -a values shown
  for line in "\${(@f)$("\${words[1]}" ${COMPLETE_COMMAND} "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    [[ -z "$line" ]] && continue
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  }")
  done
  if (( \${#values} )); then
    compadd -l -d shown -a values
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" == _joblib ]]; then _joblib "$@"; else compdef _joblib joblib; fi
`;

const FISH = `# Completion of joblib for fish: joblib completion fish | source
function __joblib_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l found ($words[1] ${COMPLETE_COMMAND} $words[2..-1] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c joblib -f -a '(__joblib_complete)'
`;

export const SCRIPTS: Readonly<Record<Shell, string>> = { bash: BASH, zsh: ZSH, fish: FISH };
