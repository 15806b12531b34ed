--TEST--
locks of one handle nest, and the last unlock lets others in
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 64);
$other = new Child(function ($parent) use ($shmx) {
	while ($parent->hear() === 'try') {
		$got = shmx_lock($shmx, 0);
		if ($got) {
			shmx_unlock($shmx);
		}
		$parent->say($got);
	}
});
$free = function () use ($other) {
	$other->say('try');
	return $other->hear() ? 'free' : 'locked';
};
echo $free(), "\n";
show(fn () => shmx_lock($shmx), fn () => shmx_lock($shmx, 0), fn () => shmx_lock($shmx, 1.5), $free);
show(fn () => shmx_write($shmx, 'a write nests too', 0), $free);
show(fn () => shmx_unlock($shmx), fn () => shmx_unlock($shmx), $free);
show(fn () => shmx_unlock($shmx), $free, fn () => shmx_unlock($shmx));
$other->say('end');
echo $other->wait(), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
free
true
true
true
'locked'
17
'locked'
true
true
'locked'
true
'free'
Error: Shared memory segment is not locked through this handle
exit 0
