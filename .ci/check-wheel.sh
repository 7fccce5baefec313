#!/usr/bin/env bash
# Installs the wheel named alone in an empty environment and asks whether everything in it is there and enabled.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh
wheel=$(realpath "$1")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

uv venv --quiet --python .venv/bin/python "$folder/venv"
uv_there() {
    uv pip install --quiet --python "$folder/venv/bin/python" --only-binary :all: --constraint .ci/requirements.txt "$@"
}
uv_there "$wheel"

# Nothing on the PATH but the environment itself: no Node, no compiler. Jupyter's folders are its own.
alone() {
    (cd "$folder" && env -i PATH="$folder/venv/bin" HOME="$folder" "$@")
}
says() {
    local wanted=$1 said
    shift
    said=$(alone "$@" 2>&1) || { echo "$said"; die "$* failed."; }
    said=$(sed 's/\x1b\[[0-9;]*m//g' <<<"$said")
    grep -Eq "$wanted" <<<"$said" || { echo "$said"; die "$* does not say: $wanted"; }
}
says 'jupyter_flowauth.*enabled' jupyter server extension list
says 'jupyter_flowauth.* OK' jupyter server extension list
says '@jupyter-flowauth/labextension.*enabled.* OK' jupyter labextension list
says '' python -c 'import importlib.resources as r; assert r.files("jupyter_flowauth").joinpath("py.typed").is_file()'
says '' python -c 'import importlib.resources as r; assert r.files("jupyter_flowauth.kernel").joinpath("static/view.js").is_file()'
says '' jupyter flowauth demo --check
uv pip check --quiet --python "$folder/venv/bin/python"

say "Installing what notebook users have beside it"
uv_there 'gladier==0.11.*' 'jupyterlab==4.6.*' 'notebook==7.*' "$wheel"
uv pip check --python "$folder/venv/bin/python"
