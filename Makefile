# The first command typed on a fresh machine may be any of these: each installs what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Workers that run the tests side by side: a number, or as many as there are CPUs and memory for. A file of tests
# stays with one worker, as its fixtures do; in this order the files that take longest come first.
WORKERS ?= auto
PYTEST := $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: install demo test check gpu-check format clean
.DEFAULT_GOAL := help

help:
	@echo "make demo     train on generated garments, export, index, search, report (10 minutes on 2 cores)"
	@echo "make test     run the test suite (under 4 minutes on 2 cores)"
	@echo "make check    what CI runs: format, lint, types, tests"
	@echo "make gpu-check  the tests that need a CUDA device"
	@echo "make install  create $(VENV) with everything the others need"
	@echo "make format   format and fix what can be fixed"

$(VENV)/installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --progress-bar on --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --no-deps 'tensorrt-stubs>=10.13'  # it would bring tensorrt itself
	@touch $@

install: $(VENV)/installed

demo: install
	$(BIN)/python -m fashionsdk_export.demo --out demo

test: install
	$(PYTEST)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(PYTEST)

# onnxruntime and onnxruntime-gpu install the same module, so this environment is apart from the other.
.venv-gpu/installed: pyproject.toml
	$(PYTHON) -m venv .venv-gpu
	.venv-gpu/bin/python -m pip install --quiet --progress-bar on --editable '.[dev,tensorrt,tensorrt-rtx]'
	.venv-gpu/bin/python -m pip uninstall --quiet --yes onnxruntime
	.venv-gpu/bin/python -m pip install --quiet --progress-bar on --editable '.[gpu]'
	@touch $@

gpu-check: .venv-gpu/installed
	FASHIONSDK_HAS_GPU=1 .venv-gpu/bin/python -m pytest -m gpu

format: install
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) .venv-gpu demo build dist
