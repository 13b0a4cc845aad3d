# `make mock` and `make test` do all the set-up on a fresh machine that has Python >= 3.11 and make.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: mock test test-versions check bench clean

mock: $(VENV)/.set-up
	@$(BIN)/troth mock

# a file of tests stays in one process: some files build upon what their first tests made
test: $(VENV)/.set-up-dev
	$(BIN)/python -m pytest -n 2 --dist loadfile

# the lowest and the newest versions of what troth depends on, with each Python that is installed;
# VERSIONS='--python python3.12 --versions lowest' chooses
test-versions:
	$(PYTHON) tests/versions.py $(VERSIONS)

check: $(VENV)/.set-up-dev
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/vulture
	$(BIN)/python -m pytest -q tests/test_layers.py

bench: $(VENV)/.set-up-dev
	$(BIN)/python benchmarks/mock.py
	$(BIN)/python benchmarks/paced.py
	$(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/size.py
	$(BIN)/python benchmarks/validate.py
	$(BIN)/python benchmarks/generate.py

# What users need; made anew when the project's metadata or the pinned versions change.
$(VENV)/.set-up: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "troth needs Python 3.11 or newer; say which one to take: make PYTHON=python3.12")'
	@echo "troth is set up in $(VENV), this once: a Python of its own …"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@echo "… and the packages that it stands on, which takes a minute or so …"
	@$(PIP) install --constraint constraints.txt --editable .
	@echo "… done."
	@touch $@

# What the tests and checks need besides.
$(VENV)/.set-up-dev: $(VENV)/.set-up
	@echo "What tests and checks need besides is installed …"
	@$(PIP) install --constraint constraints.txt --group dev
	@touch $@

clean:
	rm -rf $(VENV) .venvs build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
