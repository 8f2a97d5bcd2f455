# Two commands for a newcomer: `make serve` and `make test`. Both make the environment
# themselves; all they need is a Python >= 3.11 (set PYTHON to choose one).

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SERVE_STAMP := $(VENV)/.installed-to-serve
STAMP := $(VENV)/.installed
BENCH_STAMP := $(VENV)/.installed-bench
SUITE_STAMP := $(VENV)/.installed-starlette-suite
DOCS_VENV := $(VENV)/docs
DOCS_STAMP := $(VENV)/.installed-docs
BROWSER_STAMP := $(VENV)/.installed-browser
FUZZ_STAMP := $(VENV)/.installed-fuzz
FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 600
WORKLOAD ?= get50
SERVING_EXTRAS := websocket,uvloop,reload,tcp,metrics,top

.PHONY: scaling rolls
.PHONY: help serve test lint types unit stock attacks bench load-client profile conformance fuzz
.PHONY: picture soak more-clients interop interop-runner proxies starlette-suite browser docs clean
.PHONY: dist release-check sbom

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

# To serve, a newcomer waits for the server's own dependencies only.
$(SERVE_STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "h3producer needs Python 3.11 or newer; set PYTHON=/path/to/it."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[websocket,tcp]'
	@touch $(SERVE_STAMP)

$(STAMP): $(SERVE_STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $(STAMP)

serve: $(SERVE_STAMP)  ## serve examples/hello.py on https://localhost:4433, by UDP and by TCP
	$(BIN)/h3producer --app-dir examples hello:app --host localhost --port 4433 --with-tcp

lint: $(STAMP)  ## ruff: style and order
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(STAMP)  ## mypy, strict
	$(BIN)/mypy

unit: $(STAMP)  ## the tests, with coverage
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered

stock: $(STAMP)  ## the tests again, without the fast path
	$(BIN)/python -m pytest --no-fast-path

test: lint types unit stock  ## everything that must pass

$(BENCH_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $(BENCH_STAMP)

attacks: $(STAMP)  ## attacks beside a client that behaves, into tests/bench/attacks.md (10 minutes)
	$(BIN)/python -m tests.bench.attacks --write

bench: $(BENCH_STAMP)  ## all benchmarks, into tests/bench/results.md and README.md (13 minutes)
	$(BIN)/python -m tests.bench --write

load-client: $(BENCH_STAMP)  ## the native load client, on Debian (as root: compiler and library)
	tests/bench/loadgen/install-debian.sh
	$(BIN)/python -m tests.bench.native_load

scaling: $(BENCH_STAMP)  ## what more workers bring and cost, into tests/bench/scaling.md (4 minutes)
	$(BIN)/python -m tests.bench.scaling --write
	$(BIN)/python -m tests.bench.worker_costs --write

rolls: $(BENCH_STAMP)  ## workers replaced under load by independent clients, into tests/bench/rolls.md
	$(BIN)/python -m tests.bench.rolls --rolls 10 --write

profile: $(BENCH_STAMP)  ## where the server's time goes under WORKLOAD (get50), into .profile
	$(BIN)/python -m tests.bench.profile $(WORKLOAD)

conformance: $(BENCH_STAMP)  ## our server and others case by case, into tests/conformance/results.md
	$(BIN)/python -m tests.conformance.compare --write

$(SUITE_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,starlette-suite]'
	@touch $(SUITE_STAMP)

starlette-suite: $(SUITE_STAMP)  ## Starlette's own tests, each of their requests over HTTP/3 (1 minute)
	$(BIN)/python -m tests.frameworks.starlette_suite

picture: $(STAMP)  ## the life of one response, into docs/*backpressure.svg
	$(BIN)/python -m tests.trace

$(BROWSER_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,browser]'
	@touch $(BROWSER_STAMP)

browser: $(BROWSER_STAMP)  ## examples/browser in the Chromium of the system, into docs/browser.png
	$(BIN)/python -m tests.interop.page

# An environment of its own: what MkDocs needs and what the clients of the tests need get into each
# other's way (there are two packages that install a urllib3).
$(DOCS_STAMP): $(SERVE_STAMP)
	$(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	@touch $(DOCS_STAMP)

docs: $(DOCS_STAMP)  ## the documentation, into build/docs; a link that leads nowhere fails
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --strict --quiet

# Without atheris, which not every platform has, the targets run all the same, only blind.
$(FUZZ_STAMP): $(STAMP)
	-$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,fuzz]'
	@touch $(FUZZ_STAMP)

fuzz: $(FUZZ_STAMP)  ## each fuzz target for FUZZ_SECONDS (60); findings stay in .fuzz
	$(BIN)/python -m tests.fuzz all --seconds $(FUZZ_SECONDS)

soak: $(STAMP)  ## all kinds of clients on a bad network for SOAK_SECONDS (600)
	$(BIN)/python -m tests.soak --seconds $(SOAK_SECONDS)

more-clients: $(STAMP)  ## the clients that pip does not bring, on Debian (as root)
	tests/interop/install-debian.sh $(VENV)/interop-npm

interop: $(STAMP)  ## every independent client in every case, into docs/interop.md (10 minutes)
	$(BIN)/python -m tests.interop --write

proxies: $(STAMP)  ## the recipes of proxies in every case, into docs/deploy/proxies.md (1 minute)
	$(BIN)/python -m tests.deploy --write

interop-runner: $(STAMP)  ## the quic-interop-runner's cases, into docs/interop-runner.md (10 minutes)
	$(BIN)/python -m tests.interop_runner --write

dist: $(STAMP)  ## sdist and wheel into dist/, as the index will take them
	rm -rf dist
	$(BIN)/pyproject-build --outdir dist .
	$(BIN)/twine check --strict dist/*

release-check: $(STAMP)  ## the wheel on each Python from 3.11 on that is here: install, serve (1 minute)
	$(BIN)/python -m tests.release

# Of an environment that has the wheel and its extras for serving, and nothing else: no pip.
sbom: dist  ## what is installed with the server, in dist/sbom.cdx.json (CycloneDX)
	$(PYTHON) -m venv --clear --without-pip build/sbom
	$(BIN)/python -m pip --python build/sbom/bin/python install --quiet --disable-pip-version-check \
		"$$(echo dist/*.whl)[$(SERVING_EXTRAS)]"
	$(BIN)/cyclonedx-py environment build/sbom/bin/python --pyproject pyproject.toml \
		--output-reproducible --output-format JSON --output-file dist/sbom.cdx.json

clean:  ## remove what the commands above made
	rm -rf $(VENV) .fuzz .profile .coverage .coverage.* .mypy_cache .ruff_cache .pytest_cache build dist *.egg-info
