# Targets for people: `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := help
.PHONY: help demo install test test-long coverage lint docs clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

demo: $(VENV)/installed ## install into .venv and run the demonstration
	@$(BIN)/splitbrain demo
	@echo "go on with $(BIN)/splitbrain, or with splitbrain after '. $(BIN)/activate'" >&2

install: $(VENV)/installed ## install splitbrain into .venv

test: $(VENV)/installed-dev ## run the tests (half an hour on two cores)
	@$(BIN)/pytest -q -n auto -m "not long"

test-long: $(VENV)/installed-dev ## run the long differential tests and soaks too (an hour)
	@$(BIN)/pytest -q -n auto --timeout 3600

coverage: $(VENV)/installed-dev ## run the tests and say which lines they reach (COVERAGE=tests/workloads for some)
	@$(BIN)/coverage erase && $(BIN)/coverage run -m pytest -q -m "not long" $(COVERAGE) && $(BIN)/coverage report

lint: $(VENV)/installed-dev ## style, types, import rule
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/python .ci/import_rules.py

docs: $(VENV)/installed-dev ## build the documentation into build/site; a broken link is an error
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

clean: ## remove what make made
	@rm -rf $(VENV) build dist src/*.egg-info

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null || { echo "splitbrain needs Python 3.11 or newer, and '$(PYTHON)' was not found: install it, or name one with 'make PYTHON=python3.12 …'." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "splitbrain needs Python 3.11 or newer, but '$(PYTHON)' is $$($(PYTHON) -c 'import platform; print(platform.python_version())'): name a newer one with 'make PYTHON=python3.12 …'." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "splitbrain needs Python's venv module, which '$(PYTHON)' lacks: on Debian or Ubuntu, 'sudo apt install python3-venv', then run make again." >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing splitbrain into $(VENV) (once)" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check -e . && touch $@

$(VENV)/installed-dev: pyproject.toml | $(VENV)/bin/python
	@echo "installing splitbrain and what its tests need into $(VENV) (once)" >&2
	@$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]' && touch $@ $(VENV)/installed
