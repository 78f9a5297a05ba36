.DEFAULT_GOAL := help
.PHONY: help bench bench-db bench-web bench-sleep bench-prices scale faults network quick compare report test setup

help: ## List what can be made
	@sed -nE 's/^([a-z -]+):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 48

# PYTHON=1 adds the articles' own programs to bench, bench-… and network; they take as long again.
bench: ## Measure everything into results/<machine>; about 18 minutes
	@scripts/bench.sh

# DATABASE=mariadb or DATABASE_URLS=FILE: what answers in place of the lab.
bench-db bench-web bench-sleep bench-prices: ## Measure one workload, keep the others
	@scripts/bench.sh $(@:bench-%=%)

scale: ## How cost grows from 10 items to 100 000; under 15 minutes
	@scripts/bench.sh --part scale

faults: ## What hosts that refuse, hang or are slow cost; about 11 minutes
	@scripts/bench.sh --part faults

network: ## What a network under the databases costs; about 3 minutes
	@scripts/bench.sh --part network

quick: ## The same with less, in about a minute, into target/quick
	@scripts/bench.sh --quick

compare: ## Two results side by side: make compare BASE=results/a NEW=results/b
	@test "$(BASE)" -a "$(NEW)" || { echo "usage: make compare BASE=results/a NEW=results/b" >&2; exit 2; }
	@cargo run --quiet --release --locked -p bench-report -- compare "$(BASE)" "$(NEW)"

report: ## Make every generated file again, from the raw files and the sources
	@cargo run --quiet --release --locked -p bench-report -- report

test: ## Check everything, as CI does
	@scripts/test.sh

setup: ## Install the tools that are missing
	@scripts/setup.sh
