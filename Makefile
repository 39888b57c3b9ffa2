# `make help` lists the targets. Everything runs in .venv, which is made when it is missing.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# What is pure is covered by unit tests to the last line.
PURE := scheduling stages errors
GO := client/go
# The server that clients in other languages are tested against.
INKSTREAM ?= $(abspath $(BIN)/inkstream)
SAMPLE := $(abspath build/sample.pdf)
SOURCES := server client/python protos tests benchmarks examples training

.DEFAULT_GOAL := help
.PHONY: help setup demo serve check arch format generate generate-go release-contract lint-deploy \
	lock test test-go test-java bench clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-17s %s\n", $$1, $$2}'

setup: $(READY) ## Make the environment and pull the default models
	@$(BIN)/inkstream models pull

demo: setup ## Serve, read a sample PDF over a real socket, stop
	@$(BIN)/python examples/demo.py

serve: setup ## Serve on port 50051 until stopped
	$(BIN)/inkstream serve

test: setup ## Run all tests
	$(BIN)/pytest

test-go: setup ## Test the Go client against a server of this tree (needs Go; skipped without)
ifeq ($(shell command -v go),)
	@echo "SKIPPED: the Go client is not tested, there is no go on the PATH"
else
	cd $(GO) && test -z "$$(gofmt -l . | tee /dev/stderr)"
	cd $(GO) && go vet ./...
	cd $(GO) && go tool -modfile=tools.mod staticcheck ./...
	$(BIN)/python protos/generate_go.py --check
	@mkdir -p $(dir $(SAMPLE))
	$(BIN)/python examples/make_sample.py $(SAMPLE)
	cd $(GO) && INKSTREAM=$(INKSTREAM) SAMPLE_PDF=$(SAMPLE) go test -count=1 ./...
endif

test-java: setup ## Test the Java client against a server of this tree (needs Maven; skipped without)
ifeq ($(shell command -v mvn),)
	@echo "SKIPPED: the Java client is not tested, there is no mvn on the PATH"
else
	cd client/java && INKSTREAM=$(INKSTREAM) mvn -B -q --no-transfer-progress verify
endif

check: $(READY) ## Format, lint, types, floors, contract, unit tests, stubs up to date
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code
	$(BIN)/buf breaking --against protos/released.binpb
	$(BIN)/pytest -q tests/unit -m "not models" $(PURE:%=--cov=inkstream_server.%) \
		--cov-report=term:skip-covered --cov-fail-under=100
	$(BIN)/python protos/generate.py --check

arch: $(READY) ## Check that imports go down the floors only
	$(BIN)/lint-imports

format: $(READY) ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

generate: $(READY) ## Generate the Python stubs and docs/api.md from the protos, and copy the service config
	$(BIN)/python protos/generate.py

generate-go: $(READY) ## Generate the Go stubs from the protos (needs Go)
	$(BIN)/python protos/generate_go.py

release-contract: $(READY) ## At a release: keep the contract that later ones are compared with
	$(BIN)/buf build --exclude-source-info --output protos/released.binpb

lint-deploy: ## Lint the Dockerfiles, compose file, chart and unit with the tools that are there
	@deploy/test/lint.sh

bench: setup ## Measure: serving against a bare loop of the same stages
	$(BIN)/python benchmarks/serving_overhead.py

lock: $(READY) ## Renew the locked versions
	$(BIN)/uv pip compile --quiet --upgrade --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --extra server --extra paddle --extra openvino --extra onnxruntime --extra plot --extra otel --extra dev \
		pyproject.toml --output-file requirements/dev.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate \
		--python-version 3.11 --extra server --extra openvino --constraint requirements/dev.lock \
		pyproject.toml --output-file requirements/server.lock
	echo 'hatchling' | $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header \
		--no-annotate --python-version 3.11 --constraint requirements/dev.lock \
		- --output-file requirements/build.lock

clean: ## Remove the environment
	rm -rf $(VENV)

# The lock is installed by hash; the package itself, editable, on top of it.
$(READY): requirements/dev.lock pyproject.toml
	@echo "making $(VENV) (some minutes the first time)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes --requirement requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation --editable .
	@touch $(READY)
