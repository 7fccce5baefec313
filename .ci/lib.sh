# What the scripts here share; sourced from the top of the checkout, never run.

# The machine's own commands: without our environments, one of which may be active.
outside=$(tr ':' '\n' <<<"$PATH" | grep -vF "$PWD/.venv" | paste -sd: -)
export PATH="$PWD/.venv/bin:$outside"
# uv and Node carry certificates of their own; a machine behind a proxy that signs its own is set up in the system's.
export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1 NODE_OPTIONS="${NODE_OPTIONS:---use-system-ca}"
export PIP_DISABLE_PIP_VERSION_CHECK=1

say() {
    printf '==> %s\n' "$*"
}

die() {
    printf '==> Stopped: %s\n' "$*" >&2
    exit 1
}

# Run a command and show what it printed only if it failed.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 </dev/null || status=$?
    [ "$status" = 0 ] || cat "$log" >&2
    rm -f "$log"
    return "$status"
}

uv_install() {
    uv pip install --python .venv/bin/python "$@"
}

hash_of() {
    cat "$@" | cksum | tr ' ' '-'
}

labextension_hash() {
    # What the Python side says is translated in the labextension, which is built anew where a sentence has changed.
    python3 labextension/scripts/collect_sentences.py 2>/dev/null || true
    find labextension -type f -not -path '*/node_modules/*' -not -path 'labextension/lib/*' -not -path 'labextension/coverage/*' \
        -not -name '*.tsbuildinfo' -print0 | LC_ALL=C sort -z | xargs -0 cksum | cksum | tr ' ' '-'
}

is_done() {
    [ "$(cat ".venv/stamps/$1" 2>/dev/null)" = "$2" ]
}

mark_done() {
    printf '%s\n' "$2" >".venv/stamps/$1"
}

is_root_on_debian() {
    [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ] && command -v apt-get >/dev/null
}

is_usable_python() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1
}

# Mirrors have bad moments, and another apt may be at work.
apt_install() {
    quietly apt-get -o Acquire::Retries=3 update &&
        quietly env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# Every Python 3.11 to 3.13 on this machine, "3.12 /path/to/python" a line, lowest first, one for each minor version.
list_pythons() {
    local candidate path pyenv
    # Where pyenv keeps its Pythons, most of which are not on the PATH.
    pyenv=$(type -P pyenv || true)
    pyenv=${PYENV_ROOT:-${pyenv:+$(dirname "$(dirname "$pyenv")")}}
    for candidate in python3.11 python3.12 python3.13 python3 python "${pyenv:-$HOME/.pyenv}"/versions/*/bin/python; do
        path=$(PATH=$outside type -P "$candidate") || continue
        is_usable_python "$path" || continue
        "$path" -c 'import sys; print("%d.%d" % sys.version_info[:2], sys.executable)'
    done | sort -t. -k1,1n -k2,2n -s | awk '!seen[$1]++'
}

# The Python to make .venv with: PYTHON if it is set, else python3 if it will do, else the lowest there is.
find_python() {
    local python
    if [ -n "${PYTHON:-}" ]; then
        is_usable_python "$PYTHON" || die "PYTHON=$PYTHON is not a Python 3.11 to 3.13 with its venv module; name another one."
        echo "$PYTHON"
        return
    fi
    if python=$(PATH=$outside type -P python3) && is_usable_python "$python"; then
        echo "$python"
        return
    fi
    python=$(list_pythons | head -n 1 | cut -d' ' -f2-)
    if [ -z "$python" ] && is_root_on_debian && python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "Installing Python's venv module with apt-get" >&2
        apt_install python3-venv && python=$(PATH=$outside type -P python3)
    fi
    [ -n "$python" ] || die "No Python 3.11, 3.12 or 3.13 with its venv module was found; install one, or name it in PYTHON=/path/to/python, and try again."
    echo "$python"
}

find_chromium() {
    local name
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
        [ -n "$name" ] && type -P "$name" && return
    done
    return 0
}
