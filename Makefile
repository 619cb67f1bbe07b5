# run: the app (needs runtime packages only)   test: everything   lint: style and types   bench: timings
# Each makes .venv and installs what is missing; PYTHON picks the interpreter that .venv is made from.
PYTHON ?= python3
BIN := .venv/bin
PYTEST_ARGS ?=
PYTEST_WORKERS ?= 2

.PHONY: run test bench lint screenshots clean

run: .venv/runtime.stamp
	$(BIN)/streamlit run app.py

test: .venv/dev.stamp
	$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

lint: .venv/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: .venv/dev.stamp
	@for script in benchmarks/*.py; do echo "== $$script"; PYTHONPATH=. $(BIN)/python $$script || exit 1; done

screenshots: .venv/dev.stamp
	PYTHONPATH=. $(BIN)/python scripts/screenshots.py

# A plain torch for Linux brings CUDA; PIP_ARGS can name an index of CPU builds (pip's --extra-index-url)
PIP_ARGS ?=

.venv/bin/python:
	$(PYTHON) -m venv .venv

.venv/runtime.stamp: requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements.txt
	touch $@

.venv/dev.stamp: requirements-dev.txt requirements.txt | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_ARGS) -r requirements-dev.txt
	touch $@ .venv/runtime.stamp

clean:
	rm -rf .pytest_cache .ruff_cache .mypy_cache
