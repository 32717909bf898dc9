# make demo   the main job on the shipped data: ingest, train, predict, report
# make test   lint, types, layers, docs and tests
# make bench  what docs/benchmarks.md is made from (some hours)
# Each makes what it needs first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test lint bench docs clean

demo: $(STAMP)
	$(BIN)/fingerprint demo --out demo

test: $(STAMP) browser lint
	$(BIN)/python -m pytest

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/mkdocs build --strict --quiet --site-dir $(VENV)/site

bench: $(STAMP)
	$(BIN)/python benchmarks/run_all.py

docs: $(STAMP)
	$(BIN)/python docs/make_cli.py
	$(BIN)/python docs/make_laws_reference.py
	$(BIN)/python docs/make_benchmarks.py

# A virtual environment with the pinned versions; made again when they change.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

# The report is tested in a real browser. On a CI machine (as root) one is installed; elsewhere the one that is there is used.
.PHONY: browser
browser:
ifeq ($(CI)-$(shell id -u),true-0)
	command -v chromium >/dev/null && command -v chromedriver >/dev/null || \
	{ apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; }
endif

clean:
	rm -rf $(VENV) demo demo-* dist build .pytest_cache .ruff_cache .import_linter_cache
