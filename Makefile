# Prudent by Construction: everything starts here. `make help` lists what there is.
SHELL := /bin/sh
.SHELLFLAGS := -ec
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# the first Python found that fits; `make book PYTHON=/path/to/python3.12` chooses another
FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(FITS)' >/dev/null 2>&1 && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv

ifneq ($(filter chapter,$(MAKECMDGOALS)),)
ifndef NAME
$(error make chapter needs a name: make chapter NAME=mean_variance)
endif
endif

# the same behaviour whoever runs it: no home needed, UTF-8, one thread a process, the user's own settings left out
export HOME := $(or $(HOME),$(CURDIR)/.run/home)
export PYTHONPATH := $(CURDIR)
export PYTHONUTF8 := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/var/matplotlib
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

# make book PLAN=folder: the same, for the plan in that folder
WITH_PLAN := $(if $(PLAN),--plan "$(PLAN)")

##@ Two commands
.PHONY: book
book: $(VENV)/.ready ## execute every chapter, check every claim, publish _build/html (PLAN=folder: another plan)
	@$(BIN)/python -m tools.build book $(WITH_PLAN)

.PHONY: test
test: $(VENV)/.ready ## lint, types, unit tests, and every chapter with its claims
	@echo "== lint";  $(BIN)/ruff check .
	@echo "== types"; $(BIN)/mypy
	@echo "== tests"; $(BIN)/python -m pytest -n 2 --dist loadscope
	@echo "== chapters"; $(BIN)/python -m tools.build test $(WITH_PLAN)

.PHONY: site
site: $(VENV)/.ready ## look at the published site again, with a browser where there is one
	@$(BIN)/python -m pytest tests/test_site.py

.PHONY: archive
archive: $(VENV)/.ready ## the reviewer's file: site, notebooks, evidence, policy and hashes of the last make book
	@$(BIN)/python -m tools.archive

##@ For authors
.PHONY: chapter
chapter: $(VENV)/.ready ## execute and render one chapter: make chapter NAME=mean_variance
	@$(BIN)/python -m tools.build chapter $(NAME) $(WITH_PLAN)

.PHONY: lab
lab: $(VENV)/.ready ## JupyterLab on the chapters (they are text; jupytext opens them as notebooks)
	@echo "JupyterLab on notebooks/: open a chapter with a double click; Ctrl-C twice ends it"
	@$(BIN)/jupyter lab --notebook-dir=. --LabApp.default_url=/lab/tree/notebooks

.PHONY: bench
bench: $(VENV)/.ready ## side by side with other libraries (installs them into .venv-bench)
	@$(MAKE) -C benchmarks PYTHON="$(CURDIR)/$(BIN)/python"

.PHONY: faults
faults: $(VENV)/.ready ## plant faults one at a time, and see whether chapters or tests notice (about 45 minutes; ONLY=pattern: some)
	@$(BIN)/python -m tools.faults $(if $(ONLY),--only "$(ONLY)")

.PHONY: diff
diff: $(VENV)/.ready ## every number that moved since a version: make diff BASE=tag-or-commit
	@test -n "$(BASE)" || { echo "make diff needs a version: make diff BASE=main~1" >&2; exit 1; }
	@$(BIN)/python -m tools.diff "$(BASE)"

.PHONY: lock
lock: $(VENV)/.ready ## bring requirements.lock up to pyproject.toml (UPGRADE=1: newest versions)
	@$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--fork-strategy fewest --generate-hashes --no-emit-index-url --no-header --no-annotate \
		$(if $(UPGRADE),--upgrade) --quiet --output-file requirements.lock
	@echo "requirements.lock is up to date with pyproject.toml; make test installs it and says whether it holds"

##@ The rest
.PHONY: clean
clean: ## remove what the run made (the environment stays; make clean-all removes it too)
	@rm -rf _build .run .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@echo "removed _build, .run and the caches"

.PHONY: clean-all
clean-all: clean ## remove the environment as well
	@rm -rf $(VENV)
	@echo "removed $(VENV)"

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*##/ {printf "  make %-10s %s\n", $$1, $$2}' Makefile

# The environment: made once, and again when the lock or the package's metadata change.
$(VENV)/.locked: requirements.lock
	@test -n "$(PYTHON)" || { echo "This book needs Python 3.11, 3.12 or 3.13 on the path (or make PYTHON=/path/to/python3.12)." >&2; exit 1; }
	@"$(PYTHON)" -c '$(FITS)' || { echo "$(PYTHON) is $$("$(PYTHON)" --version 2>&1): this book needs Python 3.11, 3.12 or 3.13." >&2; exit 1; }
	@echo "== environment: $$("$(PYTHON)" --version 2>&1) in $(VENV), the packages of requirements.lock (once, a few minutes)"
	@mkdir -p "$$HOME"
	@"$(PYTHON)" -m venv $(VENV)
	@$(BIN)/python -m pip install --no-input --progress-bar off --require-hashes -r requirements.lock
	@touch $@

$(VENV)/.ready: $(VENV)/.locked pyproject.toml
	@echo "== environment: portlib"
	@mkdir -p "$$HOME" $(MPLCONFIGDIR)
	@$(BIN)/python -m pip install --quiet --no-input --no-deps --no-build-isolation --editable .
	@$(BIN)/python -c "import matplotlib.font_manager"
	@JUPYTER_CONFIG_DIR=$(VENV)/etc/jupyter $(BIN)/jupytext-config set-default-viewer markdown myst >/dev/null
	@touch $@
