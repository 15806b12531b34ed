#!/usr/bin/env bash
# Checks the models with spin: one TAP line for each property, and for each break that must be found. Needs spin and gcc.
#
#   check.sh          all models with small bounds, well under a minute on two processors
#   check.sh --short  what ./dev test runs: each model once, and one break of each
#   check.sh --full   larger bounds as well: some minutes, and up to 6 GB of memory
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")"

depth=${1:-}
if [[ $# -gt 1 || ! $depth =~ ^(--short|--full)?$ ]]; then
	echo "usage: $0 [--short|--full]" >&2
	exit 2
fi
models=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A run: the model, its variant, whether it must hold or break, and what is said of it. More than one thing may be.
run_model=() run_variant=() run_expects=() run_texts=()
run() {
	run_model+=("$1") run_variant+=("$2") run_expects+=("$3")
	shift 3
	run_texts+=("$(printf '%s\n' "$@")")
}
when() { [[ " $1 " == *" ${depth:---default} "* ]]; }

# holds MODEL VARIANT TEXT...; breaks MODEL VARIANT PATTERN TEXT: what spin says of the trace must match the pattern.
holds() { run "$1" "$2" '' "${@:3}"; }
breaks() { run "$1" "$2" "$3" "$4"; }

two_owners='assertion violated .*owner==0'
endless='acceptance cycle'
asleep='invalid end state'
in_vain='assertion violated.*asleep'

holds guard '-DWRITERS=2' \
	'guard, 2 writers, any number of deaths: never two owners, nothing is taken from the living' \
	'guard, 2 writers, any number of deaths: after a death nobody writes before the repair, and a dead repairer'\''s is done again'
breaks guard '-DWRITERS=2 -DNO_TENURE' "$two_owners" 'guard without the tenure: two owners are found'
if when '--short'; then
	holds guard '-DWRITERS=2 -DDEATHS=1 -DLIVENESS' \
		'guard, 2 writers, 1 death: neither a dead owner'\''s nor a free guard stays so for ever while somebody waits'
	holds guard '-DWRITERS=2 -DDEATHS=1 -DROUNDS=2 -DPATIENT -DNO_TIMEOUT' \
		'guard, 2 writers, 2 takes each: without any bound on sleeps, one death leaves nobody asleep'
fi
if when '--default --full'; then
	holds guard '-DWRITERS=3 -DDEATHS=1 -DROUNDS=1 -DPATIENT' 'guard, 3 writers, 1 death, 1 take each: the same'
	holds guard '-DWRITERS=2 -DDEATHS=2 -DSTOPS=1 -DLIVENESS' \
		'guard: neither a dead owner'\''s nor a free guard stays so for ever while somebody waits, though another is stopped'
	holds guard '-DWRITERS=2 -DDEATHS=1 -DROUNDS=3 -DPATIENT -DNO_TIMEOUT' \
		'guard, 2 writers: without any bound on sleeps, one death leaves nobody asleep'
	holds guard '-DWRITERS=3 -DDEATHS=0 -DROUNDS=2 -DPATIENT -DNO_TIMEOUT' \
		'guard, 3 writers: without any bound on sleeps and without deaths, nobody is left asleep'
	breaks guard '-DWRITERS=2 -DDEATHS=2 -DSTOPS=1 -DLIVENESS -DINHERIT_ONCE' "$endless" \
		'guard whose heir tries only once: a guard that names a living process and is nobody'\''s is found'
	breaks guard '-DWRITERS=2 -DDEATHS=1 -DSTOPS=1 -DLIVENESS -DNO_TIMEOUT' "$endless" \
		'guard without a bound on sleeps: a waiter whom a stopped process does not wake is found'
	breaks guard '-DWRITERS=2 -DDEATHS=1 -DROUNDS=3 -DPATIENT -DNO_TIMEOUT -DNO_DEATH_POST' "$asleep" \
		'guard without a bound on sleeps whose dead do not post: a waiter asleep for ever is found'
	breaks guard '-DWRITERS=2 -DNO_LOOK' "$two_owners" 'guard taken without a look at the token: two owners are found'
	breaks guard '-DWRITERS=2 -DLATE_LOAD' "$two_owners" 'guard loaded again after the look: two owners are found'
	breaks guard '-DWRITERS=2 -DNO_RECOVERY' 'assertion violated.*dirty' 'guard without recovery: a write before it is found'
fi
if when --full; then
	holds guard '-DWRITERS=3 -DDEATHS=1 -DROUNDS=1' 'guard, 3 writers, 1 death, 1 take each, calls may time out: the same'
	holds guard '-DWRITERS=3 -DDEATHS=2 -DROUNDS=1 -DPATIENT' 'guard, 3 writers, 2 deaths, 1 take each: the same'
fi

holds queue '-DSENDERS=2 -DRECEIVERS=1 -DMESSAGES=1' \
	'queue, 2 senders, 1 receiver, 1 death: no message is lost or received twice, and the counts are right' \
	'queue, 2 senders, 1 receiver, 1 death: nobody sleeps in vain, with no bound on sleeps'
holds queue '-DSENDERS=1 -DRECEIVERS=1 -DMESSAGES=3 -DGIVE_UPS=0 -DDEATHS=0 -DLOOKS' \
	'queue, 1 sender of 3 messages, 1 receiver: who counts without the guard counts no more than there is room for'
breaks queue '-DSENDERS=1 -DRECEIVERS=1 -DMESSAGES=3 -DGIVE_UPS=0 -DDEATHS=0 -DLOOKS -DONE_LOOK' 'assertion violated.*both' \
	'queue whose counts do not look again at what was received: more than there is room for is found'
holds queue '-DSENDERS=1 -DRECEIVERS=1 -DLOOKS' \
	'queue, 1 sender of 2 messages, 1 receiver, 1 death: who counts without the guard counts what was so at one moment'
breaks queue '-DSENDERS=1 -DRECEIVERS=1 -DLOOKS -DCOUNTED_ONLY' 'assertion violated.*before' \
	'queue whose counts forget what the dead did: a wrong count is found'
breaks queue '-DSENDERS=1 -DRECEIVERS=1 -DNO_DEATH_POST' "$in_vain" 'queue whose dead do not post: a sleep in vain is found'
if when '--default --full'; then
	holds queue '-DSENDERS=1 -DRECEIVERS=2' 'queue, 1 sender of 2 messages, 2 receivers, 1 death: the same'
	holds queue '-DSENDERS=1 -DRECEIVERS=2 -DCAPACITY=1' 'queue, the same with room for one message: the same'
	breaks queue '-DSENDERS=1 -DRECEIVERS=1 -DSENT_FIRST' 'assertion violated.*sent==head' \
		'queue that intends the count before head: a wrong count is found'
	breaks queue '-DSENDERS=1 -DRECEIVERS=1 -DLOOKS -DINTENDED_AT_FIRST' 'assertion violated.*before' \
		'queue whose counts load the intended place before the count: a wrong count is found'
	breaks queue '-DSENDERS=2 -DRECEIVERS=1 -DMESSAGES=1 -DLATE_TURN' "$in_vain" \
		'queue whose senders look at their semaphore without the guard: a sleep in vain is found'
	breaks queue '-DSENDERS=1 -DRECEIVERS=2 -DCAPACITY=1 -DNO_HAND_ON' "$in_vain" \
		'queue whose receivers do not hand on a wake-up: a sleep in vain is found'
fi
if when --full; then
	holds queue '-DSENDERS=1 -DRECEIVERS=1 -DMESSAGES=3 -DGIVE_UPS=0 -DLOOKS' \
		'queue, 1 sender of 3 messages, 1 receiver, 1 death: counts are the same'
	holds queue '-DSENDERS=1 -DRECEIVERS=1 -DDEATHS=2 -DLOOKS' 'queue, 1 sender, 1 receiver, 2 deaths: counts are the same'
	holds queue '-DSENDERS=2 -DRECEIVERS=2 -DMESSAGES=1 -DGIVE_UPS=0' 'queue, 2 senders, 2 receivers, 1 death: the same'
	holds queue '-DSENDERS=1 -DRECEIVERS=1 -DDEATHS=2 -DGIVE_UPS=2' 'queue, 1 sender, 1 receiver, 2 deaths: the same'
	holds queue '-DSENDERS=1 -DRECEIVERS=2 -DDEATHS=2 -DGIVE_UPS=0' 'queue, 1 sender, 2 receivers, 2 deaths: the same'
fi

if when '--short'; then
	holds bytes '-DWRITES=2 -DDEATHS=0' 'bytes, 2 writes: a read is what stood there at one moment'
	holds bytes '-DWRITES=2 -DDEATHS=1 -DRANGES=1' \
		'bytes, 2 writes, 1 death, a torn table that is full after one: no torn read is not told'
	holds bytes '-DWRITES=1 -DDEATHS=2' \
		'bytes, 1 write, 2 deaths: a read is what stood there at one moment, or is told as torn, and nothing else is told so'
	breaks bytes '-DWRITES=2 -DDEATHS=1 -DNO_OVERLAY' 'assertion violated right' \
		'bytes without the journal laid over: a mix is found'
fi
if when '--default --full'; then
	holds bytes '-DWRITES=2 -DDEATHS=1' \
		'bytes, 2 writes, 1 death: a read is what stood there at one moment, or is told as torn' \
		'bytes, 2 writes, 1 death: a small write is there whole or not at all' \
		'bytes, 2 writes, 1 death: nothing is told as torn that is not'
	for broken in \
		'NO_CHECK:whose readers do not look at the sequence again: a mix' \
		'NO_OVERLAY:without the journal laid over: a mix' \
		'EARLY_STAMP:stamped before the journal is written: a mix' \
		'NO_RECOVERY:without recovery: a mix' \
		'NO_MARK:whose recovery marks nothing: an untold torn read' \
		'CUT_FIRST:that cut a torn range before the rest is entered: an untold torn read' \
		'ONE_LOOK:whose readers look through the torn table once: an untold torn read'; do
		breaks bytes "-DWRITES=2 -DDEATHS=1 -D${broken%%:*}" 'assertion violated right' "bytes ${broken#*:} is found"
	done
	holds bytes '-DWRITES=2 -DDEATHS=2 -DRANGES=1' \
		'bytes, 2 writes, 2 deaths, a torn table that is full after one: no torn read is not told'
	breaks bytes '-DWRITES=2 -DDEATHS=2 -DRANGES=1 -DNO_GROWTH' 'assertion violated right' \
		'bytes whose full table takes in no more: an untold torn read is found'
	breaks bytes '-DWRITES=2 -DDEATHS=2 -DRANGES=1 -DCUT_WHEN_FULL' 'assertion violated right' \
		'bytes that cut a torn range though the rest has no entry: an untold torn read is found'
fi
if when --full; then
	holds bytes '-DWRITES=2 -DDEATHS=2' 'bytes, 2 writes, 2 deaths: the same'
fi

holds log '-DOPS=2 -DDEATHS=2' \
	'log, 2 calls, 2 deaths, of recovery as well: a look-up finds what was true at one moment of it, and never another key'\''s bytes' \
	'log, 2 calls, 2 deaths, of recovery as well: a call happens whole or not at all, and a permanent variable is never missing'
breaks log '-DOPS=3 -DDEATHS=0 -DNO_BUCKET_CHECK' 'assertion violated.*allowed' \
	'log whose readers do not look at the bucket again: a missing variable is found'
if when '--default --full'; then
	holds log '-DOPS=3 -DDEATHS=0' 'log, 3 calls, no death: the same'
	holds log '-DOPS=2 -DWALK' 'log, 2 calls, 1 death: a walk over the keys meets what is there all the while' \
		'log, 2 calls, 1 death: a walk meets no key twice if the guard was at rest and head has stayed'
	for broken in \
		'NO_TAIL_CHECK:next<offset:whose readers do not look at tail again: another record'\''s link' \
		'NO_LAST_CHECK:next==found:whose readers do not look at tail after the last byte: another record'\''s bytes' \
		'NO_PUBLISH:next==found:that writes where tail was not published: another record'\''s bytes' \
		'UNLINK_FIRST:now.each:that unlinks the old before it links the new: a missing variable' \
		'PASS_FIRST:now.each:that passes tail before it links the copy: a missing variable' \
		'WALK -DNO_RECEDE:met:whose walk does not go on after a dead record: a missing key' \
		'WALK -DNO_LOOK_AT_GUARD:twice:whose walk does not look at the guard: a key met twice' \
		'WALK -DGUARD_FIRST:twice:whose walk looks at the guard before it loads head: a key met twice'; do
		pattern=${broken#*:}
		breaks log "-DOPS=3 -DDEATHS=0 -D${broken%%:*}" "assertion violated.*${pattern%%:*}" "log ${pattern#*:} is found"
	done
	breaks log '-DOPS=2 -DNO_INTENT' 'assertion violated.*now' 'log without the intent: half a call is found'
fi
if when --full; then
	holds log '-DOPS=3' 'log, 3 calls, 1 death: the same'
	holds log '-DOPS=4 -DDEATHS=0' 'log, 4 calls, no death: the same'
	holds log '-DOPS=3 -DWALK' 'log, 3 calls, 1 death: the same of a walk over the keys'
fi

if when '--short'; then
	holds lap '-DOPS=3' 'laps, 3 calls, 1 death: a walk takes nothing for a record that is none'
fi
if when '--default --full'; then
	holds lap '-DOPS=4' 'laps, 4 calls, 1 death: a walk takes nothing for a record that is none'
fi
if when --full; then
	holds lap '-DOPS=5 -DDEATHS=2' 'laps, 5 calls, 2 deaths: the same'
fi
breaks lap '-DOPS=4 -DDEATHS=0 -DREWIND_AT_ONCE' 'assertion violated.*seen_lap' \
	'laps that end while tail comes from the one before: a walk that loses its way is found'

# In a folder of its own: what spin makes of the variant is compiled and run; the answer is left in the file `said`.
check() {
	local i=$1 folder=$work/$1 liveness=() property=(-DSAFETY) optimize=-O1
	mkdir "$folder"
	cd "$folder"
	if [[ ${run_variant[i]} == *LIVENESS* ]]; then
		property=() liveness=(-a -f)
	fi
	# A break is found sooner than an optimizer is done.
	[[ -z ${run_expects[i]} ]] || optimize=-O0
	# Without the partial order reduction: it saves little here, and one thing less has to be believed.
	# shellcheck disable=SC2086
	{
		spin ${run_variant[i]} -a "$models/${run_model[i]}.pml" &&
			gcc "$optimize" -w -DNOREDUCE -DMEMLIM=6000 "${property[@]}" -o pan pan.c &&
			./pan -m1000000 -w22 "${liveness[@]}" -n
	} >said 2>&1 </dev/null || true
	rm -f pan ./pan.[a-z]
}

for ((i = 0; i < ${#run_model[@]}; i++)); do
	while [[ $(jobs -rp | wc -l) -ge 2 ]]; do
		wait -n || true
	done
	check "$i" &
done
wait

failed=0 number=0
for ((i = 0; i < ${#run_model[@]}; i++)); do
	said=$work/$i/said
	verdict='not ok'
	if [[ -n ${run_expects[i]} ]]; then
		! grep -q '^pan:[0-9]*: .*'"${run_expects[i]}" "$said" || verdict=ok
	# A search that was cut short has shown nothing.
	elif grep -q 'errors: 0$' "$said" && ! grep -qE 'max search depth|out of memory|Search not completed' "$said"; then
		verdict=ok
	fi
	while read -r text; do
		number=$((number + 1))
		printf '%s %d - %s\n' "$verdict" "$number" "$text"
	done <<<"${run_texts[i]}"
	printf '# %s %s: %s states, %s s\n' "${run_model[i]}" "${run_variant[i]}" \
		"$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$said" | head -n 1)" \
		"$(sed -n 's/^pan: elapsed time \([0-9.]*\) seconds/\1/p' "$said")"
	if [[ $verdict != ok ]]; then
		failed=1
		grep -v '^[[:space:]]*$' "$said" | head -n 40 | sed 's/^/#   /'
	fi
done
printf '1..%d\n' "$number"
exit "$failed"
