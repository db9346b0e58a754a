# make reproduce and make test work in a fresh clone with only Python, pip and make installed.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILED := .venv/.compiled

.PHONY: help setup reproduce quick test stress test-browser check lint format bench clean

help:
	@echo "make setup         Create a virtual environment in .venv with all dependencies"
	@echo "make reproduce     Run the book's experiment: table and figures in runs/"
	@echo "make quick         Run the fast tests (under a minute on two cores)"
	@echo "make test          Run all tests but the stress tests"
	@echo "make stress        Run 200 kills and 100,000 damaged files (half an hour)"
	@echo "make test-browser  Test the report in Chromium (must be installed)"
	@echo "make check         Run formatter, linter, type checker and tests"
	@echo "make lint          Run make check without the tests"
	@echo "make format        Format the code"
	@echo "make bench         Measure the speed, as ratios measured side by side"
	@echo "make clean         Remove .venv and caches"

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml setup.py constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

reproduce: $(INSTALLED)
	$(BIN)/digitsum sweep configs/srn.yaml

quick: $(COMPILED)
	$(BIN)/pytest --numprocesses auto -m "not (slow or browser or cluster or stress)"

test: $(COMPILED)
	$(BIN)/pytest --numprocesses auto

stress: $(COMPILED)
	$(BIN)/pytest --numprocesses auto -m stress

test-browser: $(INSTALLED)
	DIGITSUM_BROWSER=required $(BIN)/pytest -m browser

$(COMPILED): $(INSTALLED) $(shell find src/digitsum_cli/fused -name '*.py') tests/compile_trainers.py
	$(BIN)/python -m tests.compile_trainers
	@touch $@

check: lint test

lint: $(INSTALLED)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: $(INSTALLED)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(INSTALLED)
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev,bench]'
	$(BIN)/python -m benchmarks

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist src/*.egg-info
