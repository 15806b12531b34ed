--TEST--
after a fork parent and child both write, each with a token of its own
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 16);
$add = function (int $times) use ($shmx) {
	for ($i = 0; $i < $times; $i++) {
		shmx_lock($shmx);
		shmx_write($shmx, pack('V', unpack('V', shmx_read($shmx, 0, 4))[1] + 1), 0);
		shmx_unlock($shmx);
	}
};
$add(1);
$times = intdiv(2000, slowness());
$children = [];
for ($i = 0; $i < 4; $i++) {
	$children[] = new Child(function () use ($add, $times) {
		$add($times);
	});
}
$add($times);
foreach ($children as $child) {
	echo $child->wait(), "\n";
}
$add(1);
var_dump(unpack('V', shmx_read($shmx, 0, 4))[1] - 5 * $times);
show(fn () => shmx_info($shmx)['recoveries'], fn () => shmx_info($shmx)['writers_in_use'], fn () => shmx_delete($shmx));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
exit 0
exit 0
exit 0
exit 0
int(2)
0
1
true
