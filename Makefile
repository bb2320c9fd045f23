# `make demo` and `make test` each do all of their own set-up on a machine that has
# Python 3.11, Node 20, git and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NODE_STAMP := tracker/node_modules/.installed

.PHONY: demo test format soak clean

demo: $(STAMP)
	$(BIN)/usertrack demo demo/

test: $(STAMP) $(NODE_STAMP)
	bash scripts/test.sh

format: $(STAMP) $(NODE_STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/python scripts/readme.py
	cd tracker && npx biome check --write src tests

$(STAMP): pyproject.toml
	bash scripts/venv.sh $(PYTHON) $(VENV)
	touch $@

$(NODE_STAMP): tracker/package-lock.json
	cd tracker && npm ci --no-audit --no-fund
	touch $@

# An hour at 500 batches a second, the tests that take minutes, and new examples for each property: make soak SOAK_MINUTES=5
SOAK_MINUTES ?= 60

soak: $(STAMP)
	$(BIN)/pytest -m soak --timeout 1800 tests
	HYPOTHESIS_PROFILE=explore $(BIN)/pytest --timeout 1800 $$(grep -rl '@given' tests)
	$(BIN)/python benchmarks/soak.py --minutes $(SOAK_MINUTES)

clean:
	rm -rf $(VENV) demo tracker/node_modules
