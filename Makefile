# Two commands do all the set-up: `make init` and `make run` (and `make test` for all tests). Everything lives in .venv/.
PYTHON ?= $(shell for p in python3.13 python3.14 python3.12 python3.11 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
CORES := $(shell nproc 2>/dev/null || sysctl -n hw.ncpu 2>/dev/null || echo 2)
# Three for each core, since tests wait for most of their time; at most eight, since each has a PostgreSQL of its own.
WORKERS ?= $(shell n=$$(( $(CORES) * 3 )); echo $$(( n < 8 ? n : 8 )))

# Frontends for other platforms: each a package of its own, with locks of its own beside it.
FRONTENDS := $(patsubst %/pyproject.toml,%,$(wildcard frontends/*/pyproject.toml))
FRONTEND_LOCKS := $(wildcard frontends/*/requirements*.lock)

.PHONY: init run frontend test test-again check lint types contracts soak explore bench golden architecture commands api docs lock clean image-steps package
.DEFAULT_GOAL := run

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "aivax-bots needs Python 3.11 or newer with venv (Debian: apt-get install python3-venv)." >&2; exit 1; }
	@$(PYTHON) -m venv .venv

# The runtime: what `make run` needs, and no more. All of it is pinned with hashes, what builds the package included;
# the package itself is then built from the checkout with nothing fetched.
.venv/.run: requirements.lock requirements-build.lock pyproject.toml | .venv/bin/python
	@echo "Setting up .venv (once; about a minute) ..." >&2
	@$(PIP) install --require-hashes -r requirements.lock >&2
	@$(PIP) install --require-hashes -r requirements-build.lock >&2
	@$(PIP) install --no-index --no-build-isolation --no-deps -e . >&2
	@touch $@

# The tools of a developer on top of it, and all frontends.
.venv/.dev: requirements-dev.lock $(FRONTEND_LOCKS) $(FRONTENDS:%=%/pyproject.toml) .venv/.run
	@echo "Adding the test tools to .venv (once; about a minute) ..." >&2
	@$(PIP) install --require-hashes -r requirements-dev.lock >&2
	@for lock in $(FRONTEND_LOCKS); do $(PIP) install --require-hashes -r $$lock >&2 || exit 1; done
	@for package in $(FRONTENDS); do $(PIP) install --no-index --no-build-isolation --no-deps -e ./$$package >&2 || exit 1; done
	@touch $@

# The homeserver that the Matrix frontend is tested against: a server of its own, in an environment of its own.
.venv/.synapse: frontends/matrix/synapse.lock | .venv/bin/python
	@echo "Setting up Synapse in .venv/synapse for the tests of Matrix (once; half a minute, 240 MB) ..." >&2
	@test -x .venv/synapse/bin/python || $(PYTHON) -m venv .venv/synapse
	@.venv/synapse/bin/python -m pip --disable-pip-version-check --quiet install --only-binary :all: --require-hashes -r $< >&2
	@touch $@

# One more platform for `make run`: `make frontend NAME=telegram`.
frontend: .venv/.run
	@test -f "frontends/$(NAME)/requirements.lock" || { echo "make frontend NAME=...: one of $(notdir $(FRONTENDS))" >&2; exit 1; }
	@$(PIP) install --require-hashes -r frontends/$(NAME)/requirements.lock >&2
	@$(PIP) install --no-index --no-build-isolation --no-deps -e ./frontends/$(NAME) >&2

# Asks, tries each answer, and writes config.toml; `make init ANSWERS=answers.toml` asks nothing.
init: .venv/.run
	@exec $(BIN)/aivax-bots init $(if $(ANSWERS),--answers $(ANSWERS))

run: .venv/.run
	@if [ -f config.toml ] || [ -n "$$AIVAX_BOTS_CONFIG" ]; then exec $(BIN)/aivax-bots run; else exec $(BIN)/aivax-bots chat --sandbox; fi

# The compiled tests are kept: to compile them, asserts rewritten, takes each worker longer than to import them.
test: .venv/.dev .venv/.synapse
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not soak"

# Those tests that failed in the last run, one after the other.
test-again: .venv/.dev .venv/.synapse
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q --last-failed --last-failed-no-failures none -m "not soak"

check: lint types contracts test

lint: .venv/.dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

# Each frontend is checked by its own pyproject.toml, as it would be in a repository of its own.
types: .venv/.dev
	@$(BIN)/mypy
	@for package in $(FRONTENDS); do $(BIN)/mypy --config-file $$package/pyproject.toml || exit 1; done

contracts: .venv/.dev
	@$(BIN)/lint-imports
	@for package in $(FRONTENDS); do $(BIN)/lint-imports --config $$package/pyproject.toml || exit 1; done

soak: .venv/.dev .venv/.synapse
	@$(BIN)/python -m pytest -q -m soak -s

# Property tests with examples that no run has had: those of `make test` are the same each time.
explore: .venv/.dev
	@HYPOTHESIS_PROFILE=explore PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal -m "not soak" $$(grep -lE '^@given' tests/test_*.py)

# Measures against what a user would pick instead, and writes docs/performance.md. The default set takes less than ten
# minutes; `make bench ROWS="turns core"` picks rows, `ROWS=all` adds those of several processes and of the console.
bench: .venv/.dev
	@$(BIN)/python -m benchmarks $(ROWS)

# Shows where an answer or a message becomes something else than tests/corpus says.
golden: .venv/.dev
	@$(BIN)/python -m tests.corpus $(ONLY)

# Draws the pictures of docs/architecture.md from the code.
architecture: .venv/bin/python
	@$(BIN)/python docs/draw_architecture.py

# Builds the documentation's site, without any network: build/site/index.html.
docs: .venv/.dev
	@$(BIN)/python docs/build_site.py

# Writes the reference of commands in docs/cli.md anew.
commands: .venv/.run
	@$(BIN)/python docs/commands_page.py

# Writes the list of public names and signatures anew, after a change of `aivax_bots` that was meant.
api: .venv/.run
	@$(BIN)/python docs/public_api_page.py

# Runs the steps of the Dockerfile without an engine, and the result as its user on a read-only tree. As root.
image-steps:
	@python3 deploy/image_steps.py

# The wheel and the source distribution, in dist/; nothing is fetched.
package: .venv/.dev
	@$(BIN)/python -m hatchling build -t wheel -t sdist -d dist

# Pins anew. Needs `uv` (pip install uv); hashes, no addresses.
COMPILE := uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links
# What runs: all but `testing`, whose packages are among the developers'.
EXTRAS := $(addprefix --extra ,console httpx2 otel postgres procrastinate socks tools)
lock:
	$(COMPILE) $(EXTRAS) pyproject.toml -o requirements.lock
	$(COMPILE) --all-extras --group dev pyproject.toml -c requirements.lock -o requirements-dev.lock
	$(COMPILE) --group pyproject.toml:build -c requirements-dev.lock -o requirements-build.lock
	for package in $(FRONTENDS); do \
		$(COMPILE) --no-emit-package aivax-bots $$package/pyproject.toml -c requirements-dev.lock -o $$package/requirements.lock || exit 1; done
	echo matrix-synapse | $(COMPILE) - -o frontends/matrix/synapse.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis dist build
