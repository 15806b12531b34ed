--TEST--
who has a deleted segment open goes on reading, writing and locking, and a new one has its own bytes
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 1000);
$reader = shmx_open($key, 'a', 0600, 0);
$semid = shmx_info($shmx)['semid'];
shmx_write($shmx, 'before', 0);
$other = new Child(function ($parent) use ($key) {
	$shmx = shmx_open($key, 'w', 0600, 0);
	$parent->say('open');
	$parent->hear();
	$parent->say(shmx_read($shmx, 0, 6));
	$parent->say(outcome(fn () => shmx_lock($shmx, 0.1)));
	$parent->hear();
	$parent->say(outcome(fn () => shmx_lock($shmx, 1)));
	$parent->say(outcome(fn () => shmx_write($shmx, 'child!', 0)));
});
$other->hear();
show(fn () => shmx_delete($shmx), fn () => shmx_delete($shmx), fn () => shmx_delete($reader));
var_dump(in_array($semid, array_column(kernel_sets(), 'semid'), true));
show(
	fn () => shmx_open($key, 'w', 0600, 0),
	fn () => shmx_read($reader, 0, 6),
	fn () => shmx_write($shmx, 'after!', 0),
	fn () => shmx_read($reader, 0, 6),
	fn () => shmx_lock($shmx),
);
$other->say('go');
show(fn () => $other->hear(), fn () => $other->hear());
show(fn () => shmx_unlock($shmx));
$other->say('go');
show(fn () => $other->hear(), fn () => $other->hear(), fn () => shmx_read($reader, 0, 6));
echo $other->wait(), "\n";

$new = shmx_open($key, 'n', 0600, 1000);
show(fn () => shmx_read($new, 0, 6) === str_repeat("\0", 6), fn () => shmx_write($new, 'newer', 0),
	fn () => shmx_read($shmx, 0, 6), fn () => shmx_delete($new));
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
bool(false)
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
'before'
6
'after!'
true
'after!'
'false'
true
'true'
'6'
'child!'
exit 0
true
5
'child!'
true
