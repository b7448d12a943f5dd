# The two commands that matter: `make demo` and `make test`. `make help` lists the rest.

VERSION ?= $(shell cat VERSION)
COMMIT  ?= $(shell git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
LDFLAGS := -s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)
GO      ?= go

export CGO_ENABLED ?= 0

.DEFAULT_GOAL := help
.PHONY: help build demo test test-unit test-race lint generate bench bench-failover bench-fleet bench-moves soak crash crash-group test-ha test-rolling simulate fidelity walk servers browser pictures web-pictures web web-check clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## Build bin/orchestrator and bin/orchestrator-client.
	$(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/ ./cmd/orchestrator ./cmd/orchestrator-client

demo: build ## Boot three real servers and the service, and watch a failover. FLAVOR=mariadb|mysql
	script/install-servers --system $(or $(FLAVOR),mariadb)
	bin/orchestrator demo --flavor $(or $(FLAVOR),mariadb) $(DEMO_FLAGS)

servers: ## Install the database servers that the tests need (privately, no packages).
	script/install-servers --all --around

test: lint servers browser build web-check ## Install what the tests need, and run all of them.
	script/test
	$(MAKE) simulate

test-unit: ## Only the tests that need no database server.
	$(GO) test -short ./...

test-race: servers ## All tests under the race detector (needs a C compiler).
	CGO_ENABLED=1 $(GO) test -race -timeout 25m ./...

lint: ## gofmt, go vet, staticcheck.
	@unformatted=$$(gofmt -l cmd internal bench); test -z "$$unformatted" || { echo "not formatted: $$unformatted" >&2; exit 1; }
	$(GO) vet ./...
	$(GO) tool -modfile=tools/go.mod staticcheck ./...

browser: ## Install the browser that the tests of the web page need.
	script/install-chromium

pictures: ## Make pictures of the page's screens, on fixed data: PICTURES=pictures
	script/install-chromium
	$(GO) test ./internal/web/webtest -count 1 -run TestPictures -pictures $(abspath $(or $(PICTURES),pictures))

web-pictures: ## Make the pictures that docs/web.md shows.
	script/install-chromium
	$(GO) test ./internal/web/webtest -count 1 -run TestPictures -pictures $(abspath docs/pictures) -documented

web: ## Build the web page anew into internal/web/dist, which is committed.
	script/install-web
	$(GO) run -C tools ./webbundle

web-check: ## Check the web page: types, units, and that what is committed is what the sources give.
	script/install-web
	cd web && npm run --silent check
	$(GO) test -C tools ./webbundle
	$(GO) run -C tools ./webbundle -test
	$(GO) run -C tools ./webbundle -check

generate: ## Write the generated reference pages anew.
	$(GO) generate ./...
	$(GO) test ./internal/cli ./internal/httpapi ./cmd/orchestrator-client -run 'TestPagesAreCurrent|TestReferencePage' -update

bench: ## The benchmarks of the packages.
	$(GO) test -short -run '^$$' -bench . -benchtime 200ms ./internal/...

bench-failover: build servers ## Time real failovers: RUNS=20 FLAVORS=mariadb,mysql SCENARIOS=kill,freeze
	$(GO) run ./bench/failover -binary bin/orchestrator -runs $(or $(RUNS),20) -flavors "$${FLAVORS:-mariadb,mysql}" -scenarios "$${SCENARIOS:-kill,freeze}"

soak: build servers ## Many failovers in a row of one cluster: ROUNDS=25 FLAVORS=mariadb,mysql SEED=0 (network cuts take root)
	$(GO) run ./bench/soak -binary bin/orchestrator -rounds $(or $(ROUNDS),25) -flavors "$${FLAVORS:-mariadb,mysql}" -seed $(or $(SEED),0) -keep-on

walk: servers ## Rearrange real clusters at random under load: N=500 FLAVORS=mariadb,mysql SEED=0 WALK_FLAGS=-position
	$(GO) run ./bench/walk -n $(or $(N),500) -flavors "$${FLAVORS:-mariadb,mysql}" -seed $(or $(SEED),0) $(WALK_FLAGS)

bench-moves: servers ## Time relocate-replicas of REPLICAS=30 real replicas, at different degrees of parallelism.
	$(GO) run ./bench/walk -moves $(or $(REPLICAS),30)

crash: servers ## Kill the manager at every moment of real failovers and takeovers (3 to 10 minutes).
	ORCHESTRATOR_TEST_EVERY_MOMENT=1 $(GO) test ./cmd/orchestrator -run TestManagerThatDies -count 1 -v -timeout 40m

crash-group: servers ## Kill the leader of a raft group at every moment of real failovers (about 10 minutes).
	ORCHESTRATOR_TEST_EVERY_MOMENT=1 $(GO) test ./cmd/orchestrator -run TestLeaderThatDies -count 1 -v -timeout 40m

test-ha: build servers ## Strike the managers of a raft group at random: ROUNDS=200 FLAVOR=mariadb SEED=0 (takes root)
	$(GO) run ./bench/ha -binary bin/orchestrator -rounds $(or $(ROUNDS),200) -flavor $(or $(FLAVOR),mariadb) -seed $(or $(SEED),0) -v

test-rolling: build servers ## Restart, upgrade and replace all managers of a raft group one by one: TIMES=10 (takes root)
	$(GO) build -trimpath -ldflags '$(LDFLAGS) -X main.version=$(VERSION)-next' -o bin/next/ ./cmd/orchestrator
	$(GO) run ./bench/ha -binary bin/orchestrator -next bin/next/orchestrator -rolling $(or $(TIMES),10)

simulate: ## Random failures of a simulated fleet: N=20000 SEED=1
	$(GO) run ./bench/simulate -n $(or $(N),20000) -seed $(or $(SEED),1)

fidelity: servers ## Play all scripts of the simulator on real servers too, and want the same end (about 10 minutes).
	$(GO) test ./internal/sim/fidelity -run TestRealServers -count 1 -v -whole -timeout 60m

bench-fleet: build ## Time the service over SERVERS=5000 pretended servers.
	$(GO) run ./bench/fleetbench -binary bin/orchestrator -servers $(or $(SERVERS),5000)

clean: ## Remove what was built.
	rm -rf bin
