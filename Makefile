# `make demo` and `make test` set up all they need on a machine with python3.11+, venv, git and make.
PYTHON ?= python3
UV_VERSION = 0.13.9
VENV = .venv
BIN = $(VENV)/bin
SYNC = UV_PYTHON_DOWNLOADS=never $(BIN)/uv sync --frozen --inexact --quiet --python $(BIN)/python
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export CHROMIUM ?= $(or $(shell command -v chromium || command -v chromium-browser || command -v google-chrome),chromium)

.PHONY: demo test format lint types arrows unit browser nats redis senders node docs bench bench-scan bench-paths bench-policy bench-html bench-validation bench-ledger bench-rules bench-gateway wrk bench-watch clean

demo: $(VENV)/.demo  ## Scan the example platform, record the scan in a ledger, ask a model through the gateway, and watch it
	@rm -rf build/demo && mkdir -p build/demo
	@$(BIN)/garrison ledger init build/demo/ledger --origin demo.example/ledger >/dev/null
	$(BIN)/garrison scan examples/fraud-platform/insecure --fail-on never --ledger build/demo/ledger
	$(BIN)/garrison ledger verify --ledger build/demo/ledger
	PATH="$(CURDIR)/$(BIN):$$PATH" examples/served-model/demo.sh

test: $(VENV)/.test format lint types arrows unit docs  ## Run every check and test

format: $(VENV)/.test
	$(BIN)/ruff format --check src tests bench

lint: $(VENV)/.test
	$(BIN)/ruff check src tests bench

types: $(VENV)/.test
	$(BIN)/mypy

arrows: $(VENV)/.test
	$(BIN)/lint-imports

unit: $(VENV)/.test $(VENV)/.serving $(VENV)/.probing $(VENV)/.oidc $(VENV)/.suite browser nats redis senders
	$(BIN)/pytest -n auto

browser:  ## Find Chromium for the tests of the HTML report, or install Debian's
	@command -v "$(CHROMIUM)" >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	else echo "Chromium is missing: apt-get install chromium, or name one: make test CHROMIUM=/path/to/it" >&2; exit 1; fi

nats:  ## Find nats-server for the tests of queues, or install Debian's
	@command -v nats-server >/dev/null || test -x /usr/sbin/nats-server || \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nats-server >/dev/null; \
	else echo "nats-server is missing: apt-get install nats-server" >&2; exit 1; fi

redis:  ## Find redis-server for the tests of shared quotas, or install Debian's
	@command -v redis-server >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends redis-server >/dev/null; \
	else echo "redis-server is missing: apt-get install redis-server" >&2; exit 1; fi

SENDERS = rsyslogd:rsyslog logger:bsdutils prometheus-node-exporter:prometheus-node-exporter journalctl:systemd \
  /lib/systemd/systemd-journal-remote:systemd-journal-remote auditd:auditd

senders:  ## Find what sends logs to the tests of the watch, or install Debian's
	@for one in $(SENDERS); do command -v "$${one%:*}" >/dev/null || missing="$$missing $${one##*:}"; done; \
	ls /usr/lib/*/rsyslog/lmnsd_ossl.so >/dev/null 2>&1 || missing="$$missing rsyslog-openssl"; \
	ls /usr/lib/*/rsyslog/lmnsd_gtls.so >/dev/null 2>&1 || missing="$$missing rsyslog-gnutls"; \
	if [ -z "$$missing" ]; then exit 0; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; \
	else echo "missing: apt-get install$$missing" >&2; exit 1; fi

node:  ## Find Node.js for the OpenID provider of the tests, or install Debian's
	@command -v npm >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null; \
	else echo "npm is missing: apt-get install nodejs npm" >&2; exit 1; fi

docs: $(VENV)/.test  ## Build the documentation site into site/
	$(BIN)/mkdocs build --strict --quiet

bench: bench-scan bench-paths bench-policy bench-html bench-validation bench-ledger bench-gateway bench-watch  ## Run every benchmark

# Public corpora are given as paths: make bench-scan TERRAGOAT=~/src/terragoat MANIFESTS=~/src/manifests
bench-scan: $(VENV)/.demo $(VENV)/.checkov
	$(BIN)/python bench/scan.py --checkov $(VENV)/checkov/bin/checkov \
	  $(if $(TERRAGOAT),--terragoat $(TERRAGOAT)) $(if $(MANIFESTS),--manifests $(MANIFESTS))

bench-paths: $(VENV)/.demo  ## Attack paths on 100,000 assets
	$(BIN)/python bench/paths.py

bench-policy: $(VENV)/.test  ## What a decision of the policy costs
	$(BIN)/python bench/policy.py

bench-html: $(VENV)/.test browser
	$(BIN)/python bench/html_report.py

bench-validation: $(VENV)/.test  ## Bodies against schemas in LuaJIT, beside jsonschema-rs
	$(BIN)/python bench/validation.py

# The figures are those of the disk that the folder is on: make bench-ledger FOLDER=/var/lib/garrison
bench-ledger: $(VENV)/.demo $(VENV)/.pymerkle  ## Durable appends, proofs and the opening of large ledgers
	$(BIN)/python bench/ledger.py --pymerkle $(VENV)/pymerkle/bin/python --folder $(or $(FOLDER),$(VENV))

# Zircolite is not on the package index: make bench-rules ZIRCOLITE=~/src/Zircolite/zircolite.py ZIRCOLITE_PYTHON=...
bench-rules: $(VENV)/.test  ## Sigma rules on CloudTrail
	$(BIN)/python bench/rules.py $(if $(ZIRCOLITE),--zircolite $(ZIRCOLITE)) \
	  $(if $(ZIRCOLITE_PYTHON),--python $(ZIRCOLITE_PYTHON))

# LiteLLM's proxy is large: where it does not install, its figure is left out.
bench-gateway: $(VENV)/.test $(VENV)/.python_proxy wrk  ## The gateway beside plain Envoy and proxies in Python
	-@$(MAKE) --no-print-directory $(VENV)/.litellm
	$(BIN)/python bench/gateway.py --python-proxy $(VENV)/python_proxy/bin/granian --litellm $(VENV)/litellm/bin/litellm

wrk:  ## Find wrk for the load of the gateway's benchmark, or install Debian's
	@command -v wrk >/dev/null || if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends wrk >/dev/null; \
	else echo "wrk is missing: apt-get install wrk" >&2; exit 1; fi

bench-watch: bench-rules  ## Rules, receiving, storing and searching; extraction, drift and baselines
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -W ignore bench/extraction.py
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -W ignore bench/drift.py
	$(BIN)/python bench/baselines.py
	$(BIN)/python bench/watch_receive.py
	$(BIN)/python bench/watch_store.py
	$(BIN)/python bench/judge.py

clean:
	rm -rf $(VENV) site build dist

$(BIN)/uv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet uv==$(UV_VERSION)

$(VENV)/.demo: $(BIN)/uv uv.lock pyproject.toml
	$(SYNC) --extra gateway --extra watch
	touch $@

$(VENV)/.test: $(BIN)/uv uv.lock pyproject.toml
	$(SYNC) --group dev
	touch $@ $(VENV)/.demo

# Peers have a virtual environment and a lock of their own.
$(VENV)/.checkov $(VENV)/.pymerkle $(VENV)/.python_proxy $(VENV)/.litellm: $(VENV)/.%: $(BIN)/uv bench/peers/%/uv.lock
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(VENV)/$* UV_PYTHON_DOWNLOADS=never \
	  $(BIN)/uv sync --frozen --quiet --project bench/peers/$* --python $(BIN)/python
	touch $@

# The JSON Schema Test Suite, which the source of jsonschema carries.
$(VENV)/.suite: $(VENV)/.test tests/peers/suite/requirements.txt
	$(BIN)/pip download --quiet --no-deps --no-binary jsonschema --require-hashes -d $(VENV)/suite -r tests/peers/suite/requirements.txt
	tar -xzf $(VENV)/suite/jsonschema-*.tar.gz -C $(VENV)/suite
	touch $@

# For the tests of the gateway: a model server and real clients; and programs that probe it.
$(VENV)/.serving $(VENV)/.probing: $(VENV)/.%: $(BIN)/uv tests/peers/%/uv.lock
	UV_PROJECT_ENVIRONMENT=$(CURDIR)/$(VENV)/$* UV_PYTHON_DOWNLOADS=never \
	  $(BIN)/uv sync --frozen --quiet --project tests/peers/$* --python $(BIN)/python
	touch $@

# An OpenID provider. It needs Node.js 18 or newer.
$(VENV)/.oidc: tests/peers/oidc/package.json tests/peers/oidc/package-lock.json | $(BIN)/uv node
	mkdir -p $(VENV)/oidc
	cp tests/peers/oidc/package.json tests/peers/oidc/package-lock.json $(VENV)/oidc
	npm ci --prefix $(VENV)/oidc --silent --ignore-scripts --no-audit --no-fund
	touch $@
