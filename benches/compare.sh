#!/usr/bin/env bash
# Runs two commands in turn, A B A B …, and prints the median wall time of each and their ratio: for figures against another
# program on the same machine in one run.
#   benches/compare.sh [-n RUNS] 'command A' 'command B'
set -euo pipefail
runs=9
if [ "${1:-}" = -n ]; then runs=$2; shift 2; fi
[ $# -eq 2 ] || { sed -n '2,4p' "$0"; exit 2; }

# Milliseconds that `sh -c "$1"` takes.
wall() {
  local begin end
  begin=$(date +%s%N)
  sh -c "$1" >/dev/null 2>&1 || true
  end=$(date +%s%N)
  echo $(((end - begin) / 1000))
}
median() { sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

a=() b=()
wall "$1" >/dev/null; wall "$2" >/dev/null
for _ in $(seq "$runs"); do a+=("$(wall "$1")"); b+=("$(wall "$2")"); done
ma=$(printf '%s\n' "${a[@]}" | median)
mb=$(printf '%s\n' "${b[@]}" | median)
awk -v a="$ma" -v b="$mb" -v n="$runs" 'BEGIN {
  printf "A %10.2f ms\nB %10.2f ms\nA/B %8.2f   (medians of %d runs, in turn)\n", a / 1000, b / 1000, a / b, n }'
