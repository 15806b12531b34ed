--TEST--
a program that executes itself again and again takes no more places among the writers than one
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.writers=15
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
if (!isset($argv[1])) {
	$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 8);
	shmx_write($shmx, pack('V', 0), 0);
}
$again = (int) ($argv[1] ?? 40);
if (!isset($argv[1])) {
	$child = pcntl_fork();
}
if (isset($argv[1]) || $child === 0) {
	// Two handles each time, and the last of them locked.
	for ($i = 0; $i < 2; $i++) {
		$mine[$i] = shmx_open(test_key(__FILE__), 'w', 0, 0);
		shmx_lock($mine[$i], 10) || exit(2);
		[, $count] = unpack('V', shmx_read($mine[$i], 0, 4));
		shmx_write($mine[$i], pack('V', $count + 1), 0);
		$i === 1 || shmx_unlock($mine[$i]);
	}
	if ($again === 0) {
		exit(0);
	}
	$flags = explode(' ', trim(getenv('SHMX_PHP_FLAGS') ?: getenv('TEST_PHP_EXTRA_ARGS')));
	pcntl_exec(PHP_BINARY, [...$flags, '-d', 'shmx.writers=15', __FILE__, (string) ($again - 1)]);
	exit(3);
}
pcntl_waitpid($child, $status);
var_dump(pcntl_wexitstatus($status), unpack('V', shmx_read($shmx, 0, 4))[1], shmx_info($shmx)['writers']);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
int(0)
int(82)
int(15)
