#!/usr/bin/env bash
# Runs the named checks, all of them even if one fails: ruff, mypy, codespell, js, house, docs. The pre-commit hooks run the same.
set -euo pipefail
cd "$(dirname "$0")/.."
. .ci/lib.sh

check_ruff() { .venv/bin/ruff check --quiet .; }
check_mypy() { .venv/bin/mypy; }
check_codespell() { .venv/bin/codespell; }
check_js() { (cd labextension && quietly npm run --silent lint:check); }

# The house's measures stand beside the checkouts where they are kept; elsewhere there is nothing to run.
check_house() {
    [ ! -f ../shared/tools/house.py ] || python3 ../shared/tools/house.py . --strict
}

check_docs() {
    [ ! -f docs/conf.py ] || quietly .venv/bin/python -m sphinx --fail-on-warning --keep-going --builder html docs docs/_build/html
}

failed=()
for check in "$@"; do
    say "Checking: $check"
    "check_$check" || failed+=("$check")
done
[ ${#failed[@]} = 0 ] || die "Mend what is named above (${failed[*]}); make fix mends some of it."
