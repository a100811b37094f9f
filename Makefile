# One visible command a chore. `make` alone lists them.

PYTHON ?= python3

.DEFAULT_GOAL := help
.PHONY: help setup run clean

help:  ## List the chores
	@sed -n 's/^\([a-z-]*\):[^#]*## /  make \1	/p' $(MAKEFILE_LIST) | expand -t 20

setup:  ## Make .venv from the locked requirements; every chore does so by itself
	@$(PYTHON) local/set_up.py

run: ## Start everything on this machine (RANKS= SUPERVISORS= PORT= ONCE=1 SAMPLES=0|1), until Ctrl-C
	@$(PYTHON) local/set_up.py && exec .venv/bin/python -m local

clean:  ## Remove all jobs, images, logs, caches (.tilework) and builds (cdk.out); .venv stays
	rm -rf .tilework cdk.out build *.egg-info
