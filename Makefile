# make reproduce and make test work in a fresh clone with nothing but Python, pip and make.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

.PHONY: help setup reproduce test stress test-browser check lint format bench clean

help:
	@echo "make setup         a virtual environment in .venv with everything in it"
	@echo "make reproduce     the book's experiment: table and figures in runs/"
	@echo "make test          the whole test suite"
	@echo "make stress        kills and damaged files by the hundred and the hundred thousand (half an hour)"
	@echo "make test-browser  the report opened in Chromium, which has to be installed"
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
