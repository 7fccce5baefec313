#!/usr/bin/env bash
# Runs the named parts of the tests: js, wheel, lowest, pythons, python. `make test` sets up first and names them all.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh

test_js() {
    say "Running the labextension's tests"
    (cd labextension && quietly npm run --silent test) || die "The labextension's tests failed: see above, and cd labextension && npm test."
}

# The tests of the domain need no browser and no server: they run on every Python and on the lowest versions.
unit_tests() {
    PATH="$PWD/$1/bin:$PATH" "$1/bin/python" -m pytest -q -p no:cacheprovider -m "not browser and not torture" tests/test_*.py </dev/null ||
        die "The unit tests failed in $1: see above, and run $1/bin/python -m pytest tests/test_*.py."
}

# fill_environment FOLDER PYTHON INSTALL-ARGUMENTS...: make a virtual environment once for each state of pyproject.toml.
fill_environment() {
    local folder=$1 python=$2 inputs
    shift 2
    inputs="$(hash_of pyproject.toml .ci/requirements.txt .ci/test.sh) $python"
    if ! [ -x "$folder/bin/python" ] || [ "$(cat "$folder/made-of" 2>/dev/null)" != "$inputs" ]; then
        quietly uv venv --clear --quiet --python "$python" "$folder" || die "A virtual environment with $python could not be made."
        # Editable, so that it is never older than the checkout; setup.sh has built the labextension.
        SKIP_JUPYTER_BUILDER=1 quietly uv pip install --python "$folder/bin/python" "$@" --editable '.[test,integrations]' ||
            die "The dependencies could not be installed in $folder; see above."
        printf '%s\n' "$inputs" >"$folder/made-of"
    fi
}

test_lowest() {
    local python
    python=$(list_pythons | head -n 1 | cut -d' ' -f2-)
    say "Running the unit tests with the lowest versions that the metadata allows, on $("$python" --version)"
    fill_environment .venv-lowest "$python" --resolution lowest-direct
    unit_tests .venv-lowest
}

test_pythons() {
    local minor python
    list_pythons | sed -n '1p;$p' | sort -u | while read -r minor python; do
        # .venv's own Python runs all of tests/ anyway.
        [ "$minor" != "$(.venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])')" ] || continue
        say "Running the unit tests on Python $minor"
        fill_environment ".venv-py$minor" "$python" --constraint .ci/requirements.txt
        unit_tests ".venv-py$minor"
    done
}

test_wheel() {
    bash .ci/build.sh
    say "Installing the wheel alone in an empty environment, with no Node and no compiler, and starting it"
    quietly bash .ci/check-wheel.sh dist/*.whl || die "The wheel does not stand on its own: see above."
}

test_python() {
    CHROMIUM=$(find_chromium)
    export CHROMIUM
    local failed="Tests failed: see above. One alone: make test-python PYTEST_ARGS='-k NAME'."
    say "Running tests/ on $(.venv/bin/python --version)"
    if [ -n "${PYTEST_ARGS:-}" ]; then
        # shellcheck disable=SC2086 - several arguments on purpose
        .venv/bin/python -m pytest -q $PYTEST_ARGS || die "$failed"
        return
    fi
    # In two processes, a file at a time: a browser and its server, and a Hub that starts, leave a third of two cores idle.
    .venv/bin/python -m pytest -q -n 2 --dist loadfile --ignore tests/browser --ignore tests/hub || die "$failed"
    say "Running tests/browser and tests/hub in Chromium, on JupyterLab, on Notebook 7 and on a JupyterHub"
    .venv/bin/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder tests/hub tests/browser || die "$failed"
}

for part in "$@"; do
    "test_$part"
done
