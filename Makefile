# Every target that people and CI use; CI runs these and nothing else.
# "make" alone lists them.

GO       ?= go
FUZZTIME ?= 30s

# The linter is run at this version and is no dependency of the module. The
# first run builds it, which takes a minute or two.
LINT = $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0

.DEFAULT_GOAL := help
.PHONY: help demo build test check lint fmt fuzz conformance bench pgo simulate

help: ## list the targets
	@awk -F':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## run the demonstration: backends, a sidecar in front of them and light traffic
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && trap : INT && $(GO) build -o "$$dir/demo" ./cmd/demo && "$$dir/demo"

build: ## build ./sidecar: static, stripped, the same bytes from the same source
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags "-s -w -buildid=" -o sidecar ./cmd/sidecar

test: ## run every test that can run here and list what was skipped
	@scripts/test.sh

check: lint test ## what to run before a commit: lint, then every test

lint: ## run the linters of .golangci.yml
	$(LINT) run --build-tags conformance ./...

fmt: ## format the source
	gofmt -w .

fuzz: ## run every fuzz target for FUZZTIME (30s)
	@scripts/fuzz.sh $(FUZZTIME)

conformance: ## run the long tests: a million requests a protocol (an hour at most)
	@scripts/install.sh nginx dnsmasq zookeeper redis-server
	@scripts/install.sh mvn javac cmake flex bison c++ cc python3 node npm redis-cli redis-benchmark hiredis tclsh kcat || true # for peers in other languages
	SIDECAR_CONFORMANCE=1 $(GO) test -tags conformance -count=1 -v -run Conformance -timeout 60m ./...

bench: ## measure the sidecar beside other proxies on a quiet machine (half an hour); BENCH="-all" and the like
	@scripts/install.sh wrk
	@scripts/install.sh haproxy nginx cc redis-server nutcracker || true # peers that are not here are named in the result
	@scripts/envoy.sh || true
	@scripts/kafka-proxy.sh || true
	$(GO) run ./bench $(BENCH)

simulate: ## run sidecars and backends in virtual time and write docs/balancing.* (a few minutes)
	$(GO) run ./internal/sim/run -write

pgo: ## take the profile anew that builds are optimized by (cmd/sidecar/default.pgo)
	@scripts/install.sh wrk cc
	$(GO) run ./bench -only '^64 connections, answers of 100 B$$' -peers '^$$' -rounds 1 -profile cmd/sidecar/default.pgo
