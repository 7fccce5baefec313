#!/usr/bin/env bash
# Runs a command with the real SecretService: a session bus and an unlocked gnome-keyring of its own, in a home of its own.
#   secret_service.sh check            exit 0 if it can be had here (as root on Debian it is installed first)
#   secret_service.sh COMMAND ...      run a command with it
set -euo pipefail

has_it() {
    command -v gnome-keyring-daemon >/dev/null && command -v dbus-run-session >/dev/null
}

if ! has_it && [ "$(id -u)" = 0 ] && [ -f /etc/debian_version ]; then
    (apt-get -o Acquire::Retries=3 update && DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=3 \
        -o DPkg::Lock::Timeout=120 install -y --no-install-recommends gnome-keyring dbus) >/dev/null 2>&1 || true
fi
has_it || {
    echo "gnome-keyring and dbus are missing: apt-get install gnome-keyring dbus" >&2
    exit 1
}
[ "$1" != check ] || exit 0

HOME=$(mktemp -d)
export HOME XDG_RUNTIME_DIR="$HOME/run" XDG_DATA_HOME="$HOME/data" XDG_CONFIG_HOME="$HOME/config"
mkdir -m 700 "$XDG_RUNTIME_DIR"
trap 'rm -rf "$HOME"' EXIT
# The daemon says that it runs before its keyring is unlocked: on a busy machine the command would come in between.
# shellcheck disable=SC2016 - the inner shell expands it
dbus-run-session -- bash -c '
    printf "\n" | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1 || exit 1
    for _ in $(seq 600); do
        dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets/collection/login \
            org.freedesktop.DBus.Properties.Get string:org.freedesktop.Secret.Collection string:Locked 2>/dev/null |
            grep -q "boolean false" && exec "$@"
        sleep 0.1
    done
    echo "the keyring was not unlocked in 60 seconds" >&2
    exit 1
' _ "$@"
