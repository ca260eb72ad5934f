SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
# A root file system's files belong to root.
AS_ROOT := $(if $(filter 0,$(shell id -u)),,sudo --preserve-env=XDG_CACHE_HOME,PJPROJECT_TARBALL,SOURCE_DATE_EPOCH)
# solc runs on the Node that prepare.sh puts there.
WITH_NODE := PATH="$(CURDIR)/.venv/bin:$$PATH"
BABEL := .venv/bin/pybabel -q
CATALOGS := firmware/kallphone/languages
JSON ?=
KEY ?=
KEYS ?=
NETWORK ?=
NAME ?= call
PHONES ?= 2
TERMINAL ?=

.PHONY: help setup demo script test check messages bench hardware image image-test image-test-full contracts slither clean

help: ## What there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Prepare this machine (every other target does it by itself)
	@image-build/host/prepare.sh

demo: setup ## Chain, provider and two phones on a page [PHONES=2..4, TERMINAL=1: in this terminal]
	@$(PYTHON) -m kallphone demo --phones $(PHONES) $(if $(TERMINAL),--terminal)

script: setup ## Play one story: NAME=call|no-credit|vouchers-stop|provider-dies|crash|transfers [JSON=out.json]
	@$(PYTHON) -m kallphone demo --script $(NAME) $(if $(JSON),--json $(JSON))

test: setup check ## Checks, contract tests and every suite against real servers
	@cd contracts && $(WITH_NODE) bin/forge test
	@$(WITH_NODE) contracts/slither.sh
	@$(PYTHON) -m pytest -q
	@$(PYTHON) -m pytest -q -m "sip or chain or provider"
	@$(PYTHON) -m pytest -q -m bench_page

check: setup ## ruff, mypy, import rule, formatting of contracts
	@.venv/bin/ruff check .
	@.venv/bin/mypy
	@cd contracts && bin/forge fmt --check

messages: setup ## Collect the phone's words into the catalogs of its languages, and compile them
	@mkdir -p build
	@$(BABEL) extract -k words --add-location=file --sort-output --project=KallPhone --version=1 --msgid-bugs-address=owner -o build/kallphone.pot firmware/kallphone
	@$(BABEL) update -D kallphone -i build/kallphone.pot -d $(CATALOGS) --no-fuzzy-matching --ignore-obsolete \
	    --ignore-pot-creation-date
	@$(BABEL) compile -D kallphone -d $(CATALOGS)

bench: ## Speeds and sizes beside a peer's, in one run [JSON=build/bench.json]
	@BENCH=1 image-build/host/prepare.sh
	@$(WITH_NODE) $(PYTHON) -m tests.bench $(if $(JSON),--json $(JSON))

image: ## Build the image to flash, in build/image [NETWORK=dir, KEY=file, KEYS=dir: of a network, signed by its maker]
	@IMAGE=1 image-build/host/prepare.sh
	@$(AS_ROOT) $(PYTHON) image-build/image/build.py $(if $(NETWORK),--network $(NETWORK)) $(if $(KEY),--key $(KEY)) $(if $(KEYS),--keys $(KEYS))

image-test: ## Boot the image (make image, or KALLPHONE_IMAGE) in QEMU: hardware, dial tone, a paid call
	@IMAGE_TEST=1 image-build/host/prepare.sh
	@$(WITH_NODE) $(PYTHON) -m pytest -q -m "image and not image_full" tests/image

image-test-full: image-test ## ... and first boot, updates, power cuts, another board: takes hours
	@$(WITH_NODE) $(PYTHON) -m pytest -q -m image_full tests/image

contracts: setup ## Build and test the contracts, print the gas table
	@cd contracts && $(WITH_NODE) bin/forge build && $(WITH_NODE) bin/forge test
	@$(WITH_NODE) $(PYTHON) contracts/gas.py

slither: setup ## Look for known kinds of mistakes in the contracts
	@$(WITH_NODE) contracts/slither.sh

hardware: setup ## Schematic, ERC, netlist, wiring pictures and parts lists, anew from hardware/pins.toml
	@hardware/draw.sh

clean: ## Remove what was built here (the pjsua2 wheel's cache stays)
	rm -rf build .venv *.egg-info contracts/out contracts/cache contracts/node_modules
	rm -rf .hypothesis .pytest_cache .mypy_cache .ruff_cache
