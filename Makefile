# Everything a person does with the checkout. `make` alone lists the targets.
# Needs Python 3.11 or newer, git and the package registries; whatever else is used is installed into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
SAM_VENV := .venv-sam
CHECKOV_VENV := .venv-checkov
# The interpreter that makes the environments: the first of these that is 3.11 or newer and has venv.
PYTHONS := $(if $(PYTHON),$(PYTHON),python3 python3.13 python3.12 python3.11 python)

# `make up PORT=4567` and `PORT=4567 make up` are the same.
AT_PORT = $(if $(PORT),--port $(PORT))
# Certificates come from the machine, so that a company's own authority is trusted by uv as it is by pip.
export UV_SYSTEM_CERTS = true
export UV_NO_PROGRESS = true
export PIP_DISABLE_PIP_VERSION_CHECK = 1

# What mypy, ruff and the linters look at: every folder of ours that exists.
SOURCES := $(wildcard layers/tidegate/tidegate functions cli local tests bench)
# More than there are cores: the scenarios mostly wait for simulated deployments.
WORKERS ?= 4

# $(call make-venv,FOLDER): a virtual environment at FOLDER with the pinned uv in it, or pip where uv has no build.
define make-venv
	if ! $(1)/bin/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	  for candidate in $(PYTHONS); do \
	    if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      echo "Creating $(1) with $$("$$candidate" --version)"; \
	      "$$candidate" -m venv --clear $(1); \
	      break; \
	    fi; \
	  done; \
	  test -x $(1)/bin/python || { echo "Tidegate needs Python 3.11 or newer with venv (Debian: python3-venv); none was found." >&2; exit 1; }; \
	fi; \
	if ! $(1)/bin/uv --version >/dev/null 2>&1; then \
	  $(1)/bin/python -m pip --version >/dev/null 2>&1 || $(1)/bin/python -m ensurepip >/dev/null; \
	  $(1)/bin/python -m pip install --quiet "$$(grep -om1 '^uv==[0-9.]*' requirements.lock)" \
	    || echo "uv is not available here; pip installs instead."; \
	fi
endef

# $(call install,FOLDER,LOCK): exactly what the lock file names, each file checked against its hash.
define install
	echo "Installing $(2) into $(1)"; \
	if $(1)/bin/uv --version >/dev/null 2>&1; then \
	  $(1)/bin/uv pip install --quiet --python $(1)/bin/python --require-hashes -r $(2); \
	else \
	  $(1)/bin/python -m pip install --quiet --require-hashes -r $(2); \
	fi
endef

.PHONY: help
help: ## List the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: requirements.lock
	@$(call make-venv,$(VENV))
	@$(call install,$(VENV),requirements.lock)
	@touch $@

$(SAM_VENV)/.installed: requirements-sam.lock
	@$(call make-venv,$(SAM_VENV))
	@$(call install,$(SAM_VENV),requirements-sam.lock)
	@touch $@

$(CHECKOV_VENV)/.installed: requirements-checkov.lock
	@$(call make-venv,$(CHECKOV_VENV))
	@$(call install,$(CHECKOV_VENV),requirements-checkov.lock)
	@touch $@

node_modules/.installed: package-lock.json package.json
	@command -v npm >/dev/null || { echo "asl-validator needs Node.js with npm; neither is here." >&2; exit 1; }
	@npm ci --silent
	@touch $@

$(VENV)/bin/tidegate: $(VENV)/.installed
	@ln -sf ../../bin/tidegate $@

.PHONY: venv cli sam-cli
venv: $(VENV)/.installed $(VENV)/bin/tidegate ## Install what the checkout needs into .venv
cli: $(VENV)/bin/tidegate ## Put the command tidegate into .venv/bin
sam-cli: $(SAM_VENV)/.installed ## Install the SAM CLI into .venv-sam

.PHONY: demo up down
demo: $(VENV)/.installed ## A good release, a crashing one and a failing one, start to end on this machine
	@$(PY) -m local.demo $(AT_PORT)

up: $(VENV)/.installed $(VENV)/bin/tidegate ## Start the local cloud on 127.0.0.1:4566 (PORT= for another) and deploy into it
	@$(PY) -m local up $(AT_PORT)

down: $(VENV)/.installed ## Stop the local cloud
	@$(PY) -m local down $(AT_PORT)

THOROUGH := tests/use_cases tests/faults tests/schedules tests/unit/web tests/adapters

.PHONY: test scenarios test-unit
test: $(VENV)/.installed $(VENV)/bin/tidegate ## Every test that needs no browser and no AWS account, and the main scenarios
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m "not browser and not e2e and not thorough" $(ARGS)

scenarios: $(VENV)/.installed ## The scenarios beside the main ones: every way in which things go wrong
	@$(PY) -m pytest -n $(WORKERS) --dist loadgroup -m thorough $(THOROUGH) $(ARGS)

.PHONY: schedules
schedules: $(VENV)/.installed ## Random schedules of events, kills and people; EXAMPLES=1000 SEED=1
	@PYTHONHASHSEED=0 PYTHONPATH=.:layers/tidegate $(PY) -m tests.schedules --examples $(or $(EXAMPLES),1000) --seed $(or $(SEED),1)

test-unit: $(VENV)/.installed ## Only the fast ones
	@$(PY) -m pytest tests/unit tests/statemachines $(ARGS)

.PHONY: lint style types imports asl template format
lint: $(VENV)/.installed style imports asl template ## Style, imports, state machines, template

style: $(VENV)/.installed ## ruff: its rules and its format
	@$(VENV)/bin/ruff check $(SOURCES)
	@$(VENV)/bin/ruff format --check $(SOURCES)

format: $(VENV)/.installed ## Format the Python
	@$(VENV)/bin/ruff check --fix-only --quiet $(SOURCES)
	@$(VENV)/bin/ruff format $(SOURCES)

imports: $(VENV)/.installed ## Who may import whom
	@PYTHONPATH=.:layers/tidegate $(VENV)/bin/lint-imports --no-logo

asl: $(VENV)/.installed node_modules/.installed ## Amazon States Language, each file with two linters
	@$(PY) -m tests.statemachines.linters

template: $(VENV)/.installed ## CloudFormation, with cfn-lint
	@$(VENV)/bin/cfn-lint template.yaml $(wildcard infrastructure/*.yaml infrastructure/*/*.yaml)

# `make faults CASE='rolling/Read deployment/*'`, `make faults TENTH=3/10`, `make faults ARGS=--alone`.
.PHONY: faults
faults: $(VENV)/.installed $(VENV)/bin/tidegate ## Every fault at every task of every machine; CASE='rolling/*' or TENTH=3/10 for some
	@PYTHONPATH=.:layers/tidegate $(PY) -m tests.faults $(if $(CASE),--case "$(CASE)") $(if $(TENTH),--tenth $(TENTH)) $(ARGS)

.PHONY: e2e
e2e: $(VENV)/.installed ## The suite for a real AWS account; never run, see tests/e2e/README.md
	@$(PY) -m tests.e2e.cost
	@$(PY) -m pytest tests/e2e -m e2e -s -o addopts="--import-mode=importlib -ra --tb=short"

.PHONY: security bandit checkov permissions
security: bandit checkov ## bandit over the product's Python, checkov over the translated template

bandit: $(VENV)/.installed
	@$(VENV)/bin/bandit --quiet --recursive --severity-level low layers/tidegate/tidegate functions $(wildcard cli)

checkov: $(VENV)/.installed $(CHECKOV_VENV)/.installed
	@$(PY) -m tests.security.checkov $(CHECKOV_VENV)/bin/checkov

permissions: $(VENV)/.installed ## What the recorded scenarios asked for, against what the template allows
	@$(PY) -m tests.support.permissions $(ARGS)

types: $(VENV)/.installed ## mypy, strict
	@$(VENV)/bin/mypy $(SOURCES)

.PHONY: bench ci lock lock-check arm64 clean
bench: $(VENV)/.installed ## Every benchmark; each prints a table and writes JSON below build/bench
	@for benchmark in $(sort $(wildcard bench/*.py)); do $(PY) "$$benchmark"; done

ci: ## Exactly what CI runs
	@.ci/run

# $(call compile,FOLDER): the three Python lock files, written below FOLDER; what is pinned there already stays.
define compile
	compile() { $(VENV)/bin/uv pip compile --quiet --no-header --generate-hashes "$$@" >/dev/null; }; \
	compile --universal --python-version 3.11 --group layer --group local --group cli --group dev --group bench -o $(1)/requirements.lock; \
	compile --universal --python-version 3.11 --group sam -o $(1)/requirements-sam.lock; \
	compile --universal --python-version 3.11 --group checkov -o $(1)/requirements-checkov.lock; \
	compile --python-platform aarch64-manylinux2014 --python-version 3.13 --no-annotate --group layer \
	  --constraints $(1)/requirements.lock -o $(1)/layers/tidegate/requirements.txt
endef
LOCKS := requirements.lock requirements-sam.lock requirements-checkov.lock layers/tidegate/requirements.txt

lock: $(VENV)/.installed ## Write the lock files from pyproject.toml and package.json
	@$(call compile,.)
	@if command -v npm >/dev/null; then npm install --package-lock-only --silent; fi

# Versions are compared, not hashes: a project may add a wheel for another platform to an old release.
lock-check: $(VENV)/.installed ## Fail when a lock file is not what pyproject.toml asks for
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	cp --parents $(LOCKS) "$$scratch"; \
	$(call compile,"$$scratch"); \
	for lock in $(LOCKS); do \
	  diff <(grep -E '^[a-z0-9].*==' "$$lock") <(grep -E '^[a-z0-9].*==' "$$scratch/$$lock") \
	    || { echo "$$lock has drifted; run make lock" >&2; exit 1; }; \
	done
	@echo "$(words $(LOCKS)) lock files agree with pyproject.toml"

# Wheels alone, for the architecture that Lambda runs by default: a source package could not be built for it here.
arm64: $(VENV)/.installed ## Fail when a package of the layer has no wheel for arm64
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	$(VENV)/bin/uv pip install --quiet --target "$$scratch" --require-hashes --only-binary :all: \
	  --python-platform aarch64-manylinux2014 --python-version 3.13 -r layers/tidegate/requirements.txt; \
	echo "$$(ls -d "$$scratch"/*.dist-info | wc -l) wheels of the layer exist for arm64"

clean: ## Remove everything that is made, except the environments
	@rm -rf build .aws-sam .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -not -path './.venv*' -not -path './node_modules/*' -prune -exec rm -rf {} +
