.DEFAULT_GOAL := help
.PHONY: help bench bench-db bench-web bench-sleep bench-prices again resume scale faults shapes network timeline quick compare report test setup

# Paths below the repository, which may stand in results, and programs for this machine.
export CARGO_TARGET_DIR := target
unexport CARGO_BUILD_TARGET
# Built first, so that cargo shows what it builds.
run = @scripts/setup.sh bench && cargo build --release --locked --bin bench-run && \
	cargo run --quiet --release --locked --bin bench-run --

help: ## List what can be made
	@sed -nE 's/^([a-z -]+):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 48

# PYTHON=1 adds the articles' own programs to bench, bench-…, again and network; they take as long again.
# BUSY=1 measures although something else runs, and says so in the results. FRESH=1 throws away a run that was stopped.
bench: ## Measure the four workloads into results/<machine>; about half an hour with the build
	$(run)

# DATABASE=mariadb or DATABASE_URLS=FILE: the server that answers instead of the lab.
bench-db bench-web bench-sleep bench-prices: ## Measure one workload, keep the others
	$(run) $(@:bench-%=%)

again: ## Add a sitting of timed rounds to the results; about 12 minutes
	$(run) --again

resume: ## Continue a run that was stopped, after its last complete step
	$(run) --resume

scale: ## How cost grows from 10 items to 1 000 000; about 25 minutes
	$(run) --study scale

faults: ## What hosts that refuse, hang or are slow cost; about 25 minutes
	$(run) --study faults

shapes: ## Fifteen ways to write "N things, at most M at a time"; about 16 minutes
	$(run) --study shapes

network: ## What a network under the databases costs; about 4 minutes
	$(run) --study network

timeline: ## Which thread sleeps when, with three hosts; under a minute
	$(run) --study timeline

quick: ## The same with less, in about two minutes, into target/quick
	$(run) --quick

compare: ## Two results side by side: make compare BASE=results/a NEW=results/b
	@test "$(BASE)" -a "$(NEW)" || { echo "usage: make compare BASE=results/a NEW=results/b" >&2; exit 2; }
	@cargo run --quiet --release --locked --bin bench-report -- compare "$(BASE)" "$(NEW)"

report: ## Make every generated file again, from the raw files and the sources
	@cargo run --quiet --release --locked --bin bench-report -- report

test: ## Check everything, as CI does
	@scripts/test.sh

setup: ## Install the tools that are missing
	@scripts/setup.sh
