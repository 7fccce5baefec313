# The completion of `jupyter flowauth` and of `jupyter-flowauth`.

function _jupyter_flowauth_completion
    set -l shell_words (commandline -opc)
    set -l current (commandline -ct)
    if test (path basename $shell_words[1]) = jupyter
        set -e shell_words[1]
    end
    for line in (env COMP_WORDS="$shell_words $current" COMP_CWORD="$current" _JUPYTER_FLOWAUTH_COMPLETE=fish_complete jupyter-flowauth)
        set -l answer (string split -m 1 , -- $line)
        switch $answer[1]
            case dir
                __fish_complete_directories $current
            case file
                __fish_complete_path $current
            case plain
                echo $answer[2]
        end
    end
end

complete --command jupyter-flowauth --no-files --arguments '(_jupyter_flowauth_completion)'
complete --command jupyter --condition 'test (count (commandline -opc)) -eq 1' --arguments flowauth --description 'Logins for notebooks'
complete --command jupyter --condition '__fish_seen_subcommand_from flowauth' --no-files --arguments '(_jupyter_flowauth_completion)'
