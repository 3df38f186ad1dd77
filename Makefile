# Every target does its own set-up. PYTHON chooses the interpreter of a new environment (3.11 to 3.13).
PYTHON ?= python3
export PYTHON

BIN := .venv/bin
MYPY := $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml --cache-dir $(CURDIR)/.mypy_cache
SOURCES := waiaas sdk/src/waiaas_sdk $(wildcard plugins/*/src/*) $(wildcard bench) scripts/lock.py scripts/mutants.py
TESTS := $(wildcard tests sdk/tests plugins/*/tests)

.PHONY: setup clients anvil demo test lint format bench mutants lock

setup:
	@sh scripts/setup.sh

# The JavaScript clients that tests use as oracles; without npm their tests are skipped, loudly.
clients: setup
	@sh scripts/clients.sh

# The local EVM node, into .cache/; without npm the tests that need it are skipped, loudly.
anvil:
	@sh scripts/anvil.sh

# DEMO passes arguments: make demo DEMO='--chain evm' (after make anvil)
demo: setup
	@$(BIN)/waiaas demo $(DEMO)

# PYTEST passes further arguments: make test PYTEST='-k signer'
# One more than there are processors, and four at most: the daemons under test wait more than they compute.
test: setup clients anvil
	@$(BIN)/python -m pytest -n $$(n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 4 ? n + 1 : 4))) --dist loadgroup $(PYTEST) $(TESTS)

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(MYPY) $(SOURCES)
	@$(MYPY) --explicit-package-bases $(wildcard tests sdk/tests)
	@set -e; for folder in $(dir $(wildcard plugins/*/tests)); do \
	    (cd $$folder && $(MYPY) --explicit-package-bases tests); \
	done
	@$(BIN)/lint-imports

format: setup
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: setup anvil
	@$(BIN)/python -m bench

# MUTANTS chooses some: make mutants MUTANTS='waiaas.engine.rules.fees*'
mutants: setup
	@mkdir -p .cache
	@$(BIN)/mutmut run $(foreach one,$(MUTANTS),'$(one)') >.cache/mutants.log 2>&1 || { tail -c 2000 .cache/mutants.log; exit 1; }
	@tail -n 1 .cache/mutants.log
	@$(BIN)/python scripts/mutants.py $(foreach one,$(MUTANTS),'$(one)')

# Raise versions with: make lock LOCKFLAGS=--upgrade
lock: setup
	@$(BIN)/python scripts/lock.py $(LOCKFLAGS)
