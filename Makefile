# The first command typed on a fresh machine may be any of these: each installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Workers that run the tests side by side: a number, or as many as there are CPUs and memory for. A file of tests
# stays with one worker, as its fixtures do; in this order the files that take longest come first.
WORKERS ?= auto
SIDE_BY_SIDE := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
PYTEST := $(BIN)/python -m pytest $(SIDE_BY_SIDE)

.PHONY: help install demo test test-e2e fast lint coverage check docs release-check lowest gpu-check triton-environment triton-check litserve-environment format hooks clean
.DEFAULT_GOAL := help

help:
	@echo "make demo           train on generated garments, export, index, search, report (6 minutes on 2 cores with bfloat16, 15 without)"
	@echo "make test           run the test suite, without the longest proofs (8 minutes on 2 cores)"
	@echo "make test-e2e       the page's tests, in Chromium"
	@echo "make fast           the tests of the runtime that take no time (under a minute on 2 cores)"
	@echo "make check          what CI runs: lint, docs, coverage, release-check"
	@echo "make lint           format, lint and types; changes nothing"
	@echo "make coverage       the whole test suite, measured; fails below the floor in pyproject.toml"
	@echo "make docs           build the documentation into site/; warnings are errors"
	@echo "make release-check  build the wheel, install it alone, check a bundle and search with it"
	@echo "make lowest         the whole test suite with the lowest versions that pyproject.toml allows"
	@echo "make gpu-check      the tests that need a CUDA device; at the end, which runtimes ran and which were skipped"
	@echo "make triton-check   the tests on NVIDIA Triton's server, in an environment of its own (500 MB)"
	@echo "make install        create $(VENV) with everything the others need"
	@echo "make format         format and fix what can be fixed"
	@echo "make hooks          let git run format, lint and types before each commit"
	@echo "make clean          remove what these commands made"
	@echo "variables: PYTHON=python3.12 (which Python makes $(VENV)), WORKERS=1 (tests one at a time)"

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps 'tensorrt-stubs>=10.13'  # it would bring tensorrt itself
	@touch $@

install: $(VENV)/installed

demo: install
	$(BIN)/python -m fashionsdk_export.demo --out demo

test: install
	$(PYTEST) -m "not long and not e2e"

# Without PyTorch's rooms, and without what is marked slow.
fast: install
	$(PYTEST) -m "not slow and not long and not e2e" tests/sdk tests/test_layering.py tests/test_public_names.py

# The page in a browser: Debian's, from `apt-get install chromium`, or the one that FASHIONSDK_BROWSER names.
test-e2e: install
	$(BIN)/python -m pytest tests/e2e

lint: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy .ci/lowest.py .ci/release_check.py

coverage: install
	$(PYTEST) --cov --cov-report term:skip-covered

# One after the other also with `make --jobs`: they share the CPUs.
check: install
	$(MAKE) lint
	$(MAKE) docs
	$(MAKE) coverage
	$(MAKE) release-check

release-check: install
	$(BIN)/python .ci/release_check.py

.venv-lowest/installed: pyproject.toml .ci/lowest.py
	$(PYTHON) -m venv --clear .venv-lowest
	$(PYTHON) .ci/lowest.py > .venv-lowest/pins.txt
	.venv-lowest/bin/python -m pip install --quiet --upgrade pip
	.venv-lowest/bin/python -m pip install --requirement .venv-lowest/pins.txt --editable '.[dev]'
	@touch $@

lowest: .venv-lowest/installed
	.venv-lowest/bin/python -m pytest $(SIDE_BY_SIDE)

# Needs no network: the pages, their style and their scripts come from installed packages.
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# onnxruntime and onnxruntime-gpu install the same module, so this environment is apart from the other.
.venv-gpu/installed: pyproject.toml
	$(PYTHON) -m venv .venv-gpu
	.venv-gpu/bin/python -m pip install --editable '.[dev,tensorrt,tensorrt-rtx]'
	.venv-gpu/bin/python -m pip uninstall --quiet --yes onnxruntime
	.venv-gpu/bin/python -m pip install --editable '.[gpu]'
	@touch $@

gpu-check: .venv-gpu/installed
	FASHIONSDK_HAS_GPU=1 .venv-gpu/bin/python -m pytest -m gpu -rf

# The server in this wheel was built for NumPy 1, and carries its own libraries: an environment apart from the other.
.venv-triton/installed: pyproject.toml
	$(PYTHON) -m venv .venv-triton
	.venv-triton/bin/python -m pip install --quiet --upgrade pip
	.venv-triton/bin/python -m pip install --editable '.[cpu]' 'nvidia-pytriton==0.7.0' 'numpy<2'
	@touch $@

triton-environment: .venv-triton/installed

# LitServe brings another event loop for uvicorn, which would be taken by the service too. For `benchmarks service_load`.
.venv-litserve/installed: pyproject.toml
	$(PYTHON) -m venv .venv-litserve
	.venv-litserve/bin/python -m pip install --quiet --upgrade pip
	.venv-litserve/bin/python -m pip install --editable '.[cpu]' 'litserve>=0.2.19'
	@touch $@

litserve-environment: .venv-litserve/installed

triton-check: install triton-environment
	FASHIONSDK_HAS_TRITON=1 $(BIN)/python -m pytest tests/export/triton

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

hooks: install
	$(BIN)/pre-commit install

clean:
	rm -rf $(VENV) .venv-gpu .venv-lowest .venv-triton .venv-litserve demo build dist site .coverage
