# The project's commands. `make demo` and `make test` work on a fresh machine with Python 3.11+ and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.set-up
# Each has an embedded engine of its own; one more than cores, since some wait for programs and browsers.
WORKERS ?= 3

.PHONY: setup demo up test check format rules-test browser-test bench lock secrets clean

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
		|| { echo "milepost needs Python 3.11 to 3.13; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.11 $(MAKECMDGOALS)" >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)

demo: setup
	$(BIN)/milepost up --demo

up: setup
	$(BIN)/milepost up

test: setup
	$(BIN)/pytest -n $(WORKERS) --dist loadfile

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/milepost rules check
	$(BIN)/milepost rules test
	$(BIN)/milepost sources check
	$(BIN)/milepost contracts check

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# The peer is measured where there is a build of it for this machine.
bench: setup
	-$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r bench/peers.lock
	$(BIN)/python -m bench

# What docker-compose.yml reads from secrets/; what is there already stays.
secrets:
	@sh deploy/compose/make_secrets.sh

# Pins every dependency with its hashes, for all supported Pythons; needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --extra dev --no-header --no-annotate \
		pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -c requirements.lock \
		pyproject.toml -o deploy/requirements.lock
	echo hatchling | uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		-c requirements.lock - -o deploy/build.lock
	echo rotel==0.0.1a15 | uv pip compile --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
		- -o bench/peers.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
