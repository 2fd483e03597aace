# Every chore has one target here; CI runs these and nothing else.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo install install-dev test lint check bench example clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) 'torch==2.13.0'
	$(PIP) --editable '.[torch]' --group dev
	@touch $@ $(VENV)/.installed

install: $(VENV)/.installed  ## the default install, in .venv
install-dev: $(VENV)/.installed-dev  ## the install with every extra and the test tools

demo: install  ## analyse the example export and print the ranking
	$(BIN)/voc analyze examples/feedback.csv --out voc-report

lint: install-dev  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy voc

test: install-dev lint  ## every check
	$(BIN)/python -m pytest

bench: install-dev  ## speed, memory and accuracy beside the peers (minutes)
	$(BIN)/python -m bench

example: install  ## make the example export anew
	$(BIN)/python examples/make_feedback.py

clean:  ## remove what was built
	rm -rf $(VENV) build dist voc-report .pytest_cache .mypy_cache .ruff_cache .hypothesis
