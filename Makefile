# What a newcomer needs is `make demo` and `make test`. The rest is for those who change things.

GO         ?= go
# A count, not a time: a time's end may be reported as a failure (go.dev/issue/75804).
FUZZTIME   ?= 100000x
SCHEDULES  ?= 10000
STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: demo test check bench build fuzz corpus soak safeguards redis

demo: ## Everything embedded: simulated Microsoft 365 and Webex, people, the daemon.
	$(GO) run ./cmd/syncd demo

# Four tests of a package at once, though there are fewer cores: many wait for processes.
test: redis ## All tests, with the race detector.
	$(GO) test -race -shuffle=on -parallel 4 -timeout 20m ./...

check: ## Formatting, vet, staticcheck.
	@files=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$files" || { echo "gofmt would change: $$files"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...

bench: redis ## Benchmarks, beside the floor and beside Microsoft's own library, which takes minutes to compile once.
	@GO="$(GO)" ./.ci/machine
	$(GO) test -run '^$$' -bench . -benchmem -timeout 60m ./...
	$(GO) -C bench/msgraph test -mod=mod -run '^$$' -bench . -timeout 60m .

build: ## The static binary, bin/syncd.
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o bin/syncd ./cmd/syncd

soak: redis ## Every fault, crash and kill, and the randomised run for as long as you like: make soak SCHEDULES=100000
	SYNCD_TEST_SCHEDULES=$(SCHEDULES) $(GO) test -timeout 24h -run 'Schedules|Crash|Fault|Thinks' ./sweep
	$(GO) test -run Killing ./cmd/syncd

safeguards: ## Takes each safeguard out of the program and sees the randomised run fail.
	$(GO) test -tags safeguards -timeout 60m -run TestTheRandomRunMissesEachSafeguard -v ./sweep

fuzz: ## Each fuzz target for FUZZTIME.
	@for target in $$(grep -rhoE --include='*_test.go' '^func Fuzz[A-Za-z0-9]+' . | awk '{print $$2}' | sort -u); do \
		for pkg in $$(grep -rlE --include='*_test.go' "^func $$target\\(" . | xargs -n1 dirname | sort -u); do \
			echo "fuzz $$pkg $$target"; \
			$(GO) test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg || exit 1; \
		done; \
	done

corpus: ## Precision, recall and false hits of the join-link parser.
	$(GO) test -run '^TestCorpus$$' -count=1 -v ./parser

redis: # finds or installs redis-server, and the peer of the tests of event hubs
	@./.ci/redis
	@./.ci/proton
