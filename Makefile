.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ZAPIER := connectors/zapier
AJV := tests/connectors/ajv
NEW_NODE := $(filter true,$(shell node -p 'parseInt(process.versions.node) >= 20' 2>/dev/null))
STRIPE := var/tests/stripe.com.json
NODE_STAMPS := $(if $(and $(NEW_NODE),$(shell command -v npm)),\
  $(ZAPIER)/node_modules/.installed $(AJV)/node_modules/.installed $(STRIPE))
PROFILE ?= public
SECONDS ?= 20
SEED ?= $(shell date +%s)
NODE_LOCKS := $(shell find bench connectors tests -name node_modules -prune -o -name package-lock.json -print)

# Tests start hundreds of processes: none is to compile everything anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help run demo test corpus check drift lint types generate chaos fuzz bench vectors lock sbom advisories house clean zapier-package zapier-validate

help:  ## List these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

$(STAMP): requirements-dev.lock pyproject.toml
	@echo "Setting up .venv (once; takes about a minute) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

%/node_modules/.installed: %/package-lock.json
	@echo "Setting up the Node packages of $* (once) ..."
	@cd $* && npm ci --silent --no-audit --no-fund --ignore-scripts
	@touch $@

$(STRIPE): relay/providers/stripe/tests/official.py | $(STAMP)
	@echo "Fetching Stripe's description (once) ..."
	@cd tests && ../$(BIN)/python -m relay.providers.stripe.tests.official || echo "It could not be fetched."

run: $(STAMP)  ## Start a working relay here: database, Redis, web, workers. Ctrl-C stops it
	@$(BIN)/relay up

demo: $(STAMP)  ## The same with sources, a subscriber and sample events flowing
	@$(BIN)/relay up --demo --data-dir var/demo

test: $(STAMP) $(NODE_STAMPS)  ## Run all tests, or with ONLY=word those that have it in their name
	@$(BIN)/pytest $(if $(ONLY),-k $(ONLY) --ignore=tests/chaos --ignore=tests/journeys,-n auto)

corpus: $(STAMP) $(NODE_STAMPS)  ## The tests of what others published, in the directory that RELAY_CORPUS names
	@$(BIN)/pytest -m corpus

check: lint types drift test  ## Everything CI runs: lint, types, derived files, tests

drift: $(STAMP)  ## Whether the derived files are up to date
	@$(BIN)/relay generate --check

lint: $(STAMP)  ## Lint and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(STAMP)  ## Strict type check
	@$(BIN)/mypy

generate: $(STAMP)  ## Write the derived files
	@$(BIN)/relay generate

chaos: $(STAMP)  ## The long chaos suite: kills every part, on SQLite and on PostgreSQL
	@RELAY_CHAOS=long $(BIN)/pytest tests/chaos -m chaos

fuzz: $(STAMP)  ## Other bytes for every reader of foreign ones: SECONDS=20 for each, SEED=n for the same again
	@echo "SEED=$(SEED)"
	@RELAY_FUZZ_SECONDS=$(SECONDS) RELAY_FUZZ_SEED=$(SEED) $(BIN)/pytest tests/fuzz -n auto

bench: $(STAMP)  ## The side-by-side benchmark; writes bench/README.md
	@$(BIN)/python -m bench.run

zapier-validate: $(STAMP) $(ZAPIER)/node_modules/.installed  ## Zapier's own structural check of the app, and our linter
	@$(ZAPIER)/build.sh validate

zapier-package: $(STAMP) $(ZAPIER)/node_modules/.installed  ## The Zapier app as var/zapier/build.zip; PROFILE=private has all actions
	@$(ZAPIER)/build.sh package $(PROFILE)

vectors: $(STAMP)  ## Freeze signature vectors of a new provider: ONLY=name
	@cd tests && ../$(BIN)/python -m vectors $(ONLY)

lock: $(STAMP)  ## Pin the dependencies anew, with hashes
	@$(BIN)/uv pip compile -q pyproject.toml --generate-hashes --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url -o requirements.lock
	@$(BIN)/uv pip compile -q pyproject.toml --group dev --generate-hashes --universal --python-version 3.11 --no-header --no-annotate --no-emit-index-url -c requirements.lock -o requirements-dev.lock

sbom: $(STAMP)  ## What a release is made of, from the lock files: CycloneDX in var/sbom
	@$(BIN)/python -m release.sbom var/sbom

advisories: $(STAMP)  ## Ask the registries of Python and npm whether anything that is locked has a known hole
	@$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements.lock -r requirements-dev.lock
	@for lock in $(NODE_LOCKS); do echo "$$lock:"; (cd "$$(dirname "$$lock")" && npm audit --package-lock-only) || exit 1; done

house: $(STAMP)  ## Measure the source tree: folders, import arrows, circles, long functions, lines written twice
	@$(BIN)/python -m bench.house

clean:  ## Remove what was set up and what runs left behind
	@rm -rf $(VENV) var .pytest_cache .mypy_cache .ruff_cache bench/.cache
