# Every target builds what it needs first; `make` alone lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV ?= uv
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-fast test-detectors test-recordings test-integration test-ops check coverage docs site deploy-files pictures calibration bench bench-detectors lock format clean

help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.run: requirements/run.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if (3, 11) <= v[:2] <= (3, 13) else f"Python 3.11 to 3.13 is needed, {v[0]}.{v[1]} found; name another one: make PYTHON=python3.12 …")'
	@test -x $(BIN)/python || { echo "making $(VENV) with $$($(PYTHON) --version)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing what a worker needs (requirements/run.txt, by hash)"
	@$(PIP) install --require-hashes --no-deps -r requirements/run.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@echo "installing what the tests need (requirements/dev.txt, by hash)"
	@$(PIP) install --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

$(VENV)/.bench: requirements/bench.txt $(VENV)/.dev
	@echo "installing the peers to measure against (requirements/bench.txt, by hash)"
	@$(PIP) install --require-hashes --no-deps -r requirements/bench.txt
	@touch $@

setup: $(VENV)/.run ## make .venv with the console script `ioc`

demo: $(VENV)/.run ## run the main job: real Kafka, a worker, a simulated province, incidents on screen (ARGS=--keep serves on, ARGS=--observability pages)
	@$(BIN)/ioc demo $(ARGS)

test: test-fast test-detectors test-recordings test-integration ## all tests: unit, property and contract first, then real Kafka

test-fast: $(VENV)/.dev check ## the tests that need no broker, in under a minute
	@$(BIN)/python -m pytest -q -n 2 --dist loadgroup --ignore=tests/integration --ignore=tests/bench --ignore=tests/ops \
		--ignore=tests/recordings --ignore=tests/detectors --ignore=tests/calibration $(ARGS)

test-detectors: $(VENV)/.dev ## false alarms, delays, skill and edges of every detector on generated series, in about a minute
	@$(BIN)/python -m pytest -q -n 2 tests/detectors tests/calibration $(ARGS)

test-recordings: $(VENV)/.dev ## the labels of real recordings, where those are at hand (RECORDINGS_DIR=DIR)
	@$(BIN)/python -m pytest -q tests/recordings $(ARGS)

test-integration: $(VENV)/.dev ## the tests on real Kafka, through the Faust worker
	@$(BIN)/python -m pytest -q tests/integration $(ARGS)

test-ops: $(VENV)/.dev ## the tests with the real tools of operations (.ci/run says what they need from Debian)
	@$(BIN)/python -m pytest -q tests/ops $(ARGS)

check: $(VENV)/.dev ## format, lint, types, import contract, generated files
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/ioc schemas --check deploy
	@$(BIN)/python -m deploy.sources --check

coverage: $(VENV)/.dev ## branch coverage of detectors/ by tests/detectors and doctests, in about two minutes; fails below 100 %
	@mkdir -p build
	@$(BIN)/python -m coverage run --branch --source=detectors --data-file=build/coverage \
		-m pytest -q tests/detectors detectors $(ARGS)
	@$(BIN)/python -m coverage report --data-file=build/coverage --show-missing --skip-covered --fail-under=100

docs: $(VENV)/.dev ## make docs/detectors.md and its pictures from the detectors
	@$(BIN)/python -m tests.pages.detectors

site: $(VENV)/.dev ## build the documentation as a site, into build/site; fails on a dead link
	@$(BIN)/python -m mkdocs build --strict --quiet

deploy-files: $(VENV)/.dev ## make rules, dashboards and manifests under deploy/ from deploy/sources (ARGS="--site FILE --to DIR": with your addresses)
	@$(BIN)/python -m deploy.sources $(ARGS)

pictures: $(VENV)/.dev ## draw docs/pictures/dashboards anew, from a replayed province (what make test-ops draws is in build/dashboards)
	@$(BIN)/python -m pytest -q tests/ops/test_dashboards.py $(ARGS)
	@cp build/dashboards/*.png docs/pictures/dashboards/

calibration: $(VENV)/.dev ## measure observed against nominal false alarms (ARGS="--only NAME"); writes docs/calibration.md
	@$(BIN)/python -m tests.calibration $(ARGS)

bench: $(VENV)/.bench ## our worker against stock Faust, confluent-kafka and Quix Streams, in one run; writes build/bench.json
	@$(BIN)/python -m tests.bench $(ARGS)

bench-detectors: $(VENV)/.bench ## the speed of every detector against river and PySAD, in one run; writes build/bench-detectors.json
	@$(BIN)/python -m tests.bench.detectors $(ARGS)

format: $(VENV)/.dev ## format the code and mend what ruff can mend
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: ## lock requirements/*.in with hashes (needs uv)
	@for f in worker build run dev bench; do $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header requirements/$$f.in -o requirements/$$f.txt; done

clean: ## remove what was built
	rm -rf $(VENV) build .mypy_cache .ruff_cache .pytest_cache .hypothesis
