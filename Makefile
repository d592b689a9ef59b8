# Everything runs in an environment of its own, .venv, which is made when it is needed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
TESTS ?= tests
WORKERS ?= 2
KILLS ?= 1000
EXAMPLES ?= 250
PEERS := .bench-peers
S3_CLIENTS := .s3-clients
RUNS ?= 3
MINUTES ?= 10
CLIENTS ?= 64
FAULTS ?=

# Tests and benchmarks start many processes, and each would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test crash model check format bench bench-peers bench-growth load clean

help:
	@echo "make demo    run the quick start: data in, a model out, and where it came from"
	@echo "make test    check and test everything"
	@echo "make crash   kill writers, collectors, purges and servers KILLS=... times (1000), and look for what was lost"
	@echo "make model   let chance drive repos against a plain model, EXAMPLES=... times (250)"
	@echo "make check   format, lint, types and layers"
	@echo "make bench   measure against peers; ROWS='name ...' picks rows, RUNS=... how often (3)"
	@echo "make bench-peers   prepare the peers that come from PyPI; name those that do not"
	@echo "make bench-growth  measure how it grows, up to ten million files (10 minutes)"
	@echo "make load    let 64 clients work for ten minutes; FAULTS=1 kills everything under them, MINUTES=..., CLIENTS=..."
	@echo "make clean   remove the environment and what the demo made"

$(READY): pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[all,testing]' --group dev
	@touch $(READY)

demo: $(READY)
	$(BIN)/python examples/quickstart/demo.py

check: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Clients of the S3 gateway that want another botocore or DuckDB than the rest.
$(S3_CLIENTS)/.ready: Makefile
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet 's3fs>=2025.10' 'duckdb==1.5.5' 'duckdb-extension-httpfs==1.5.5'
	@touch $@

test: check $(S3_CLIENTS)/.ready
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup $(TESTS)

crash: $(READY)
	KILLS=$(KILLS) $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup tests/crash

model: $(READY)
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup \
		tests/property/test_store_life.py tests/property/test_graph.py tests/property/test_branch_history.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)
	$(BIN)/python -m benchmarks --runs $(RUNS) $(ROWS)

# Each has an environment of its own, since their requirements exclude each other.
$(PEERS)/dvc/.ready: PACKAGES := dvc dvc-s3
$(PEERS)/oxen/.ready: PACKAGES := oxenai
$(PEERS)/%/.ready:
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet $(PACKAGES)
	@touch $@

bench-peers: $(READY) $(PEERS)/dvc/.ready $(PEERS)/oxen/.ready
	$(BIN)/python -m benchmarks --peers

bench-growth: $(READY)
	$(BIN)/python -m benchmarks.growth

load: $(READY)
	$(BIN)/python -m benchmarks.load --minutes $(MINUTES) --clients $(CLIENTS) $(if $(FAULTS),--faults)

clean:
	rm -rf $(VENV) $(PEERS) $(S3_CLIENTS) .demo
