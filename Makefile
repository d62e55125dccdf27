# Prudent by Construction: everything starts here. `make help` lists what there is.
SHELL := /bin/sh
.SHELLFLAGS := -ec
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# empty: the first Python found that fits; `make book PYTHON=/path/to/python3.13` chooses another
PYTHON ?=
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
export PYTHONDONTWRITEBYTECODE :=
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export MPLCONFIGDIR := $(CURDIR)/$(VENV)/var/matplotlib
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

# make book HISTORY=folder: on the history that prudent import or make refresh kept there
export PRUDENT_HISTORY := $(if $(HISTORY),$(abspath $(HISTORY)))

# make book PLAN=folder: the same, for the plan in that folder
# make test ENGINE=ERC: the same under another engine than the policy's (make test, make chapter)
WITH_PLAN = $(if $(ENGINE),--plan "$$($(BIN)/python -m tools.engine "$(ENGINE)" $(if $(PLAN),"$(PLAN)"))",$(if $(PLAN),--plan "$(PLAN)"))
# make book CHANGED=1: execute again only what something has changed since it was executed last
CHANGED_ALONE := $(if $(CHANGED),--changed-alone)

##@ Two commands
.PHONY: book
book: environment ## execute every chapter, check every claim, publish _build/html (PLAN=folder, CHANGED=1)
	@$(BIN)/python -m tools.build book $(WITH_PLAN) $(CHANGED_ALONE)

.PHONY: test
test: environment ## lint, types, unit tests, and every chapter with its claims (PLAN=folder, ENGINE=ERC: another plan, engine)
	@echo "== lint";  $(BIN)/ruff check . && $(BIN)/ruff format --check --quiet .
	@mkdir -p .run; $(BIN)/mypy >.run/types.txt 2>&1 & types=$$!; failed=; \
		echo "== types and tests"; $(BIN)/python -m pytest -n 2 --dist loadscope || failed=tests; \
		wait $$types || failed="types $$failed"; cat .run/types.txt; test -z "$$failed"
	@echo "== chapters"; $(BIN)/python -m tools.build test $(WITH_PLAN)

##@ For reviewers
.PHONY: archive
archive: environment ## pack the last book and its sources in one file (KEY=file ROLE=role: sign its bill of materials)
	@$(BIN)/python -m tools.archive $(if $(KEY),--key "$(KEY)") $(if $(ROLE),--role "$(ROLE)")

.PHONY: reperform
reperform: environment ## check ARCHIVE=file (default: the last), perform CLAIM=MV-15 of it again (ROSTER=file: whose seal)
	@$(BIN)/python -m portlib reperform "$(or $(ARCHIVE),_build/reviewers-file.zip)" \
		$(if $(CLAIM),--claim "$(CLAIM)") $(if $(ROSTER),--roster "$(ROSTER)")

.PHONY: documents
documents: environment ## make the documents of the last book again (PLAN=folder: of another plan's)
	@$(BIN)/python -m tools.documents $(WITH_PLAN)

.PHONY: pdf
pdf: environment ## print the whole last book as one PDF, where there is Chromium (PLAN=folder)
	@$(BIN)/python -m tools.whole_book $(WITH_PLAN)

.PHONY: diff
diff: environment ## list every number that moved since BASE=tag-or-commit (CHAPTER=name: in one chapter)
	@$(BIN)/python -m tools.diff $(if $(BASE),"$(BASE)") $(if $(CHAPTER),--chapter "$(CHAPTER)")

.PHONY: faults
faults: environment ## plant faults, see who notices (ONLY=pattern: some; INDEPENDENT=1: others'; MODULE=file: mutants of one)
	@$(BIN)/python -m tools.$(if $(MODULE),mutants "$(MODULE)" --sample $(or $(SAMPLE),40),faults $(if $(INDEPENDENT),--independent) $(if $(ONLY),--only "$(ONLY)"))

.PHONY: bench
bench: environment ## speed and answers beside other libraries (installs them into .venv-bench, 1.6 GB)
	@$(MAKE) -C benchmarks PYTHON="$(CURDIR)/$(BIN)/python"

.PHONY: canary
canary: environment ## render the last book with today's Sphinx in .venv-canary, list what differs (needs a network)
	@$(BIN)/python -m tools.canary

##@ For authors
.PHONY: chapter
chapter: environment ## execute and render one chapter: make chapter NAME=mean_variance (PLAN=folder, ENGINE=ERC)
	@$(BIN)/python -m tools.build chapter "$(NAME)" $(WITH_PLAN)

.PHONY: lab
lab: environment ## open the chapters in JupyterLab (IP=0.0.0.0: from outside a container; PORT=number)
	@echo "== JupyterLab on notebooks/: open a chapter with a double click; Ctrl-C twice ends it"
	@$(BIN)/jupyter lab --notebook-dir=. --LabApp.default_url=/lab/tree/notebooks \
		--LabApp.extra_labextensions_path="$(CURDIR)/tools/lab" \
		$(if $(IP),--ip="$(IP)" --no-browser) $(if $(PORT),--port="$(PORT)") \
		$$(if [ "$$(id -u)" = 0 ]; then echo --allow-root; fi)

.PHONY: refresh
refresh: environment ## bring the history to last month from its publishers, into data/fetched (needs a network)
	@$(BIN)/python -m portlib refresh --folder "$(or $(HISTORY),data/fetched)"

.PHONY: site
site: environment ## look at the published site again, with a browser where there is one
	@$(BIN)/python -m pytest -n 2 --maxschedchunk 1 tests/test_site.py

.PHONY: architecture
architecture: environment ## draw ARCHITECTURE.md's picture again from the imports
	@$(BIN)/python -m tools.architecture

.PHONY: format
format: environment ## lay the code out as `make test` wants it
	@$(BIN)/ruff check --quiet --fix . && $(BIN)/ruff format .

.PHONY: lock
lock: environment ## bring requirements.lock up to pyproject.toml (UPGRADE=1: newest versions)
	@$(UV) pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
		--fork-strategy fewest --generate-hashes --no-emit-index-url --no-header --no-annotate --no-strip-extras \
		$(if $(UPGRADE),--upgrade) --quiet --output-file requirements.lock
	@echo "requirements.lock is up to date with pyproject.toml; make test installs it and says whether it holds"

##@ The rest
.PHONY: clean
clean: ## remove what the run made (the environment stays)
	@rm -rf _build .run .pytest_cache .mypy_cache .ruff_cache .hypothesis
	@echo "removed _build, .run and the caches"

.PHONY: clean-all
clean-all: clean ## remove the environment as well
	@rm -rf $(VENV) .venv-canary
	@echo "removed $(VENV)"

.PHONY: help
help: ## this list
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} \
		/^[a-z-]+:.*##/ {printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: environment
environment:
	@mkdir -p "$$HOME"
	@sh tools/environment.sh "$(VENV)" "$(PYTHON)"
