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
	posix_setgid(65533);
	posix_setuid(65533);
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

// A queue: what is there it takes, and where there is room it sends; but it may not sleep until there is.
$queue = shmx_open(0, 'n', 0600, 4096);
echo implode("\n", elsewhere(function () use ($queue) {
	shmx_send($queue, 'root');
	posix_setgid(65533);
	posix_setuid(65533);
	$told = [];
	foreach ([1, 2] as $_) {
		$told[] = outcome(fn () => shmx_receive($queue, $message, 0.5));
	}
	while (shmx_send($queue, str_repeat('x', 100))) {
	}
	$told[] = outcome(fn () => shmx_send($queue, str_repeat('x', 100), 0.5));
	$known = array_filter(shmx_info($queue), fn ($value) => $value !== null);
	$told[] = implode(' ', array_keys(array_intersect_key(array_diff_key(shmx_info($queue), $known), ['key' => 0, 'owner' => 0, 'deleted' => 0])));
	$told[] = "$known[kind] of $known[size] bytes";
	return $told;
})), "\n";
show(fn () => shmx_pending($queue) > 20);
shmx_delete($queue);

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
true
ShmxException SHMX_E_WRITERS: As many handles write to the segment as it has room for (see shmx.writers and kernel.sem), or this process has changed its user and may not use the segment's semaphores any more
ShmxException SHMX_E_WRITERS: As many handles write to the segment as it has room for (see shmx.writers and kernel.sem), or this process has changed its user and may not use the segment's semaphores any more
key owner deleted
queue of 4096 bytes
true
2
1
