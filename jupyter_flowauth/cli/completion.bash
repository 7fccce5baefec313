# The completion of `jupyter flowauth` and of `jupyter-flowauth`.

_jupyter_flowauth_completion() {
    # From the line itself: bash has split its words at the colons of scopes and addresses.
    local line=${COMP_LINE:0:COMP_POINT} shell_words current kind value
    read -ra shell_words <<<"$line"
    [[ $line == *[[:space:]] ]] && shell_words+=("")
    if [[ ${shell_words[0]##*/} == jupyter ]]; then
        shell_words=("${shell_words[@]:1}")
    fi
    current=${shell_words[${#shell_words[@]} - 1]}
    # What bash takes for the word ends at its last colon or equals sign: it wants what comes after that.
    local before=""
    [[ $COMP_WORDBREAKS == *:* && $current == *[:=]* ]] && before=${current%"${current##*[:=]}"}
    COMPREPLY=()
    while IFS=, read -r kind value; do
        case $kind in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            # Quoted, as bash itself does for files' names alone: what a provider calls somebody is no command.
            plain) printf -v value %q "${value#"$before"}" && COMPREPLY+=("$value") ;;
        esac
    done < <(COMP_WORDS="${shell_words[*]}" COMP_CWORD=$((${#shell_words[@]} - 1)) _JUPYTER_FLOWAUTH_COMPLETE=bash_complete jupyter-flowauth)
}

_jupyter_with_flowauth_completion() {
    if [[ ${COMP_WORDS[1]} == flowauth && $COMP_CWORD -gt 1 ]]; then
        _jupyter_flowauth_completion "$@"
        return
    fi
    COMPREPLY=()
    [[ -n $_jupyter_completion_before ]] && "$_jupyter_completion_before" "$@"
    [[ $COMP_CWORD == 1 && flowauth == "${COMP_WORDS[1]}"* ]] && COMPREPLY+=(flowauth)
    return 0
}

# What completed `jupyter` so far goes on doing so.
if [[ $(complete -p jupyter 2>/dev/null) =~ -F\ ([^ ]+) && ${BASH_REMATCH[1]} != _jupyter_with_flowauth_completion ]]; then
    _jupyter_completion_before=${BASH_REMATCH[1]}
fi
complete -o nosort -F _jupyter_flowauth_completion jupyter-flowauth
complete -o nosort -o bashdefault -o default -F _jupyter_with_flowauth_completion jupyter
