# The targets that people and CI run. `make help` lists them.
SHELL := /bin/bash
CARGO ?= cargo
# OPENSSL=system links the system's OpenSSL instead of building one in.
ifeq ($(OPENSSL),system)
export OPENSSL_NO_VENDOR = 1
endif

.PHONY: help run test check fmt lint doc deny load fuzz alerts

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

run: ## build and start the development gateway, print what to try
	@scripts/setup build
	@$(CARGO) build --quiet --locked --release -p gateway --bin countersign
	@exec target/release/countersign dev $(ARGS)

test: ## everything: format, lints, documentation, all tests
	@scripts/setup test
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items --quiet
	scripts/test

check: ## the quick part of `test`: format and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

fmt: ## format the source
	$(CARGO) fmt --all

lint: check ## same as check

doc: ## the documentation, as it is checked
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items

deny: ## licences, advisories and sources of dependencies (needs cargo-deny)
	$(CARGO) deny check

load: ## a load test of the development gateway: under a minute, after a release build
	@scripts/setup build
	@$(CARGO) build --quiet --locked --release -p gateway -p loadtest
	@scripts/load

fuzz: ## fuzz every parser: MINUTES=1 each, one after another; TARGET=name for one
	@scripts/setup build
	@scripts/fuzz $(or $(TARGET),all) $$(( $(or $(MINUTES),1) * 60 ))
