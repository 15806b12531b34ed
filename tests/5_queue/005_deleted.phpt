--TEST--
a segment that is deleted ends every wait for it
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

/** How long one that waits goes on waiting after the deletion. */
function outlasts(Shmx $shmx, string $who): float
{
	while ($who === 'senders' && shmx_send($shmx, str_repeat('x', 500))) {
	}
	$waiter = new Child(function ($parent) use ($shmx, $who) {
		$parent->say(outcome(fn () => $who === 'senders' ? shmx_send($shmx, str_repeat('x', 500), -1) : shmx_receive($shmx, $message)));
	});
	while ((shmx_info($shmx)["{$who}_waiting"] ?? 0) !== 1) {
		usleep(500);
	}
	shmx_delete($shmx);
	$took = seconds(function () use ($waiter) {
		echo $waiter->hear() ?? exit('it waits on'), "\n";
	});
	$waiter->wait();
	return $took;
}

foreach (['receivers', 'senders'] as $number => $who) {
	// Two seconds are how long a wait may sleep at once. It may have no processor, but not each time.
	$took = INF;
	for ($i = 0; $i < 3; $i++) {
		$shmx = shmx_open(test_key(__FILE__, $number), 'n', 0600, 4096);
		$took = min($took, outlasts($shmx, $who));
	}
	var_dump($took < 0.25 * slowness());
	// What need not wait goes on.
	while (shmx_receive($shmx, $message, 0)) {
	}
	show(
		fn () => shmx_send($shmx, 1),
		fn () => shmx_receive($shmx, $message),
		fn () => shmx_receive($shmx, $message, 0),
		fn () => shmx_receive($shmx, $message, 0.01),
	);
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
ShmxException SHMX_E_DELETED: The segment was deleted
ShmxException SHMX_E_DELETED: The segment was deleted
ShmxException SHMX_E_DELETED: The segment was deleted
bool(true)
true
true
false
ShmxException SHMX_E_DELETED: The segment was deleted
ShmxException SHMX_E_DELETED: The segment was deleted
ShmxException SHMX_E_DELETED: The segment was deleted
ShmxException SHMX_E_DELETED: The segment was deleted
bool(true)
true
true
false
ShmxException SHMX_E_DELETED: The segment was deleted
