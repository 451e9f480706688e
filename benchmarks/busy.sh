#!/usr/bin/env bash
# Runs the whole suite several times beside CPU-bound jobs, and prints a Markdown table: `benchmarks/busy.sh [RUNS] [JOBS]`.
# What failed stands in benchmarks/busy-N.log. Ends with status 1 unless every run was green.
set -uo pipefail
cd "$(dirname "$0")/.."
runs=${1:-10} jobs=${2:-2}
python=.venv/bin/python
make .venv/.dev >&2 || exit 1

burners=()
for _ in $(seq "$jobs"); do
    "$python" -c 'while True: pass' &
    burners+=($!)
done
trap 'kill "${burners[@]}" 2>/dev/null' EXIT

green=0
echo "| Run | Outcome | Tests | Minutes |"
echo "| ---: | --- | --- | ---: |"
for run in $(seq "$runs"); do
    log=benchmarks/busy-$run.log
    began=$(date +%s)
    if make test >"$log" 2>&1; then outcome=green green=$((green + 1)); else outcome=RED; fi
    took=$(($(date +%s) - began))
    counts=$(grep -E '(passed|failed|error).* in [0-9.]+s' "$log" | tail -n 1 | sed -E 's/ in [0-9.]+s.*//; s/^=+ //')
    [ "$outcome" = green ] && rm -f "$log"
    echo "| $run | $outcome | ${counts:-none} | $((took / 60)):$(printf %02d $((took % 60))) |"
done
echo
echo "$green of $runs runs green, beside $jobs CPU-bound jobs on $(nproc) cores."
[ "$green" -eq "$runs" ]
