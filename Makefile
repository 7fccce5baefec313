# Every target sets up what it needs, each step once (.ci/setup.sh), and says what it is doing. `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-python test-js test-pythons test-lowest test-wheel torture lint fix bench docs build lock clean
SHELL := bash
PYTEST_ARGS ?=

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/make \1|\2/p' $(MAKEFILE_LIST) | column -t -s '|'

setup: ## set up .venv with everything that development needs
	@bash .ci/setup.sh dev

demo: ## start JupyterLab with the sandbox provider and the demo notebook
	@bash .ci/setup.sh demo
	@echo "==> Starting the demo (stop it with Ctrl-C)"
	@.venv/bin/jupyter flowauth demo $(DEMO_ARGS)

test: setup ## run every test: the view, the wheel, the lowest versions, other Pythons, then all of tests/
	@bash .ci/test.sh js wheel lowest pythons python

test-python: setup ## run tests/ alone; PYTEST_ARGS="-k login" chooses among them
	@bash .ci/test.sh python

test-js: setup ## run the labextension's tests alone
	@bash .ci/test.sh js

test-pythons: setup ## run the unit tests on the lowest and the highest Python on this machine
	@bash .ci/test.sh pythons

test-lowest: setup ## run the unit tests with the lowest versions that the metadata allows
	@bash .ci/test.sh lowest

test-wheel: setup ## build the wheel, install it alone in an empty environment, and start the demo from it
	@bash .ci/test.sh wheel

torture: setup ## kill 500 processes at random moments of storing and refreshing; TORTURE_SEED repeats a run
	@.venv/bin/python -m pytest -q -s -m torture tests/torture

lint: setup ## run ruff, mypy, codespell, eslint, prettier and the house's measures, and build the docs
	@bash .ci/lint.sh ruff mypy codespell js house docs

fix: setup ## mend what ruff, eslint and prettier can mend
	@.venv/bin/ruff check --fix --quiet . || true
	@. .ci/lib.sh && cd labextension && npm run --silent lint

bench: setup ## measure against the peers, side by side, and print a table
	@.venv/bin/python -m benchmarks

docs: setup ## build the manual into docs/_build/html, with warnings as errors
	@bash .ci/lint.sh docs

build: setup ## build the sdist and the wheel into dist/
	@bash .ci/build.sh

lock: setup ## pin the newest versions of everything in .ci/requirements.txt
	@bash .ci/lock.sh

clean: ## remove everything that the targets made, .venv too
	rm -rf .venv .venv-* build dist docs/_build htmlcov .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
	rm -rf labextension/node_modules labextension/lib labextension/coverage labextension/*.tsbuildinfo
	rm -rf jupyter_flowauth/labextension jupyter_flowauth/kernel/static
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
