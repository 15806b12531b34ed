<?php
// The list of files in package.xml, from what git knows: written, or with
// --check only compared. The release number must be the one in php_shmx.h.
// Outside a git tree, in an unpacked release, there is nothing to compare with.

const ROLES = [
	'src' => '~^(shmx\w*\.(c|h|stub\.php)|php_shmx\.h|config\.(m4|w32))$~',
	'doc' => '~^(README\.md|LICENSE|CREDITS|docs/[\w-]+\.md)$~',
	'test' => '~^tests/[\w/-]+\.(phpt|inc)$~',
];

chdir(dirname(__DIR__));
if (!file_exists('.git')) {
	exit(0);
}
exec('git -c safe.directory=* ls-files', $files, $status);
if ($status !== 0) {
	exit(1);
}
$lines = [];
foreach ($files as $file) {
	foreach (ROLES as $role => $pattern) {
		if (preg_match($pattern, $file)) {
			$lines[] = "   <file name=\"$file\" role=\"$role\"/>\n";
		}
	}
}

$package = file_get_contents('package.xml');
$wanted = preg_replace('~(<dir name="/">\n).*(  </dir>)~s', '$1' . implode('', $lines) . '$2', $package);

if (($argv[1] ?? '') !== '--check') {
	file_put_contents('package.xml', $wanted);
	exit(0);
}
if ($wanted !== $package) {
	echo "package.xml does not list the files that git knows: run ./dev package\n";
	$listed = explode("\n", $package);
	foreach (explode("\n", $wanted) as $line) {
		if (!in_array($line, $listed, true)) {
			echo "missing: ", trim($line), "\n";
		}
	}
	exit(1);
}
preg_match('~<release>([^<]+)</release>~', $package, $release);
preg_match('~PHP_SHMX_VERSION\s+"([^"]+)"~', file_get_contents('php_shmx.h'), $version);
if ($release[1] !== ($version[1] ?? null)) {
	echo "package.xml says release $release[1], php_shmx.h says ", $version[1] ?? 'nothing', "\n";
	exit(1);
}
