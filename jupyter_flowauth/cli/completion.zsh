#compdef jupyter-flowauth
# The completion of `jupyter flowauth` and of `jupyter-flowauth`.

_jupyter_flowauth_completion() {
    local -a response plain described shell_words
    local kind value words_about
    shell_words=("${(@)words[1,CURRENT]}")
    [[ ${shell_words[1]:t} == jupyter ]] && shift shell_words
    (( $+commands[jupyter-flowauth] )) || return 1
    response=("${(@f)$(COMP_WORDS="${shell_words[*]}" COMP_CWORD=$((${#shell_words} - 1)) _JUPYTER_FLOWAUTH_COMPLETE=zsh_complete jupyter-flowauth)}")
    for kind value words_about in ${response}; do
        case $kind in
            dir) _path_files -/ ;;
            file) _path_files -f ;;
            plain)
                if [[ $words_about == _ ]]; then
                    plain+=("$value")
                else
                    described+=("$value:$words_about")
                fi
                ;;
        esac
    done
    (( $#described )) && _describe -V unsorted described -U
    (( $#plain )) && compadd -U -V unsorted -a plain
    return 0
}

_jupyter_with_flowauth_completion() {
    if (( CURRENT > 2 )) && [[ ${words[2]} == flowauth ]]; then
        _jupyter_flowauth_completion
        return
    fi
    (( CURRENT == 2 )) && compadd flowauth
    if [[ -n $_jupyter_completion_before ]]; then
        $_jupyter_completion_before
    elif (( CURRENT > 2 )); then
        _files
    fi
}

# What completed `jupyter` so far goes on doing so.
if [[ -n ${_comps[jupyter]-} && ${_comps[jupyter]} != _jupyter_with_flowauth_completion ]]; then
    typeset -g _jupyter_completion_before=${_comps[jupyter]}
fi
compdef _jupyter_flowauth_completion jupyter-flowauth
compdef _jupyter_with_flowauth_completion jupyter
