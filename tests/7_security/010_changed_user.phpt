--TEST--
a process that opens a segment and then becomes a user who may not reads on, and is told why it cannot write
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.lock_timeout=0.2
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_unless_root();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0600, 16);
shmx_write($shmx, 'root', 0);

// One that had not written before.
echo unprivileged(fn () => outcome(fn () => shmx_read($shmx, 0, 4)) . ', ' . outcome(fn () => shmx_write($shmx, 'x', 0))), "\n";

// One that had: it writes on, and cannot tell the living from the dead.
$changed = new Child(function ($parent) use ($shmx) {
	shmx_write($shmx, 'once', 0);
	posix_setgid(65534);
	posix_setuid(65534);
	$parent->say(outcome(fn () => shmx_write($shmx, 'then', 0)));
	$parent->hear();
	$parent->say([
		outcome(fn () => shmx_read($shmx, 0, 4)),
		outcome(fn () => shmx_write($shmx, 'x', 0)),
		outcome(fn () => shmx_lock($shmx)),
	]);
});
echo $changed->hear(), "\n";
$holder = new Child(function ($parent) use ($shmx) {
	shmx_lock($shmx);
	$parent->say('locked');
	sleep(60);
});
$holder->hear();
$holder->kill();
$changed->say('go');
echo implode("\n", $changed->hear()), "\n";
$changed->wait();

// Who may, can.
show(fn () => shmx_write($shmx, 'on', 0), fn () => shmx_info($shmx)['recoveries']);
shmx_delete($shmx);
?>
--EXPECT--
'root', ShmxException SHMX_E_WRITERS: As many handles write to the segment as it has room for (see shmx.writers and kernel.sem), or this process has changed its user and may not use the segment's semaphores any more
4
'then'
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
ShmxException SHMX_E_WRITERS: As many handles write to the segment as it has room for (see shmx.writers and kernel.sem), or this process has changed its user and may not use the segment's semaphores any more
2
1
