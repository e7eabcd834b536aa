# make demo · make test · make test-long · make conformance · make matrix · make services · make load · make bench · make lint
# Needs cargo, Python 3.11 or newer and Node 20 or newer; everything else is installed below this folder.

PYTHON ?= python3
BIN := .venv/bin
SERVICES := $(PYTHON) tests/services/services.py
RUST := $(shell find core/src bindings-*/src -name '*.rs') Cargo.toml Cargo.lock $(wildcard */Cargo.toml)

.PHONY: demo test test-long conformance matrix services load bench lint clean
.DELETE_ON_ERROR:

demo: .venv/built tests/interop/node_modules/.built
	$(BIN)/python tests/interop/demo.py $(if $(ONCE),--once)

test: lint
	cargo test --quiet
	$(SERVICES) run -- sh -c '$(BIN)/pytest --quiet && npm test --silent --prefix bindings-node'

# What a change is called done by: 10,000 random documents where `make test` has 1,000.
test-long: export LONG = 1
test-long: test conformance matrix

# Flask's and itsdangerous' own test suites, from their source distributions, on our classes.
conformance: .venv/built
	$(BIN)/python tests/conformance/run.py

# The drop-ins on the oldest and the newest version of each peer: tests/matrix/table.toml. ROWS="flask starlette" for some.
matrix: .venv/built bindings-node/node_modules/.built
	$(SERVICES) run -- $(BIN)/python tests/matrix/run.py $(ROWS)

# Redis and PostgreSQL until Ctrl-C, for tests that are run one by one. INSTALL=1 installs them first.
services:
	$(SERVICES)

# How much of 1,000 keys is left when 20 clients add them at once, on our stores and on others'.
load: .venv/built bindings-node/node_modules/.built
	$(SERVICES) run -- $(BIN)/python tests/load/load.py

bench: .venv/built bindings-node/node_modules/.built
	$(BIN)/python bindings-python/bench/flask_front.py
	npm run bench --silent --prefix bindings-node

lint: .venv/built bindings-node/node_modules/.built tests/interop/node_modules/.built
	cargo fmt --all --check
	cargo clippy --quiet --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --quiet --no-deps --package shortcrust
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" pyright --verifytypes shortcrust --ignoreexternal
	npm run lint --silent --prefix bindings-node

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/locked: requirements-dev.txt .venv/bin/python
	$(BIN)/python -m pip install --quiet --requirement requirements-dev.txt
	touch $@

.venv/built: .venv/locked pyproject.toml $(RUST) $(shell find bindings-python/python -name '*.py*' -not -path '*__pycache__*')
	$(BIN)/python -m pip install --quiet --no-deps --force-reinstall .
	touch $@

# `npm ci` runs the package's own build.
bindings-node/node_modules/.built: bindings-node/package-lock.json $(RUST) $(wildcard bindings-node/lib/*.ts)
	npm ci --silent --no-fund --no-audit --prefix bindings-node
	touch $@

tests/interop/node_modules/.built: tests/interop/package-lock.json bindings-node/node_modules/.built
	npm ci --silent --no-fund --no-audit --prefix tests/interop
	touch $@

clean:
	rm -rf target .venv bindings-node/node_modules bindings-node/dist bindings-node/*.node tests/interop/node_modules
