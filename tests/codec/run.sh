#!/bin/sh
# Builds the codec as a test-only extension and runs codec.php over it: as it is; in small, under
# AddressSanitizer and UBSan, which see what our code does; and in small under valgrind, which
# sees what PHP does with the values that our code made. Prints TAP.
# "run.sh coverage" builds with gcc's counters in .build/codec-coverage instead, and runs it once.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build=$root/.build/codec
php=${PHP:-php}
php_config=${PHP_CONFIG:-php-config}
compiler=${CC:-cc}
includes=$($php_config --includes | sed 's/-I/-isystem /g')
warnings="-Wall -Wextra -Wshadow -Werror"
mkdir -p "$build"

compile() { # target, flags
	target=$1
	shift
	# shellcheck disable=SC2086 # flags are words
	"$compiler" $includes $warnings -std=gnu11 -fPIC -shared -pthread "$@" \
		"$root/shmx_codec.c" "$here/codec_test.c" -o "$build/$target"
}

# One TAP stream out of several: numbers go on, plans are dropped until the end.
renumber() { # label
	awk -v from="$(cat "$build/count")" -v label="$1" -v count="$build/count" '
		/^(not )?ok [0-9]+/ {
			bad = /^not /
			sub(/^(not )?ok [0-9]+( - )?/, "")
			print (bad ? "not ok " : "ok ") ++from " - " label $0
			next
		}
		/^1\.\./ { whole = 1; next }
		/^==[0-9]+==|runtime error:/ { reported = 1 }
		{ print "# " $0 }
		END {
			print (whole && !reported ? "ok " : "not ok ") ++from " - " label "ran to its end, with nothing reported"
			print from > count
		}'
}

run() { # label, command...
	label=$1
	shift
	"$@" 2>&1 | renumber "$label" | tee -a "$build/tap"
}

if [ "${1:-}" = coverage ]; then
	build=$build-coverage
	compiler=gcc
	mkdir -p "$build"
	compile codec_test.so -O0 -g --coverage -fprofile-update=atomic
	exec "$php" -d extension="$build/codec_test.so" "$here/codec.php"
fi

echo 0 > "$build/count"
: > "$build/tap"

compile codec_test.so -O2 -g
run "" "$php" -d extension="$build/codec_test.so" "$here/codec.php"

runtime=$("$compiler" -print-file-name=libasan.so)
"$compiler" -shared -fPIC "$here/shallow_bind.c" -o "$build/shallow_bind.so"
if [ "${SHMX_SLOWNESS:-1}" -gt 1 ]; then
	run "" printf 'ok 1 - sanitizers # SKIP their allocator does not work on an emulated processor\n1..1\n'
elif [ -e "$runtime" ] && compile codec_asan.so -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=undefined 2> "$build/asan.log"; then
	run "sanitizers: " env LD_PRELOAD="$build/shallow_bind.so $runtime" USE_ZEND_ALLOC=0 SHMX_CODEC_SMALL=1 \
		ASAN_OPTIONS=detect_leaks=0:verify_asan_link_order=0 UBSAN_OPTIONS=print_stacktrace=1 \
		"$php" -n -d extension="$build/codec_asan.so" "$here/codec.php"
else
	run "" printf 'ok 1 - sanitizers # SKIP this compiler has none\n1..1\n'
fi

if command -v valgrind > /dev/null; then
	run "valgrind: " env USE_ZEND_ALLOC=0 ZEND_DONT_UNLOAD_MODULES=1 SHMX_CODEC_SMALL=1 \
		valgrind --quiet --error-exitcode=9 --leak-check=full --errors-for-leak-kinds=definite \
		"$php" -n -d extension="$build/codec_test.so" "$here/codec.php"
else
	run "" printf 'ok 1 - valgrind # SKIP it is not installed\n1..1\n'
fi

echo "1..$(cat "$build/count")"
! grep -q '^not ok' "$build/tap"
