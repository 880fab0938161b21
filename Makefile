# Everything a contributor types. `make run` and `make test` each work as the first command on a
# machine that has Python 3.11 or newer and make; both set up .venv once, from hashed pins.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

PORT ?= 5000
VENV := .venv
LOWEST := .venv-lowest
BIN := $(VENV)/bin
UV ?= uv

# What pip is told wherever it is called: no question asked, no word about its own version.
PIP_FLAGS := --quiet --no-input --disable-pip-version-check
LOCK := $(UV) pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11 \
	--exclude-newer P7D

# A virtual environment set up for tests can run the example too; the other way round it cannot.
RUN_READY := $(if $(wildcard $(VENV)/.ready-dev),$(VENV)/.ready-dev,$(VENV)/.ready-run)
# It can build the documents as well: dev.txt holds all of docs.txt.
DOCS_READY := $(if $(wildcard $(VENV)/.ready-dev),$(VENV)/.ready-dev,$(VENV)/.ready-docs)

.PHONY: help run test check bench chaos coverage coverage-rows test-lowest words docs picture \
	pictures lock check-locks clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

run: $(RUN_READY) ## serve the example at http://localhost:5000 (PORT=...), CARRIER=name plays one
	@PORT=$(PORT) CARRIER="$(CARRIER)" $(BIN)/python -m examples.microblog.serve

test: $(VENV)/.ready-dev ## run every test; ARGS="-k name" narrows
	@$(BIN)/python -m pytest --numprocesses=auto $(ARGS)

check: $(VENV)/.ready-dev ## formatter, linter, types, import contracts, dead code
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy $(wildcard src examples tests benchmarks tools)
	$(BIN)/lint-imports --no-cache
	$(BIN)/python tools/dead_code.py

bench: $(VENV)/.ready-dev ## benchmarks, printed as ratios to the floor measured in the same run
	@$(BIN)/python -m benchmarks $(ARGS)

chaos: $(VENV)/.ready-dev ## kill, restart and trouble everything while codes are sent, then count
	@$(BIN)/python -m benchmarks.chaos $(ARGS)

coverage: $(VENV)/.ready-dev ## lines and branches no test runs
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --numprocesses=auto $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

coverage-rows: $(VENV)/.ready-dev ## rows of the security checklist: covered, owned elsewhere, open
	@$(BIN)/python tools/coverage_rows.py $(ARGS)

test-lowest: $(LOWEST)/.ready ## contracts and Flask tests on the oldest releases supported
	@$(LOWEST)/bin/python -m pytest --numprocesses=auto tests/contracts tests/flask $(ARGS)

words: $(VENV)/.ready-dev ## collect the texts, update and compile the catalogues of translations
	@$(BIN)/python tools/words.py

docs: $(DOCS_READY) ## build the documents into a site, in build/docs
	@$(BIN)/python tools/build_docs.py

picture: $(VENV)/.ready-dev ## draw the moving picture of the login anew, with Chromium
	@PYTHONPATH=. $(BIN)/python tools/moving_picture.py

pictures: $(VENV)/.ready-dev ## draw every page on every screen, in three languages, in build/pictures
	@rm -rf build/pictures
	@VESTIBULE_TEST_PICTURES=build/pictures $(BIN)/python -m pytest --numprocesses=auto \
		tests/e2e/test_languages.py tests/e2e/test_required.py tests/e2e/test_acting.py \
		tests/e2e/test_delivery.py
	@$(BIN)/python tools/contact_sheet.py build/pictures

lock: ## renew requirements/*.txt with uv, from releases at least a week old
	cd requirements && $(LOCK) --upgrade --constraints wheels.in runtime.in -o runtime.txt
	cd requirements && $(LOCK) --upgrade --constraints wheels.in run.in -o run.txt
	cd requirements && $(LOCK) --upgrade --constraints wheels.in dev.in -o dev.txt
	cd requirements && $(LOCK) --upgrade --constraints wheels.in --constraints dev.txt docs.in \
		-o docs.txt
	cd requirements && $(LOCK) --upgrade --resolution lowest-direct lowest.in -o lowest.txt

check-locks: $(VENV)/.ready-dev ## ask for a wheel of every pin on Python 3.11 to 3.14, Linux, macOS
	@$(BIN)/python tools/check_locks.py

clean: ## remove the virtual environments and what the tools leave behind
	rm -rf $(VENV) $(LOWEST) build dist htmlcov .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- virtual environments ------------------------------------------------------------------------

# Picked when first needed: the newest Python from 3.11 to 3.14 that can make a virtual environment.
find_python = for name in $(1); do \
	  if $$name -c 'import sys, ensurepip, venv; sys.exit(not (3, 11) <= sys.version_info[:2])' \
	    >/dev/null 2>&1; then echo $$name; break; fi; done

define make_venv
	@python="$$($(call find_python,$(2)))"; \
	if [ -z "$$python" ]; then sh tools/explain-python.sh $(2) >&2; exit 1; fi; \
	echo "Setting up $(1) with $$("$$python" --version), once: about half a minute"; \
	rm -rf $(1) && "$$python" -m venv $(1)
$(eval SAID := $(1))
endef

# Pip says nothing: what takes so long is said here, unless it was said as the environment was made.
define install_checkout
	$(if $(filter $(1),$(SAID)),,@echo "Bringing $(1) up to $(2): about half a minute")
	@$(1)/bin/python -m pip install $(PIP_FLAGS) --require-hashes -r $(2)
	@$(1)/bin/python -m pip install $(PIP_FLAGS) --no-deps --no-build-isolation -e .
endef

$(VENV)/pyvenv.cfg:
	$(call make_venv,$(VENV),$(or $(PYTHON),python3.14 python3.13 python3.12 python3.11 python3 python))

$(VENV)/.ready-run: requirements/run.txt pyproject.toml | $(VENV)/pyvenv.cfg
	$(call install_checkout,$(VENV),requirements/run.txt)
	@touch $@

$(VENV)/.ready-docs: requirements/docs.txt | $(VENV)/pyvenv.cfg
	@$(BIN)/python -m pip install $(PIP_FLAGS) --require-hashes -r requirements/docs.txt
	@touch $@

$(VENV)/.ready-dev: requirements/dev.txt pyproject.toml | $(VENV)/pyvenv.cfg
	$(call install_checkout,$(VENV),requirements/dev.txt)
	@touch $@

# The oldest releases have wheels for Python 3.11 and not for every newer one.
$(LOWEST)/pyvenv.cfg:
	$(call make_venv,$(LOWEST),$(or $(PYTHON),python3.11 python3))

$(LOWEST)/.ready: requirements/lowest.txt pyproject.toml | $(LOWEST)/pyvenv.cfg
	$(call install_checkout,$(LOWEST),requirements/lowest.txt)
	@touch $@
