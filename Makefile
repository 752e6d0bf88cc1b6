# One command a line of help; everything is kept in .venv and .local of this folder.
PYTHON ?= python3
ARGS ?=
LOCAL := .venv/bin/python -m infra.local
# One process a core; the tests of one file follow one another.
SPREAD := --numprocesses=auto --maxprocesses=4 --dist=loadfile
INSTALLED = test -x .venv/bin/python || { echo 'error: nothing is installed here yet: `make up` does it' >&2; exit 1; }
.DEFAULT_GOAL := help
.PHONY: help up down status logs test drill boot-test bench clean
# `make` adds one line of its own to a message, not a line a folder.
MAKEFLAGS += --no-print-directory

help: ## show this list
	@awk -F ':.*## ' '/^[a-z%-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

up: ## bring everything up on this machine; returns when a prediction has answered
	@$(PYTHON) infra/local/install.py && $(LOCAL) up $(ARGS)

down: ## stop everything; data and models stay
	@$(INSTALLED); $(LOCAL) down $(ARGS)

status: ## show services, health, memory and URLs
	@$(INSTALLED); $(LOCAL) status $(ARGS)

logs: ## follow the logs of all services (ARGS=--no-follow prints their ends)
	@$(INSTALLED); $(LOCAL) logs $(ARGS)

pulumi-%: ## any pulumi command: make pulumi-preview, pulumi-stack-output, pulumi-destroy ARGS=--yes
	@test -f .local/env || { echo 'error: there is no local stack yet: `make up` makes it' >&2; exit 1; }; \
	. ./.local/env && pulumi $(subst -, ,$*) $(if $(filter preview up,$*),--policy-pack infra/policies/pack) $(ARGS)

test: ## run every check and test, stopping at the first that fails
	@$(PYTHON) infra/local/install.py --dev
	@set -e; run() { echo "» $$*"; "$$@"; }; PATH="$(CURDIR)/.venv/bin:$$PATH"; \
	run ruff check; \
	run ruff format --check; \
	run mypy; \
	run lint-imports; \
	run python -m pytest $(SPREAD) $(ARGS); \
	run python -m pytest $(SPREAD) -m e2e $(ARGS)

drill: ## drift, a bad challenger, a boom and wrong units on a stack of its own: docs/drill.md
	@$(PYTHON) infra/local/install.py && .venv/bin/python -m benchmarks.drill $(ARGS)

boot-test: ## boot the host of stack dev on this machine, as root, and write docs/boot-test.md
	@$(PYTHON) infra/local/install.py --dev && .venv/bin/python -m tests.boot

bench: ## measure this machine and write docs/benchmarks.md
	@$(PYTHON) infra/local/install.py && .venv/bin/python -m benchmarks $(ARGS)

clean: ## stop everything and remove all that was made here, data and models too
	@if [ -f .local/env ] && [ -x .venv/bin/python ]; then $(LOCAL) down >/dev/null; fi
	@rm -rf .local .venv .service data .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
