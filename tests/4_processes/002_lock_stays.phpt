--TEST--
a lock held over a fork is the parent's alone
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.lock_timeout=0.1
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 16);
shmx_lock($shmx);
shmx_lock($shmx);
$child = new Child(function ($parent) use ($shmx) {
	show(
		fn () => shmx_unlock($shmx),
		fn () => shmx_lock($shmx, 0),
		fn () => shmx_write($shmx, 'child', 0),
		fn () => shmx_unlock($shmx),
	);
	$parent->say('tried');
	show(fn () => shmx_lock($shmx), fn () => shmx_write($shmx, 'child', 0), fn () => shmx_unlock($shmx), fn () => shmx_unlock($shmx));
});
$child->hear();
show(fn () => shmx_write($shmx, 'parent', 0));
usleep(50_000);
show(fn () => shmx_unlock($shmx));
usleep(50_000);
show(fn () => shmx_read($shmx, 0, 6));
shmx_unlock($shmx);
echo $child->wait(), "\n";
show(fn () => shmx_read($shmx, 0, 6), fn () => shmx_unlock($shmx));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Error: Shared memory segment is not locked through this handle
false
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
Error: Shared memory segment is not locked through this handle
6
true
'parent'
true
5
true
Error: Shared memory segment is not locked through this handle
exit 0
'childt'
Error: Shared memory segment is not locked through this handle
