#!/bin/sh
# Builds the fuzzers into .build/fuzz/, with clang's libFuzzer, AddressSanitizer and UBSan. fuzz_codec needs PHP's headers
# and its embed library (Debian: php-dev, libphp-embed) and is left out where there is none; the others need no PHP.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/.build/fuzz
php_config=${PHP_CONFIG:-php-config}
mkdir -p "$build"

compile() {
	target=$1
	shift
	# -fno-sanitize-recover: what UBSan finds ends the run, as what AddressSanitizer finds does.
	"${CLANG:-clang}" -std=gnu11 -g -O1 -pthread -Wall -Wextra -Wshadow -Werror -I"$root" \
		-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer \
		"$root/tests/fuzz/$target.c" "$@" -o "$build/$target"
}

core=
for source in "$root"/shmx_*.c; do
	case $source in
	*/shmx_codec.c) ;;
	*) core="$core $source" ;;
	esac
done
for source in "$root"/tests/fuzz/fuzz_*.c; do
	target=$(basename "$source" .c)
	if [ "$target" != fuzz_codec ]; then
		# shellcheck disable=SC2086 # words
		compile "$target" $core
	fi
done

version=$($php_config --version | cut -d. -f1,2)
library=
for candidate in "$($php_config --prefix)"/lib*/libphp"$version".so "$($php_config --prefix)"/lib/libphp.so; do
	if [ -e "$candidate" ]; then
		library=$candidate
	fi
done
if [ -n "$library" ]; then
	# PHP's own headers are not held to our warnings.
	# shellcheck disable=SC2046 # words
	compile fuzz_codec $($php_config --includes | sed 's/-I/-isystem /g') "$root/shmx_codec.c" "$library"
else
	rm -f "$build/fuzz_codec"
	echo "PHP's embed library is not installed: no fuzz_codec" >&2
fi
