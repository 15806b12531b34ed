--TEST--
once the segment is deleted nobody can tell who lives: a killed holder's lock stays, and waiting for it ends in time
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
shmx_write($shmx, 'still read', 0);
shmx_delete($shmx);
$holder = new Child(function ($parent) use ($shmx) {
	shmx_lock($shmx);
	$parent->say('locked');
	sleep(60);
});
$holder->hear();
echo $holder->kill(), "\n";
show(
	fn () => shmx_lock($shmx, 0.1),
	fn () => shmx_lock($shmx),
	fn () => shmx_write($shmx, 'x', 0),
	fn () => shmx_read($shmx, 0, 10),
);
?>
--EXPECT--
signal 9
false
ShmxException SHMX_E_DELETED: The segment was deleted
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
'still read'
