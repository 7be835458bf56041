PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready

.DEFAULT_GOAL := help
.PHONY: help setup run demo quick test lint types check bench results soak soaklabel lock clean

help:  ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## */\1|/' | awk -F'|' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: $(READY)  ## install the locked packages into .venv

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Askwell needs Python 3.11.4 or newer, found " + sys.version.split()[0] if sys.version_info < (3, 11, 4) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(READY)

run: setup  ## the study in small: 5 strategies x 5 seeds on 5,000 digits, then the verdict
	$(BIN)/python train.py experiment=quickstart

demo: setup  ## the labelling page on digits; WATCH=1: a scripted person answers
	$(BIN)/askwell demo $(if $(WATCH),--watch)

quick: setup  ## the tests that are not slow, in about a minute and a half
	$(BIN)/pytest --numprocesses=auto --dist=worksteal -m "not slow"

test: setup  ## every test; those on real MNIST and Fruits-360 need ASKWELL_DATA=their folder
	$(BIN)/pytest --numprocesses=auto --dist=worksteal

lint: setup  ## ruff: rules and format
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: setup  ## mypy
	$(BIN)/mypy

check: lint types test  ## all that CI does

bench: setup  ## the figures of BENCHMARKS.md, on an idle machine with ASKWELL_DATA set; hours
	for question in scoring cheap_pass embedding head ssl "ssl --dataset fashion_mnist embedding.views.flip=true embedding.views.light=0.5" run sweep start strategies strategy_peers fruits growth report label person candidates statistics crossings batch_size "batch_size --dataset fruits --images 1024"; do \
		$(BIN)/python -m bench.$$question || exit 1; done

results: setup  ## every table and picture of the documents from the runs in results/; checks their sentences
	$(BIN)/python -m bench.evidence

soak: setup  ## kill one run at 30 random instants and compare its end with an undisturbed one
	OMP_NUM_THREADS=1 $(BIN)/python tests/soak.py

soaklabel: setup  ## kill a labelling page and its run at 200 random instants, then compare
	OMP_NUM_THREADS=1 $(BIN)/python tests/soak_label.py

lock: setup  ## pin the newest versions that pyproject.toml allows
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11.4 --generate-hashes --no-header --no-annotate --upgrade --quiet --output-file requirements.lock

clean:  ## remove the environment and all caches, keep every result
	rm -rf .venv .cache .mypy_cache .pytest_cache .ruff_cache .hypothesis
