--TEST--
closing a handle, or letting go of it, gives back its lock however deep
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
shmx_open($key, 'n', 0600, 64);
$free = fn () => elsewhere(fn () => shmx_lock(shmx_open($key, 'w', 0600, 0), 0)) ? "free\n" : "locked\n";

foreach (['shmx_close', 'unset'] as $way) {
	$shmx = shmx_open($key, 'w', 0600, 0);
	shmx_lock($shmx);
	shmx_lock($shmx);
	echo $way, ': ', $free();
	if ($way === 'unset') {
		unset($shmx);
	} else {
		$way($shmx);
	}
	echo $way, ': ', $free();
}
function local(int $key, callable $free): void
{
	$shmx = shmx_open($key, 'w', 0600, 0);
	shmx_lock($shmx);
	echo 'function: ', $free();
}
local($key, $free);
echo 'function: ', $free();
try {
	(function () use ($key) {
		$shmx = shmx_open($key, 'w', 0600, 0);
		shmx_lock($shmx);
		throw new Exception('out');
	})();
} catch (Exception $e) {
	unset($e);
}
echo 'exception: ', $free();
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
shmx_close: locked
shmx_close: free
unset: locked
unset: free
function: locked
function: free
exception: free
