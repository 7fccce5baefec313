#!/usr/bin/env bash
# Builds the sdist, and from it the wheel, into dist/. The labextension in them is the one that .ci/setup.sh has built.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh
say "Building the sdist, and the wheel from it, into dist/"
rm -rf dist
quietly .venv/bin/python -m build --no-isolation --outdir dist . || die "The package did not build: mend what is named above."
