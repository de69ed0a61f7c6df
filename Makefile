# Everything starts here: `make run` and `make test` do all the set-up by themselves.
# POSIX make and sh only. Paths are relative, so the folder may have any name.
.POSIX:

# Which Python makes .venv; empty: the first that is new enough and whole.
PYTHON =
# make run: ONCE=1 stops before serving, PORT=8080 serves there.
ONCE =
PORT =
# More words for pytest or the benchmark: make test ARGS='-k greylisting'
ARGS =
# make lock: UPGRADE=--upgrade takes the newest versions that pyproject.toml allows.
UPGRADE =

SET_UP = PYTHON="$(PYTHON)" sh .ci/venv requirements.lock
RUN = unset PYTHONHOME PYTHONPATH; .venv/bin/python
TEST = $(RUN) -m pytest -q
COMPILE = $(RUN) -m uv pip compile -q --no-config --universal --python-version 3.11 \
	--generate-hashes --no-header $(UPGRADE)

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' Makefile

run: install ## try it: sample logs, one trace, pages on http://127.0.0.1:8025 (ONCE=1 PORT=8080)
	@set --; \
	case "$(ONCE)" in ''|0) ;; *) set -- --once;; esac; \
	if [ -n "$(PORT)" ]; then set -- "$$@" --listen "127.0.0.1:$(PORT)"; fi; \
	$(RUN) -m webui.cli demo "$$@"

install: ## make .venv with the locked packages and the command .venv/bin/mailtracer
	@$(SET_UP)

dev: ## the same with the packages for tests and checks
	@$(SET_UP) requirements-dev.lock

fast: dev ## compile the process that reads logs (needs a C compiler and Python's headers)
	@$(RUN) -P .ci/compile.py

test: dev ## run every test (ARGS='-k word')
	@$(TEST) $(ARGS)

unit: dev ## run the tests that take seconds
	@$(TEST) tests/unit tests/policy $(ARGS)

system: dev ## run the tests that start a real Postfix
	@$(TEST) tests/system $(ARGS)

browser: dev ## run the tests that drive Chromium
	@$(TEST) tests/browser $(ARGS)

golden: dev ## write the corpus' expected results again; read the difference before you commit
	@$(TEST) tests/corpus tests/unit/test_notices_corpus.py --golden $(ARGS)

bench-causes: dev ## measure how well causes are named (ARGS='ROWS.jsonl [CAUSES.json] [--wrong]')
	@$(RUN) -m bench.causes $(ARGS)

bench-diagnose: dev ## measure a diagnosis against its longest chain of dependent questions
	@$(RUN) -m bench.diagnose $(ARGS)

bench-hooks: dev ## measure how many webhooks are acknowledged (ARGS='--kills 100 --tricklers 200')
	@$(RUN) -m bench.hooks $(ARGS)

bench: dev ## measure speed and size against pflogsumm and ripgrep
	@$(RUN) -P .ci/compile.py --if-possible
	@$(RUN) -m bench $(ARGS)

lint: dev ## check style, format and the direction of imports
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -c 'from importlinter.cli import lint_imports_command as check; check()'

types: dev ## check types
	@$(RUN) -m mypy

docs: dev ## write the pages that are made from the code
	@$(RUN) -m docs.write_settings

lock: dev ## pin what pyproject.toml asks for (UPGRADE=--upgrade: the newest)
	@$(COMPILE) -o requirements.lock pyproject.toml
	@$(COMPILE) -c requirements.lock --group dev -o requirements-dev.lock pyproject.toml

clean: ## remove .venv and what tools left; the store in var stays
	rm -rf .venv dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find tracer collectors webui tests docs bench -name __pycache__ -prune -exec rm -rf {} +

.PHONY: help run install dev fast test unit system browser golden bench bench-causes bench-diagnose bench-hooks lint types docs lock clean
