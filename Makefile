# make reproduce and make test work in a fresh clone with only Python, pip and make installed.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help setup reproduce test stress test-browser check lint format bench clean

help:
	@echo "make setup         Create a virtual environment in .venv with all dependencies"
	@echo "make reproduce     Run the book's experiment: table and figures in runs/"
	@echo "make test          Run the whole test suite"
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

test: $(INSTALLED)
	$(BIN)/pytest --numprocesses auto

stress: $(INSTALLED)
	DIGITSUM_STRESS=1 $(BIN)/pytest --numprocesses auto tests/test_killed_sweep.py tests/test_fuzz.py

test-browser: $(INSTALLED)
	DIGITSUM_BROWSER=required $(BIN)/pytest tests/test_report_in_browser.py

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
