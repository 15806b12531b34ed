# ./dev matrix: the extension, its phpt suite and the codec's tests with other PHPs than the one in use. ./dev reads this.
#
# Each part makes a PHP below .build/matrix/, where it stays, and runs "./dev matrix here" with it. A Debian of another
# release or processor is unpacked there and not installed: none of its packages' scripts run, which takes most of the
# time that a bootstrap takes. It sees this tree as /shmx, and a .build of its own in it.

matrix_parts=(8.4 8.5 8.6 i386 debug zts)

# What cannot be had here is said, and is neither passed nor failed.
matrix_skip() {
	printf 'ok - %s # SKIP %s\n' "$1" "$2"
	count 0 0 1
}

# Runs everything with one PHP: its name, and the command that runs a command in its surroundings.
matrix_run() {
	local name=$1 log=.build/logs/matrix-$1.log good bad left status=0 what began=$SECONDS
	shift
	mkdir -p .build/logs
	SHMX_ALONE=yes "$@" ./dev matrix here >"$log" 2>&1 </dev/null || status=$?
	read -r good bad left < <(sed -n 's/^\([0-9]*\) passed, \([0-9]*\) failed, \([0-9]*\) skipped$/\1 \2 \3/p' "$log" |
		tail -n 1) || true
	# Without a total it died on its way.
	: "${good:=0}" "${bad:=1}" "${left:=0}"
	if [[ $status -ne 0 && $bad -eq 0 ]]; then
		bad=1
	fi
	count "$good" "$bad" "$left"
	what=$(sed -n 's/^== testing with //p' "$log")
	if [[ $bad -gt 0 ]]; then
		sed 's/^/    /' "$log"
		printf 'not ok - '
	else
		grep -E '^ +SKIP|^ .*# *SKIP' "$log" || true
		printf 'ok - '
	fi
	printf '%s: %s: %d passed, %d failed, %d skipped, %d s\n' "$name" "${what:-no PHP}" "$good" "$bad" "$left" \
		$((SECONDS - began))
}

# The same for whatever PHP is in use, with nothing else needed than what builds the extension.
matrix_here() {
	local before name
	before=$(ipc_objects)
	build
	name=${php_build##*/}
	say "testing with $("$php" -n -r 'echo "PHP ", PHP_VERSION, ", ", PHP_INT_SIZE * 8, " bits",
		PHP_ZTS ? ", ZTS" : "", PHP_DEBUG ? ", debug" : "";')"
	check 'the extension loads' "$php" "${php_flags[@]}" --ri shmx
	# What a debug build or an emulator slows down must not look like a hang.
	export SHMX_PHPT_LIMIT=${SHMX_PHPT_LIMIT:-600} SHMX_TEST_LIMIT=${SHMX_TEST_LIMIT:-1800}
	# Under an emulator run-tests.php waits in vain for its workers.
	if [[ ${SHMX_SLOWNESS:-1} -gt 1 ]]; then
		export SHMX_PHPT_JOBS=1
	fi
	run_phpt "$name" tests
	tap "$name/codec" env PHP="$php" PHP_CONFIG="$php_config" bash tests/codec/run.sh
	check 'no segment and no semaphore set is left behind' diff <(printf '%s' "$before") <(printf '%s' "$(ipc_objects)")
	total
}

# --- another Debian ---------------------------------------------------------------------------------

# Where this machine gets Debian's packages from.
matrix_mirror() {
	local codename
	codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
	apt-get indextargets --format '$(RELEASE) $(COMPONENT) $(REPO_URI)' 'Created-By: Packages' |
		awk -v codename="$codename" '$2 == "main" && ($1 == codename || $1 ~ /^(old)?stable$|^testing$/) { print $3; exit }'
}

# Unpacks what the tests need of a release for a processor: its own PHP, or php8.5, which experimental may have beside it. On
# failure the reason is the last line of the log.
matrix_unpack() {
	local root=$1 suite=$2 processor=$3 php=$4 mirror version hooks=() sources=() options=()
	local packages=base-files,bash,coreutils,dash,debianutils,diffutils,dpkg,findutils,gcc,grep,libc-bin,libc6-dev,make
	if [[ -e $root ]]; then
		return
	fi
	mirror=$(matrix_mirror)
	if [[ -z $mirror ]]; then
		echo 'apt knows no mirror of Debian here'
		return 1
	fi
	if [[ $suite == bookworm ]]; then
		# Later releases bring the links from /bin to /usr/bin in a package.
		hooks=(--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr)
	fi
	sources=("deb $mirror $suite main")
	if [[ $php != php ]]; then
		# A mirror that stands still has these past their date.
		sources+=("deb $mirror experimental main")
		options=(--aptopt='Acquire::Check-Valid-Until "false"')
	fi
	rm -rf "$root.new"
	mmdebstrap --variant=extract --mode=root --architectures="$processor" "${hooks[@]}" \
		"${options[@]}" --include="$packages,mawk,$php-cli,$php-dev,sed,util-linux" "$suite" "$root.new" "${sources[@]}" || return
	version=$(cd "$root.new/usr/bin" && echo php[0-9]*.[0-9]*) || return
	(
		# As far as it is missed, what the packages' scripts would have done.
		cd "$root.new" || exit
		ln -s mawk usr/bin/awk && ln -s gcc usr/bin/cc || exit
		for name in php phpize php-config; do
			ln -sf "$name${version#php}" "usr/bin/$name" || exit
		done
		printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' 'nobody:x:65534:65534:nobody:/:/bin/sh' >etc/passwd
		# phpize and php-config ask dpkg for these two.
		for name in libtool "$version-cli"; do
			printf '%s\n' "Package: $name" 'Status: install ok installed' 'Version: 2.4.7' 'Architecture: all' \
				'Maintainer: nobody' 'Description: unpacked' ''
		done >var/lib/dpkg/status
		mkdir -p shmx build
	) || return
	mv "$root.new" "$root"
}

# Runs a command in an unpacked system. Its mounts and its processes end with it, however it ends.
matrix_enter() {
	local root=$1
	shift
	# shellcheck disable=SC2016
	unshare --mount --ipc --pid --fork --kill-child bash -euc '
		root=$1
		shift
		mount --bind . "$root/shmx"
		mount --bind "$root/build" "$root/shmx/.build"
		mount --rbind /dev "$root/dev"
		mount -t proc proc "$root/proc"
		mount -t tmpfs tmpfs "$root/tmp"
		exec chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root SHMX_ALONE=yes \
			SHMX_SLOWNESS="${SHMX_SLOWNESS:-1}" sh -c "cd /shmx && exec \"\$@\"" sh "$@"' enter "$root" "$@"
}

# The same where the processor, or its kernel, does not run such programs: under qemu, which is registered for them in a
# user namespace, and so for nobody else. All ids are what they are outside.
matrix_emulate() {
	local root=$1 pid mapped=.build/matrix/mapped
	shift
	rm -f "$mapped"
	mkfifo "$mapped"
	# shellcheck disable=SC2016
	unshare --user --mount --fork --kill-child bash -euc '
		read -r _ <"$1"
		shift
		mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc
		head="\x7fELF\x01\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x03\x00"
		mask="\xff\xff\xff\xff\xff\xfe\xfe\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
		printf %s ":qemu-i386:M::$head:$mask:$(command -v qemu-i386-static):OCF" >/proc/sys/fs/binfmt_misc/register
		. tools/matrix.sh
		SHMX_SLOWNESS=5 matrix_enter "$@"' emulate "$mapped" "$root" "$@" &
	pid=$!
	until [[ $(readlink "/proc/$pid/ns/user") != "$(readlink /proc/self/ns/user)" ]]; do
		kill -0 "$pid" 2>/dev/null || return
		sleep 0.01
	done
	echo '0 0 4294967295' >"/proc/$pid/uid_map"
	echo '0 0 4294967295' >"/proc/$pid/gid_map"
	echo >"$mapped"
	wait "$pid"
}

# A part that is another Debian: its name, the release, the processor, and the PHP if it is not the release's own.
matrix_debian() {
	local name=$1 suite=$2 processor=$3 php=${4:-php} root=.build/matrix/$1 log=.build/logs/unpack-$1.log enter=matrix_enter
	if [[ $EUID -ne 0 ]] || ! unshare --mount --ipc --pid --fork true 2>/dev/null; then
		matrix_skip "$name" 'needs root, and the right to mount'
		return
	fi
	if ! command -v apt-get >/dev/null; then
		matrix_skip "$name" 'needs apt, and a mirror of Debian'
		return
	fi
	if ! (need mmdebstrap); then
		matrix_skip "$name" 'mmdebstrap cannot be installed here'
		return
	fi
	mkdir -p .build/matrix .build/logs
	say "$name: Debian $suite for $processor"
	if ! matrix_unpack "$root" "$suite" "$processor" "$php" >"$log" 2>&1 </dev/null; then
		matrix_skip "$name" "Debian $suite cannot be had here: $(grep -v '^$' "$log" | grep -E '^E:' | tail -n 1 | grep . || tail -n 1 "$log")"
		return
	fi
	if ! chroot "$root" true 2>/dev/null; then
		need qemu-user-static
		enter=matrix_emulate
		if ! "$enter" "$root" true >"$log" 2>&1 </dev/null; then
			matrix_skip "$name" "this machine runs no programs for $processor, nor may it let qemu do so"
			return
		fi
		say "$name: this machine runs no programs for $processor: under qemu"
	elif ! "$enter" "$root" true >"$log" 2>&1 </dev/null; then
		matrix_skip "$name" "this machine does not let it mount what it needs: $(tail -n 1 "$log")"
		return
	fi
	matrix_run "$name" "$enter" "$root"
}

# --- PHP's own source, built with its assertions ----------------------------------------------------

# Debian's source of the PHP that is in use, the newest version that the mirror still has.
matrix_source() {
	local folder=$PWD/.build/matrix/source version package options
	if [[ -e $folder/php ]]; then
		return
	fi
	rm -rf "$folder"
	mkdir -p "$folder/lists/partial" "$folder/cache"
	package=php$(php -n -r 'echo PHP_MAJOR_VERSION, ".", PHP_MINOR_VERSION;')
	apt-get indextargets --format 'deb-src $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' |
		sort -u >"$folder/sources.list"
	options=(-q -o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache" -o APT::Sandbox::User=root)
	apt-get "${options[@]}" update || return
	for version in $(apt-cache "${options[@]}" showsrc --only-source "$package" | sed -n 's/^Version: //p' | sort -Vr); do
		if (cd "$folder" && apt-get "${options[@]}" source --download-only "$package=$version"); then
			# Without Debian's patches, which leave places in phpize that only its own build fills.
			dpkg-source --skip-patches -x "$folder/$package"_*.dsc "$folder/unpacked" && mv "$folder/unpacked" "$folder/php"
			return
		fi
	done
	echo "the mirror has no source of $package"
	return 1
}

matrix_make_php() {
	local prefix=$1
	shift
	rm -rf "$prefix" "$prefix.new"
	mkdir -p "$prefix.new"
	cd "$prefix.new" || return
	../source/php/configure --prefix="$prefix" --disable-all --disable-cgi --disable-phpdbg --enable-debug --enable-ctype \
		--enable-pcntl --enable-posix --enable-shmop --enable-sysvmsg --enable-sysvsem --enable-sysvshm \
		--enable-tokenizer CFLAGS=-w "$@" &&
		make -j2 && make install && touch "$prefix/whole" && rm -rf "$prefix.new"
}

# A part that is a build of PHP's; the rest is for its configure.
matrix_built() {
	local name=$1 prefix=$PWD/.build/matrix/$1 log=.build/logs/source-$1.log
	shift
	if ! command -v apt-get >/dev/null; then
		matrix_skip "$name" 'needs apt, and a mirror of Debian'
		return
	fi
	need "${build_packages[@]}" dpkg-dev
	mkdir -p .build/matrix .build/logs
	if [[ ! -e $prefix/whole ]]; then
		say "$name: PHP from Debian's source"
		if ! matrix_source >"$log" 2>&1 </dev/null; then
			matrix_skip "$name" "PHP's source cannot be had here: $(tail -n 1 "$log")"
			return
		fi
		if ! (matrix_make_php "$prefix" "$@") >"$log" 2>&1 </dev/null; then
			tail -n 30 "$log"
			printf 'not ok - %s: PHP does not build\n' "$name"
			count 0 1 0
			return
		fi
	fi
	matrix_run "$name" env PHP_CONFIG="$prefix/bin/php-config"
}

matrix_part() {
	case $1 in
	8.4) matrix_debian 8.4 trixie amd64 ;;
	8.5) matrix_debian 8.5 sid amd64 php8.5 ;;
	8.6) matrix_debian 8.6 sid amd64 php8.6 ;;
	i386) matrix_debian i386 bookworm i386 ;;
	debug) matrix_built debug ;;
	zts) matrix_built zts --enable-zts ;;
	*) fail "the parts of the matrix are ${matrix_parts[*]}, and here for the PHP in use; not $1" ;;
	esac
}
