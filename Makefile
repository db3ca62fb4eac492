# make run   sets up everything, builds the index and serves the site
# make test  sets up everything and passes the tests; make coverage says which lines they reach
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 8000
HOST ?= 127.0.0.1

# Images of Python often forbid it to keep compiled modules. Each of the commands and servers that tests start would then
# compile the program anew, and pytest the tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test coverage test-whoosh3 check lint types unit index serve benchmark relevance torture screenshots baseline clean browser audit \
	cluster cluster-test

run: $(VENV)/.installed
	$(BIN)/medsearch index build
	$(BIN)/medsearch serve --host $(HOST) --port $(PORT)

# Both workers would compile the loops at the same time: some two minutes instead of one, on a fresh checkout.
WARM = -c 'import indexer.engines.whoosh_engine._search'

test: $(VENV)/.installed-test browser
	@$(BIN)/python $(WARM)
	$(BIN)/python -m pytest -n 2 --dist loadgroup

# Nothing depends on the shares, and counting lines takes two thirds more of the processor's time.
coverage: $(VENV)/.installed-test browser
	@$(BIN)/python $(WARM)
	$(BIN)/python -m pytest -n 2 --dist loadgroup --cov --cov-report=term

check: lint types test

# The way out of an engine without a maintainer stays open: the same tests on the fork that has one.
test-whoosh3: $(VENV)/.installed-test
	test -x $(VENV)-whoosh3/bin/python || $(PYTHON) -m venv $(VENV)-whoosh3
	$(VENV)-whoosh3/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test]'
	$(VENV)-whoosh3/bin/python -m pip uninstall --quiet --yes whoosh
	$(VENV)-whoosh3/bin/python -m pip install --quiet --disable-pip-version-check --force-reinstall --no-deps whoosh3==3.54.0
	@$(VENV)-whoosh3/bin/python $(WARM)
	$(VENV)-whoosh3/bin/python -m pytest -n 2 tests/test_engine_whoosh.py tests/test_chunks.py tests/test_generation.py \
		tests/test_build.py

unit: $(VENV)/.installed-test
	@$(BIN)/python $(WARM)
	$(BIN)/python -m pytest -n 2 --dist loadgroup -m "not browser"

lint: $(VENV)/.installed-test
	$(BIN)/ruff format --check indexer search_app tests benchmarks scripts
	$(BIN)/ruff check indexer search_app tests benchmarks scripts
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.cluster.yaml

types: $(VENV)/.installed-test
	$(BIN)/mypy

index: $(VENV)/.installed
	$(BIN)/medsearch index build

serve: $(VENV)/.installed
	$(BIN)/medsearch serve --host $(HOST) --port $(PORT)

screenshots: $(VENV)/.installed-test browser index
	$(BIN)/python scripts/screenshots.py docs/screenshots

browser:
	@sh scripts/browser.sh

$(VENV)/.installed: setup.cfg pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "medsearch needs Python 3.11 or newer; name one: make run PYTHON=python3.12")'
	@echo "Installing what medsearch needs into $(VENV)/; a minute the first time…"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "Installing what its tests need…"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[test,lint]'
	touch $@

cluster: $(VENV)/.installed-test
	$(BIN)/python -m scripts.cluster

cluster-test: $(VENV)/.installed-test
	MEDSEARCH_CLUSTER_TESTS=1 MEDSEARCH_CONTRACT_SHARE=0.1 $(BIN)/python -m pytest -p no:cacheprovider tests/cluster

clean:
	rm -rf $(VENV) $(VENV)-whoosh3 $(VENV)-audit $(VENV)-schemathesis build *.egg-info .pytest_cache .mypy_cache .ruff_cache .coverage*

benchmark: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[benchmark]'
	$(BIN)/python -m benchmarks.speed
	$(BIN)/python -m benchmarks.speed.over_http

torture: $(VENV)/.installed-test
	test -x $(VENV)-schemathesis/bin/schemathesis || { $(PYTHON) -m venv $(VENV)-schemathesis && \
	  $(VENV)-schemathesis/bin/python -m pip install --quiet --disable-pip-version-check schemathesis==4.32.5; }
	PATH="$$PWD/$(VENV)-schemathesis/bin:$$PATH" $(BIN)/python -m benchmarks.torture

# Known vulnerabilities of what constraints.txt pins; asks pypi.org, and fails if that does not answer for each package.
audit:
	test -x $(VENV)-audit/bin/pip-audit || { $(PYTHON) -m venv $(VENV)-audit && \
	  $(VENV)-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit==2.10.1; }
	$(VENV)-audit/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner off -r constraints.txt

baseline: $(VENV)/.installed-test
	$(BIN)/python -m pytest tests/test_judgments.py --snapshot-update

relevance: $(VENV)/.installed-test
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[benchmark]'
	$(BIN)/python -m benchmarks.relevance --all
