#!/usr/bin/env bash
# Runs every fuzzer, or those that are named (codec, header, ...), for SHMX_FUZZ_SECONDS (default 8) on the corpus in the tree and what earlier runs found, and prints TAP.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../../.build/fuzz
seconds=${SHMX_FUZZ_SECONDS:-8}

if [[ ${1:-} == valgrind ]]; then
	echo '1..0 # skip the fuzzers have sanitizers of their own'
	exit
fi
mkdir -p "$build"
if ! sh "$here/build.sh" >"$build/build.log" 2>&1; then
	cat "$build/build.log"
	echo 'not ok 1 - the fuzzers build'
	echo '1..1'
	exit 1
fi
number=1
failed=0
echo 'ok 1 - the fuzzers build'
for source in "$here"/fuzz_*.c; do
	name=$(basename "$source" .c)
	[[ $# -eq 0 || " $* " == *" ${name#fuzz_} "* ]] || continue
	number=$((number + 1))
	if [[ ! -x $build/$name ]]; then
		echo "ok $number - $name # skip $(tail -n 1 "$build/build.log")"
		continue
	fi
	kept=$here/corpus/${name#fuzz_}
	mkdir -p "$build/corpus-$name" "$build/found"
	corpora=("$build/corpus-$name")
	[[ -d $kept ]] && corpora+=("$kept")
	log=$build/$name.log
	if "$build/$name" -max_total_time="$seconds" -max_len=4096 -timeout=20 -rss_limit_mb=4096 -print_final_stats=1 \
		-artifact_prefix="$build/found/$name-" "${corpora[@]}" >"$log" 2>&1; then
		runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
		echo "ok $number - $name: $runs inputs in $seconds s, nothing found"
	else
		tail -n 60 "$log"
		echo "not ok $number - $name"
		failed=1
	fi
done
echo "1..$number"
exit $failed
