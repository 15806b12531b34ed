--TEST--
variables change under shmx_lock, which keeps other writers out and readers not
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

shmx_put_var($shmx, 'a', 100);
shmx_put_var($shmx, 'b', 0);
$child = new Child(function ($parent) {
	$shmx = shmx_open(test_key(__FILE__), 'w', 0, 0);
	$parent->hear();
	$parent->say([shmx_get_var($shmx, 'a'), shmx_has_var($shmx, 'b'), count(shmx_keys($shmx))]);
	ini_set('shmx.lock_timeout', '0.05');
	foreach ([
		fn () => shmx_put_var($shmx, 'c', 1),
		fn () => shmx_add_var($shmx, 'c', 1),
		fn () => shmx_inc_var($shmx, 'a'),
		fn () => shmx_cas_var($shmx, 'a', 90, 1),
		fn () => shmx_remove_var($shmx, 'a'),
		fn () => shmx_clear($shmx),
	] as $call) {
		$parent->say(outcome($call));
	}
	$parent->hear();
	$parent->say(outcome(fn () => shmx_inc_var($shmx, 'a')));
});
shmx_lock($shmx);
shmx_put_var($shmx, 'a', shmx_get_var($shmx, 'a') - 10);
shmx_inc_var($shmx, 'b', 10);
show(
	fn () => shmx_put_var($shmx, 'list', [1, 2]),
	fn () => shmx_cas_var($shmx, 'list', [1, 2], [3]),
	fn () => shmx_remove_var($shmx, 'list'),
	fn () => shmx_put_var($shmx, 'big', str_repeat('x', 1 << 20)),
	fn () => shmx_put_var($shmx, 'closure', fn () => 1),
);
$child->say('go');
echo "the other reads: ", json_encode($child->hear()), "\n";
for ($i = 0; $i < 6; $i++) {
	echo $child->hear(), "\n";
}
shmx_unlock($shmx);
$child->say('unlocked');
echo $child->hear(), "\n";
show(fn () => shmx_unlock($shmx), fn () => [shmx_get_var($shmx, 'a'), shmx_get_var($shmx, 'b')]);
$child->wait();

echo "through another handle of the same process\n";
$other = shmx_open(test_key(__FILE__), 'w', 0, 0);
shmx_lock($shmx);
show(fn () => shmx_put_var($other, 'a', 1), fn () => shmx_get_var($other, 'a'));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
true
true
true
ShmxException SHMX_E_TOO_LARGE: The variable is too large for the segment: it needs 1048616 bytes and at most 20472 can be had with its time to live
Exception: Serialization of 'Closure' is not allowed
the other reads: [90,true,2]
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
91
Error: Shared memory segment is not locked through this handle
[91,10]
through another handle of the same process
ShmxException SHMX_E_DEADLOCK: This script holds the segment's lock and would wait for itself
91
