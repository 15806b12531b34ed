--TEST--
a read that the memory limit forbids ends the script as shmop's does, and gives back its lock
--EXTENSIONS--
shmx
shmop
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_memory_limit();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0644, 100 << 20);
$shmop = shmop_open(0, 'n', 0644, 100 << 20);
shmop_delete($shmop);
shmx_write($shmx, 'end', (100 << 20) - 3);

function read_too_much(callable $read, $handle, int $size): void
{
	$child = new Child(function ($parent) use ($read, $handle, $size) {
		register_shutdown_function(fn () => $parent->say(error_get_last()['message'] ?? 'none'));
		ini_set('memory_limit', '32M');
		ini_set('display_errors', '0');
		if ($handle instanceof Shmx) {
			shmx_lock($handle);
		}
		$read($handle, 0, $size);
	});
	// A debug build also says in which line of PHP's own source.
	echo $read, ': ', preg_replace('~( at \S+)? \(.*~', '', $child->hear()), ', ', $child->wait(), "\n";
}

foreach ([40 << 20, 100 << 20] as $size) {
	read_too_much('shmop_read', $shmop, $size);
	read_too_much('shmx_read', $shmx, $size);
	show(fn () => shmx_lock($shmx, 1), fn () => shmx_unlock($shmx));
}
show(fn () => shmx_read($shmx, (100 << 20) - 3, 0), fn () => shmx_delete($shmx));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
shmop_read: Allowed memory size of 33554432 bytes exhausted, exit 255
shmx_read: Allowed memory size of 33554432 bytes exhausted, exit 255
true
true
shmop_read: Allowed memory size of 33554432 bytes exhausted, exit 255
shmx_read: Allowed memory size of 33554432 bytes exhausted, exit 255
true
true
'end'
true
