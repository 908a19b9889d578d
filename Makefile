# One interpreter, one virtual environment, no system packages: `make PYTHON=python3.12 test`.
PYTHON ?= python3
BIN := .venv/bin

.DEFAULT_GOAL := help
.PHONY: help run lepton soliton forecasting test test-numeric validate chaos lint layers types docs check bench clean

help: ## this list
	@awk -F ':.*## ' '/^[-.a-z]+:.*## / {printf "  %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv: .venv/.stamp ## the virtual environment, with the pinned versions
.PHONY: .venv

.venv/.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install -q -c constraints.txt -e '.[dev]'
	@touch $@

run: .venv ## start or resume the built-in campaign lepton-localisation
	$(BIN)/daybreak run lepton-localisation

lepton: .venv ## every lepton campaign, and docs/case-studies/leptons.md from them
	$(BIN)/python docs/case-studies/leptons.py

soliton: .venv ## every soliton campaign, and docs/case-studies/soliton.md from them
	$(BIN)/python docs/case-studies/soliton.py

forecasting: .venv ## the forecasting campaigns, and docs/case-studies/forecasting.md (half an hour)
	$(BIN)/python docs/case-studies/forecasting.py

# What JAX compiles once in any test, or in any program that a test starts, is kept for all.
test test-numeric validate: export JAX_COMPILATION_CACHE_DIR := $(CURDIR)/build/jax
test test-numeric validate: export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS := 0
PYTEST := $(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -rs --durations=40
test: .venv ## tests and validation, warnings as errors (twenty minutes)
	$(PYTEST)

NUMERIC := tests/methods tests/problem tests/preflight tests/diagnosis validation
test-numeric: .venv ## tests of numbers, with another processor's arithmetic (three minutes)
	core="$$($(BIN)/python -m tests.other_core)" && env $$core $(PYTEST) $(NUMERIC)

validate: .venv ## whole campaigns against published numbers (half an hour)
	$(PYTEST) validation/long

chaos: .venv ## kill 1,700 nights and take away their disk, clock and server (10 minutes)
	$(BIN)/python -m validation.chaos

lint: .venv ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

layers: .venv ## import-linter: who may import whom
	$(BIN)/lint-imports --no-logo

types: .venv ## basedpyright, strict, on src
	$(BIN)/basedpyright

docs: .venv ## the site in build/site, every warning an error
	$(BIN)/sphinx-build -W -n -E -q -b html docs build/site

check: ## everything that needs no run
	@$(MAKE) --no-print-directory -j2 --output-sync=target lint layers types docs

bench: .venv ## how long things take, beside other tools
	$(BIN)/pip install -q -c constraints.txt -e '.[dev,peers]'
	$(BIN)/python benchmarks/run.py

clean: ## remove the environment and caches; runs/ stays
	rm -rf .venv build dist .hypothesis .pytest_cache .ruff_cache .import_linter_cache
	find src tests validation benchmarks examples -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
