#!/usr/bin/env bash
# Pins everything that pyproject.toml asks for, for every Python and system, without a word on where it was downloaded from.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh
uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --upgrade --quiet \
    --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file .ci/requirements.txt
say "Wrote .ci/requirements.txt; run make test and commit it"
