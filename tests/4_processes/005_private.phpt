--TEST--
a segment without a key passes to forked children, and lives until the last of them lets go
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0600, 16);
$shmid = shmx_info($shmx)['shmid'];
$child = new Child(function ($parent) use ($shmx) {
	$parent->hear();
	$parent->say(shmx_read($shmx, 0, 4));
	shmx_write($shmx, 'back', 0);
	$parent->say('written');
	$parent->hear();
});
shmx_write($shmx, 'down', 0);
$child->say('go');
show(fn () => $child->hear(), fn () => $child->hear(), fn () => shmx_read($shmx, 0, 4), fn () => shmx_delete($shmx));
$lives = fn () => in_array($shmid, array_column(kernel_segments(), 'shmid'), true);
unset($GLOBALS['shmx']);
var_dump($lives());
$child->say('end');
$child->wait();
var_dump($lives());
?>
--EXPECT--
'down'
'written'
'back'
true
bool(true)
bool(false)
