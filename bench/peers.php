<?php
/*
 * Where the extensions are that shmx is compared with. Debian's php-apcu and php-yac refuse to be installed together, so
 * what PHP's own folder lacks is downloaded and unpacked beside the build, and loaded from there.
 */

/* '' for one that is loaded anyway, a name or path for extension=, null for one that is not to be had. */
function extension_file(string $name): ?string {
	static $known = [];
	return $known[$name] ??= find_extension($name);
}

function find_extension(string $name): ?string {
	if (extension_loaded($name)) {
		return '';
	}
	$folder = dirname(__DIR__) . '/.build/peers';
	$unpacked = "$folder/usr/lib/php/" . basename(ini_get('extension_dir')) . "/$name.so";
	$named = getenv('SHMX_' . strtoupper($name));
	foreach (array_filter([$named, ini_get('extension_dir') . "/$name.so", $unpacked]) as $file) {
		if (loads($file)) {
			return $file;
		}
	}
	return unpack_package($name, $folder) && loads($unpacked) ? $unpacked : null;
}

/* With those that loaded before it: one may need another. */
function loads(string $file): bool {
	static $loaded = '';
	if (!is_file($file)) {
		return false;
	}
	$flags = "$loaded -d extension=" . escapeshellarg($file);
	exec(escapeshellarg(PHP_BINARY) . " -n$flags -m 2>&1", $modules);
	$good = in_array(basename($file, '.so'), $modules, true);
	$loaded = $good ? $flags : $loaded;
	return $good;
}

function unpack_package(string $name, string $folder): bool {
	$package = 'php' . PHP_MAJOR_VERSION . '.' . PHP_MINOR_VERSION . "-$name";
	@mkdir($folder, 0777, true);
	exec('cd ' . escapeshellarg($folder) . " && apt-get download -q $package 2>&1 && dpkg -x $package" . '_*.deb . 2>&1',
		$output, $status);
	return $status === 0;
}
