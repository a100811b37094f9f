# One visible command a chore. `make` alone lists them.

PYTHON ?= python3
# more arguments of synth, diff, deploy, test and bench, as in: make deploy ARGS='-c environment=prod'
ARGS ?=

set-up = @$(PYTHON) local/set_up.py
python = .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup run check test test-faults test-page chaos rehearse container docs screenshots synth diff deploy bench clean

help:  ## List the chores
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20

setup:  ## Make .venv from the locked requirements; every chore does so by itself
	$(set-up)

run:  ## Start everything on this machine (RANKS= SUPERVISORS= PORT= ONCE=1 SAMPLES=0|1), until Ctrl-C
	$(set-up) && exec $(python) -m local

check:  ## Lint, formatting, types, import contracts; the templates by cdk-nag, cfn-lint and checkov
	$(set-up)
	$(python) -m ruff check .
	$(python) -m ruff format --check .
	$(python) -m mypy
	.venv/bin/lint-imports
	$(python) -m tests.review

test: check  ## Check, then every test: unit, stack, real MPI, a whole system, a real browser (ARGS='-k …')
	$(python) -m tests.browser.chromium
	$(python) -m tests.browser.axe
	$(python) -m tests.hosts.lab
	$(python) -m pytest -n auto --maxprocesses 4 --dist loadgroup --no-loadscope-reorder $(ARGS)

test-faults:  ## Every fault there is a test of, on real processes; `make test` has one of each kind
	$(set-up)
	$(python) -m pytest -m '' -n auto --maxprocesses 2 --dist loadgroup --no-loadscope-reorder tests/faults tests/mpi $(ARGS)

test-page:  ## Every story of the page in a real browser, on phone, desktop, dark; `make test` has one of each kind
	$(set-up)
	$(python) -m tests.browser.chromium
	$(python) -m tests.browser.axe
	$(python) -m pytest -m '' -n auto --maxprocesses 2 --dist loadgroup --no-loadscope-reorder tests/browser tests/benchmarks/test_browser.py $(ARGS)

chaos:  ## Random faults for MINUTES=5, then a balance of all that was dropped; SEED= makes the same decisions again
	$(set-up)
	@$(python) -m tests.chaos $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) $(ARGS)

rehearse:  ## The whole stack with permissions enforced: deploy, drops, attacks, update, rollback, destroy (ARGS=--short)
	$(set-up)
	@$(python) -m tests.rehearsal $(ARGS)

container:  ## Build the workers' image with Docker, start it as a host would, kill it, drain it (BASE=, KEEP=1); needs root
	$(set-up)
	@$(python) -m tests.container $(if $(BASE),--base $(BASE)) $(if $(KEEP),--keep) $(ARGS)

docs:  ## Write the pages on operations (docs/operations) anew, with pictures that the operations make, and the page's small ones
	$(set-up)
	@$(python) -m tests.operation_pages

screenshots:  ## Take the pictures of docs/page.md anew, of a running system in Chromium (ARGS='empty phone': only those)
	$(set-up)
	$(python) -m tests.browser.chromium
	@$(python) -m tests.screenshots $(ARGS)

synth:  ## Write the template that a deploy would deploy to cdk.out (ARGS='-c environment=prod')
	$(set-up)
	$(python) -m local.cdk synth --quiet $(ARGS)
	@# timings of the run: the one thing in there that is not the same twice
	@rm -f cdk.out/performance-counters.json
	@echo "The template: cdk.out/Tilework.template.json"

diff:  ## What a deploy would change in your account (ARGS as for synth; ARGS='--template FILE' asks no account)
	$(set-up)
	$(python) -m local.cdk diff $(ARGS)

deploy:  ## Deploy to the AWS account of your credentials (ARGS as for synth); see README.md
	$(set-up)
	$(python) -m local.cdk deploy $(ARGS)

bench:  ## Beside peers and the limit, into docs/performance.md, in about an hour (ARGS=--full, '--sections photos', --help)
	$(set-up)
	$(python) -m benchmarks $(ARGS)
	$(python) -m benchmarks.refusals

clean:  ## Remove all jobs, images, logs, caches (.tilework) and builds (cdk.out); .venv stays
	rm -rf .tilework cdk.out build *.egg-info
