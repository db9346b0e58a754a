# make reproduce and make test work in a fresh clone with nothing but Python, pip and make.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
COMPILED := .venv/.compiled

.PHONY: help setup reproduce quick test stress test-browser check lint format bench clean

help:
	@echo "make setup         a virtual environment in .venv with everything in it"
	@echo "make reproduce     the book's experiment: table and figures in runs/"
	@echo "make quick         the fast tests: under a minute on two cores"
	@echo "make test          all tests but the stress tests"
	@echo "make stress        kills by the hundred and damaged files by the thousand (half an hour)"
	@echo "make test-browser  the tests that open the report in Chromium, which must be installed"
	@echo "make check         formatter, linter, type checker, tests"
	@echo "make lint          the same without the tests"
	@echo "make format        format the code"
	@echo "make bench         the figures of speed, as ratios measured side by side"
	@echo "make clean         remove .venv and caches"

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
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
