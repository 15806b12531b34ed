--TEST--
a key that another user has taken is told by the owner, and "n" does not open it
--EXTENSIONS--
shmx
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_unless_root();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
umask(0);
unprivileged(fn () => shmx_write(shmx_open($key, 'n', 0666, 100), 'taken', 0));
show(fn () => shmx_open($key, 'n', 0600, 100));
$shmx = shmx_open($key, 'c', 0600, 100);
show(
	fn () => shmx_read($shmx, 0, 5),
	fn () => shmx_info($shmx)['owner'],
	// The permissions that were asked for are a new segment's.
	fn () => decoct(shmx_info($shmx)['permissions']),
);
shmx_delete($shmx);
unset($shmx);
$shmx = shmx_open($key, 'c', 0600, 100);
show(fn () => shmx_info($shmx)['owner'], fn () => decoct(shmx_info($shmx)['permissions']));
// And the other way round: what is there with 0600 cannot be had at all.
echo unprivileged(fn () => outcome(fn () => shmx_open($key, 'c', 0666, 100))), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Warning: shmx_open(): Unable to attach or create shared memory segment "File exists"; false
'taken'
65533
'666'
0
'600'
Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
