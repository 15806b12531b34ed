--TEST--
after the segment is deleted parent and child still keep each other out
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.lock_timeout=0.1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0600, 16);
shmx_write($shmx, 'x', 0);
shmx_delete($shmx);
shmx_lock($shmx);
$child = new Child(function ($parent) use ($shmx) {
	show(fn () => shmx_unlock($shmx), fn () => shmx_lock($shmx, 0.05), fn () => shmx_write($shmx, 'y', 0));
	$parent->say('tried');
	$parent->say([shmx_lock($shmx, 5), shmx_write($shmx, 'y', 0)]);
});
$child->hear();
show(fn () => shmx_read($shmx, 0, 1), fn () => shmx_unlock($shmx), fn () => $child->hear());
echo $child->wait(), "\n";
show(fn () => shmx_read($shmx, 0, 1), fn () => shmx_lock($shmx, 0));
?>
--EXPECT--
Error: Shared memory segment is not locked through this handle
false
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
'x'
true
[true,1]
exit 0
'y'
true
