# The only entry points; CI calls the same. `make` alone prints them. All they need is make and Python 3.11 or newer;
# the first run of a target fetches the packages that pyproject.toml names.

PYTHON ?= python3
VENV ?= .venv
GENERATE_VENV ?= .venv-generate
AGAINST ?= .git\#branch=main

BIN := $(VENV)/bin
READY := $(VENV)/.ready
GENERATE_READY := $(GENERATE_VENV)/.ready
MANIFESTS := pyproject.toml clients/python/pyproject.toml
SOURCES := $(wildcard server clients/python/execution_client tests benchmarks tools docs/picture)
# Each of these folders has a Makefile with the targets toolchain, build, test, driver, example; where generated code is
# committed, beside a buf.gen.yaml, also generate and check-generated.
CLIENTS ?= $(sort $(patsubst clients/%/Makefile,%,$(wildcard clients/*/Makefile)))
# Without the flags of this make, whose jobs are not theirs.
IN_CLIENT = MAKEFLAGS= $(MAKE) --no-print-directory BUF='$(abspath $(BIN))/buf' -C
PIP_INSTALL := -m pip install --quiet --disable-pip-version-check

.SHELLFLAGS := -eu -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

.PHONY: help
help: ## Print the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

.PHONY: setup
setup: $(READY) ## Make .venv with both distributions and everything for the checks (again when a manifest changed)

.PHONY: serve
serve: $(READY) ## Run the service on its embedded store
	$(BIN)/execution-server serve

.PHONY: test
test: test-server test-clients test-on-cluster test-faults ## Run the tests; what is missing here is named (with CI set, that is a failure)

.PHONY: test-server
test-server: $(READY) stores ## Run the tests in Python; they start the stores that they need
	$(BIN)/python -m pytest --ignore tests/faults --ignore tests/clients/scenario  # test-faults and test-clients have them

.PHONY: test-faults
test-faults: $(READY) stores ## Run those in Python in which servers, stores and the ways between them fail
	$(BIN)/python -m pytest tests/faults

.PHONY: stores
stores: ## Name what the tests in Python need and this machine lacks (with CI set, that is a failure)
	@command -v redis-server >/dev/null || { \
	  echo "missing: redis-server (Debian's package redis-server); the tests against it are skipped" >&2; \
	  test -z "$${CI:-}"; }
	@ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1 || { \
	  echo "missing: libfaketime (Debian's package faketime); no clock is set wrong" >&2; \
	  test -z "$${CI:-}"; }

.PHONY: test-on-cluster
test-on-cluster: $(READY) ## Run those in which a cluster may differ on a cluster
	TEST_STORE=cluster $(BIN)/python -m pytest tests/rpc/test_list.py tests/rpc/test_count.py tests/rpc/test_batch_create.py \
	  tests/rpc/test_server_info.py tests/watch/test_watch_executions.py tests/work/test_claims.py

.PHONY: test-clients
test-clients: $(READY) ## Test the clients in other languages and hold all to one scenario; missing toolchains are named
	@present=python; missing=; for language in $(CLIENTS); do \
	  if $(IN_CLIENT) clients/$$language --silent toolchain; then \
	    echo "client in $$language: build and test"; \
	    $(IN_CLIENT) clients/$$language build test driver example; present="$$present $$language"; \
	  else echo "skipped: the client in $$language" >&2; missing=yes; fi; done; \
	if [ -n "$$missing" ] && [ -n "$${CI:-}" ]; then exit 1; fi; \
	CLIENTS="$$present" $(BIN)/python -m pytest tests/clients/scenario

.PHONY: test-store-user
test-store-user: $(READY) ## Run what uses a store as the store user of docs/operations.md, who may do nothing else
	TEST_STORE_USER=1 $(BIN)/python -m pytest -k 'not sharded' tests/store tests/manager tests/rpc tests/watch tests/work \
	  tests/test_dispatch.py tests/test_sweeper.py

.PHONY: check
check: lint types layers contract check-generated ## Everything that must pass before a change is merged
	@# Two at a time: those in Python mostly wait, and the compilers have much to do.
	@$(MAKE) --no-print-directory -j2 test

.PHONY: format
format: $(READY) ## Rewrite Python and proto files in the project's format, and mend what can be mended
	$(BIN)/ruff check --fix --exit-zero --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)
	$(BIN)/buf format --write

.PHONY: lint
lint: $(READY) ## Check format and rules of the Python code
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)

.PHONY: types
types: $(READY) ## Check the types
	$(BIN)/mypy $(SOURCES)

.PHONY: layers
layers: $(READY) ## Check that imports only go from the outer layers to the inner ones
	$(BIN)/lint-imports

.PHONY: contract
contract: $(READY) ## Check format and rules of the proto files
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code

.PHONY: breaking
breaking: $(READY) ## Check that the contract breaks no client that was built from main (or AGAINST=...)
	$(BIN)/buf breaking --against '$(AGAINST)'

.PHONY: generate
generate: $(READY) $(GENERATE_READY) ## Make the generated code again, after a change of the contract
	@$(call GENERATE,.)
	$(BIN)/buf lint
	@$(call EACH_GENERATED,generate)

.PHONY: check-generated
check-generated: $(READY) $(GENERATE_READY) ## Check that the generated code is what `make generate` makes
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; mkdir "$$fresh/clients"; \
	cp -R pyproject.toml proto tests $(wildcard tools) "$$fresh"; cp -R clients/python "$$fresh/clients"; \
	$(call GENERATE,"$$fresh"); \
	differs=; for folder in clients/python tests; do \
	  diff -r -u -x __pycache__ $$folder "$$fresh/$$folder" || differs=yes; done; \
	test -z "$$differs" || { \
	  echo "The generated code differs from what the contract gives: run 'make generate' and commit the result." >&2; \
	  exit 1; }; \
	echo "The generated code is what the contract gives."
	@$(call EACH_GENERATED,check-generated)

.PHONY: test-deployments
test-deployments: $(READY) ## Hold clusters, sentinels and replicas of every kind against every fault, and the server on them
	TEST_ALL_STORES=1 $(BIN)/python -m pytest tests/store/test_redis_cluster.py tests/store/test_redis_sentinel.py \
	  tests/store/test_redis_durability.py tests/store/test_redis_told.py tests/store/test_redis_failover.py
	for kind in cluster sentinel; do TEST_STORE=$$kind $(BIN)/python -m pytest tests/rpc tests/work tests/watch \
	  --ignore tests/watch/test_leaks.py; done

.PHONY: watch-faults
watch-faults: $(READY) ## Hold watches against faults for five minutes; WATCH_FAULTS_SEED repeats a run
	WATCH_FAULTS_SECONDS=$${WATCH_FAULTS_SECONDS:-300} WATCH_FAULTS_WATCHES=$${WATCH_FAULTS_WATCHES:-1000} \
	  $(BIN)/python -m pytest -s tests/watch/test_faults.py

.PHONY: deadlines
deadlines: $(READY) ## Let 20,000 deadlines come true in ten seconds while two of three servers are killed
	DEADLINES_COUNT=$${DEADLINES_COUNT:-20000} DEADLINES_SECONDS=$${DEADLINES_SECONDS:-10} \
	  $(BIN)/python -m pytest -s tests/faults/test_deadlines.py

.PHONY: workers-chaos
workers-chaos: $(READY) ## Kill and stop workers and servers while there is work; WORKERS_CHAOS_SEED repeats a run
	WORKERS_CHAOS_EXECUTIONS=$${WORKERS_CHAOS_EXECUTIONS:-2000} $(BIN)/python -m pytest -s tests/faults/test_workers.py

.PHONY: faults
faults: $(READY) ## Judge 20,000 histories under 2,000 faults at stores of each kind; FAULTS_SEED repeats a run
	@if $(IN_CLIENT) clients/go --silent toolchain; then $(IN_CLIENT) clients/go driver; fi
	FAULTS_SITES=all FAULTS_ROUNDS=$${FAULTS_ROUNDS:-8} FAULTS_HISTORIES=$${FAULTS_HISTORIES:-500} \
	  FAULTS_EFFECTIVE=$${FAULTS_EFFECTIVE:-50} $(BIN)/python -m pytest -s tests/faults/histories

.PHONY: malformed
malformed: $(READY) ## Send 20,000 inputs that nobody should send; MALFORMED_SEED repeats a run
	MALFORMED_COUNT=$${MALFORMED_COUNT:-20000} $(BIN)/python -m pytest -s tests/malformed

.PHONY: rolling-restart
rolling-restart: $(READY) ## Drain and restart three servers, one after the other, under calls and watches
	$(BIN)/python -m pytest -s tests/faults/test_rolling_restart.py

.PHONY: manifests
manifests: $(READY) ## Make the kustomize base again, after a change of the Helm chart (needs Go)
	$(BIN)/python -m tools.manifests

.PHONY: image-test
image-test: $(READY) ## Build the container image without a registry and test it (root; Debian's buildah, podman, ...)
	PYTHON=$(BIN)/python tools/image_test.sh

.PHONY: compose-test
compose-test: $(READY) ## Run compose.yaml by Docker without a registry and test it (root; Debian's docker.io, ...; Go)
	PYTHON=$(BIN)/python tools/compose_test.sh

.PHONY: bench
bench: $(READY) ## Run the benchmarks
	$(BIN)/python -m benchmarks

.PHONY: picture
picture: $(READY) ## Record docs/watch.svg again: what `execution watch` really shows of a real execution
	$(BIN)/python -m docs.picture.record

.PHONY: clean
clean: ## Remove what the other targets made, generated code excepted
	rm -rf $(VENV) $(GENERATE_VENV) dist
	find . -type d '(' -name __pycache__ -o -name '.*_cache' -o -name .hypothesis ')' -prune -exec rm -rf {} +

# $(call EACH_GENERATED,target) makes the target in each client whose generated code is committed and whose tools are here.
define EACH_GENERATED
for client in $(CLIENTS); do if [ -e clients/$$client/buf.gen.yaml ]; then \
  if $(IN_CLIENT) clients/$$client --silent toolchain; then $(IN_CLIENT) clients/$$client $(1); \
  else echo "skipped: the generated code of the client in $$client" >&2; test -z "$${CI:-}"; fi; fi; done
endef

# $(call GENERATE,folder) makes the Python code again in a copy of this tree. Files without a service give a
# *_pb2_grpc that says nothing: away with it.
define GENERATE
( cd $(1); find clients/python/croco -name '*_pb2*.py*' -delete; cd proto; \
  set -- $$(find . -name '*.proto' | sed 's|^\./||' | LC_ALL=C sort); \
  $(abspath $(GENERATE_VENV))/bin/python -m grpc_tools.protoc --proto_path=. \
    --plugin=protoc-gen-mypy_grpc=$(abspath $(GENERATE_VENV))/bin/protoc-gen-mypy_grpc \
    --python_out=../clients/python --pyi_out=../clients/python \
    --grpc_python_out=../clients/python --mypy_grpc_out=quiet:../clients/python "$$@"; \
  for file in $$(grep -L '^service ' "$$@" || true); do rm -f "../clients/python/$${file%.proto}"_pb2_grpc.py*; done; \
  cd ..; if [ -e tools/unasync_client.py ]; then $(abspath $(BIN))/python tools/unasync_client.py; fi )
endef

$(READY): $(MANIFESTS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$(PYTHON) is older than Python 3.11: name a newer one, as in 'make $(MAKECMDGOALS) PYTHON=python3.12'" >&2; \
	  exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python $(PIP_INSTALL) --editable 'clients/python[cli]' --editable '.[dev,embedded,tracing]'
	@touch $@

# pip reads dependency groups only since 25.1, so the names are read for it.
$(GENERATE_READY): pyproject.toml
	$(PYTHON) -m venv $(GENERATE_VENV)
	@$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["generate"], sep="\n")' \
	  > $(GENERATE_VENV)/requirements.txt
	$(GENERATE_VENV)/bin/python $(PIP_INSTALL) --requirement $(GENERATE_VENV)/requirements.txt
	@touch $@
