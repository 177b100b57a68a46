# make demo    the whole way on the sample novel        make test    all tests
# make bench-model  the model that benchmarks use: an hour; goes on when run again
# make check   what a commit must pass: format, lint, types
# On Linux pip's default PyTorch is the CUDA build. To choose another:
#   make demo TORCH="torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu"

PYTHON ?= python3
TORCH ?= torch
BIN := .venv/bin

.PHONY: demo test coverage check format bench-model clean

demo: .venv/installed
	$(BIN)/xuxie demo

test: .venv/installed-dev
	$(BIN)/python -m pytest

coverage: .venv/installed-dev
	$(BIN)/python -m pytest --cov=xuxie --cov-report=term-missing:skip-covered

check: .venv/installed-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: .venv/installed-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-model: .venv/installed-dev
	$(BIN)/python benchmarks/model.py

# A stamp is made last, so an installation that was cut off is done again.
.venv/installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt $(TORCH)
	$(BIN)/pip install --quiet --constraint constraints.txt --editable .
	touch $@

.venv/installed-dev: .venv/installed
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv xuxie-demo
