# One menu. Everything works on a fresh machine with the .NET 10 SDK and make.
.DEFAULT_GOAL := help
.PHONY: help build test demo verify bench bench-grpc acceptance scale faults interop soak fmt clean peers

SYNCHUB := artifacts/build/bin/synchub/release/synchub
# Runs of minutes: everything is compiled once and for good, and the youngest generation of garbage is large.
STEADY := DOTNET_TieredCompilation=0 DOTNET_ReadyToRun=0 DOTNET_GCgen0size=0x8000000
TESTS := tests/Core tests/Storage tests/Grpc tests/Agent tests/Hub tests/Verify tests/Demo tests/Acceptance.Tests tests/Scale.Tests tests/EndToEnd tests/Simulation tests/Faults

help: ## Shows this menu
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

build: ## Builds the synchub program (Release)
	dotnet build deploy/synchub/synchub.csproj -c Release -v quiet -nologo

test: peers ## Runs all tests; ends with "N passed, N failed"
	./deploy/scripts/test.sh $(TESTS)

demo: build ## A hub and 8 stores on this machine, with trouble: [TRACE=file.csv.gz] [STORES=n] [OUTAGE=percent] [SEED=n] [RECEIPTS=n] [STORAGE=postgres] [HUBS=n] [CELLS=n] [OLD=commit]
	$(if $(filter postgres,$(STORAGE)),@./deploy/scripts/postgres.sh install)
	$(if $(filter postgres,$(STORAGE)),SYNCHUB_POSTGRES_SERVERS=$(or $(CELLS),1) ./deploy/scripts/postgres.sh run) $(SYNCHUB) demo $(if $(filter postgres,$(STORAGE)),--storage env:SYNCHUB_STORAGE $(patsubst %,--storage env:SYNCHUB_STORAGE_%,$(wordlist 2,$(or $(CELLS),1),1 2 3 4))) $(if $(CELLS),--cells $(CELLS)) $(if $(HUBS),--hubs $(HUBS)) $(if $(TRACE),--trace $(TRACE)) $(if $(STORES),--stores $(STORES)) $(if $(OUTAGE),--outage $(OUTAGE)) $(if $(SEED),--seed $(SEED)) $(if $(RECEIPTS),--receipts $(RECEIPTS)) $(if $(OLD),--older $$(./deploy/scripts/older.sh $(OLD))) $(if $(KEEP),--keep)

verify: build ## Audits the databases of the last kept demo run
	$(SYNCHUB) verify --hub artifacts/demo/run/hub $(addprefix --agent ,$(filter-out %.guard %.keys %.machine,$(wildcard artifacts/demo/run/agent* artifacts/demo/run/store*))) --converged

bench: ## Speed beside real peers: [ONLY=stream,hot,till,rights,reconnect,cold,ack,idle,big,memory,cost,parts] [STORAGE=postgres,sqlite] [RUNS=n] [SECONDS=n] [BACKLOG=n] [BIG=members] [PARTS=records]
	$(if $(findstring postgres,$(or $(STORAGE),postgres)),@./deploy/scripts/postgres.sh install)
	dotnet build tests/Bench -c Release -v quiet -nologo
	artifacts/build/bin/Bench/release/SyncHub.Bench --runs $(or $(RUNS),5) --seconds $(or $(SECONDS),5) $(if $(ONLY),--only $(ONLY)) $(if $(STORAGE),--storage $(STORAGE)) $(if $(BACKLOG),--backlog $(BACKLOG)) $(if $(BIG),--big $(BIG)) $(if $(PARTS),--part-records $(PARTS))

bench-grpc: ## Our gRPC beside a plain Kestrel endpoint and the official C++: [ROUNDS=n] [SECONDS=n] [ONLY=work,work]
	@./tests/Bench.Grpc/Cpp/build.sh artifacts/bench/cpp || echo "SKIPPED: the official C++ side could not be built, see artifacts/bench/cpp; its rows are missing below" >&2
	dotnet build tests/Bench.Grpc -c Release -v quiet -nologo
	artifacts/build/bin/Bench.Grpc/release/SyncHub.GrpcBench run $$(test -x artifacts/bench/cpp/bench && echo --cpp artifacts/bench/cpp/bench) --rounds $(or $(ROUNDS),5) --seconds $(or $(SECONDS),1.5) $(if $(ONLY),--only $(ONLY)) --output artifacts/bench

acceptance: ## How many sales stores could approve: [TRACE=file.csv.gz|salons|tourists|families] [DOWNTIME=percent] [STORES=n] [SEEDS=n]
	dotnet run --project tests/Acceptance/Acceptance.csproj -c Release -- $(if $(TRACE),--trace $(TRACE)) $(if $(DOWNTIME),--downtime $(DOWNTIME)) $(if $(STORES),--stores $(STORES)) $(if $(SEEDS),--seeds $(SEEDS))

sim: ## Simulates crashes, lost disks, copies and restores: [SEEDS=n] [STEPS=n] [FAULTS=set,set|every] [SEED=first] [TRACE=1 shows one seed] [AUDIT=1 has the disks audited]
	dotnet build tests/Simulator -c Release -v quiet -nologo
	$(if $(TRACE),,$(STEADY)) artifacts/build/bin/Simulator/release/SyncHub.Simulator --seeds $(or $(SEEDS),2000) --steps $(or $(STEPS),400) --faults $(or $(FAULTS),every) --seed $(or $(SEED),1) $(if $(TRACE),--trace) $(if $(AUDIT),--audit)

mutants: ## Turns off one mechanism after the other and shows which invariant notices: [SEEDS=n] [STEPS=n] [ONLY=mechanism,mechanism]
	dotnet build tests/Simulator -c Release -p:Mutants=true -v quiet -nologo
	$(STEADY) artifacts/mutants/bin/Simulator/release/SyncHub.Simulator --mutants --seeds $(or $(SEEDS),3000) --steps $(or $(STEPS),400) $(if $(ONLY),--only $(ONLY))

scale: ## Simulates a chain of 100 million members, lost hubs and a reconnect of all stores: [MEMBERS=n] [STORES=n] [OPS=per second] [HUBS=n] [CORES=n] [DATABASES=n] [SHARED=hubs per database] [LOSE=n] [OUTAGE=seconds] [SEED=n]
	dotnet build tests/Scale -c Release -v quiet -nologo
	artifacts/build/bin/Scale/release/SyncHub.Scale --seed $(or $(SEED),1) $(if $(MEMBERS),--members $(MEMBERS)) $(if $(STORES),--stores $(STORES)) $(if $(OPS),--ops $(OPS)) $(if $(HUBS),--hubs $(HUBS)) $(if $(CORES),--cores $(CORES)) $(if $(DATABASES),--databases $(DATABASES)) $(if $(SHARED),--hubs-per-database $(SHARED)) $(if $(LOSE),--lose $(LOSE)) $(if $(OUTAGE),--outage $(OUTAGE))

faults: ## Kills, pauses, restores and clones real processes on bad lines and disks: [SECONDS=n] [SEED=n] [STRIDE=1 kills at every write]
	@./tests/Faults/install-faketime.sh
	@./deploy/scripts/postgres.sh install
	SYNCHUB_FAULTS_SECONDS=$(or $(SECONDS),300) SYNCHUB_FAULTS_SEED=$(or $(SEED),random) SYNCHUB_FAULTS_STRIDE=$(STRIDE) dotnet test tests/Faults -c Release -nologo -v quiet --logger "console;verbosity=detailed"

interop: ## gRPC with the official C++, Go, Java, Node, Python and Ruby, both ways: a table, exit code 1 on a failure: [PEERS="go ruby"]
	./tests/Interop/peers/install.sh artifacts/interop $(PEERS)
	dotnet build tests/Interop -c Release -v quiet -nologo
	artifacts/build/bin/Interop/release/SyncHub.Interop matrix --peers artifacts/interop/peers --table artifacts/interop/table.md $(if $(PEERS),--only $(PEERS))
	./tests/Interop/peers/probe.sh artifacts/interop artifacts/build/bin/Interop/release/SyncHub.Interop

soak: ## 100,000 gRPC calls and 10,000 aborted ones in one process: exit code 1 if anything is left of them
	dotnet build tests/Interop -c Release -v quiet -nologo
	artifacts/build/bin/Interop/release/SyncHub.Interop soak

fmt: ## Formats the code
	dotnet format SyncHub.sln

peers:
	@./tests/Grpc/install-peers.sh
	@./deploy/scripts/postgres.sh install
	@./tests/Faults/install-faketime.sh

clean: ## Removes everything that was built
	rm -rf artifacts
