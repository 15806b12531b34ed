--TEST--
a program that is started by exec does not keep the old one's segment
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 16);
$child = new Child(function ($parent) use ($key) {
	$mine = shmx_open($key, 'w', 0600, 0);
	shmx_write($mine, 'x', 0);
	$parent->say(kernel_segment($key)['nattch']);
	pcntl_exec('/bin/sleep', ['60']);
});
$before = $child->hear();
for ($i = 0; $i < 1000 && ($now = kernel_segment($key)['nattch']) === $before; $i++) {
	usleep(5000);
}
var_dump($before, $now);
show(fn () => shmx_write($shmx, 'y', 0), fn () => shmx_read($shmx, 0, 1));
$child->kill();
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
int(3)
int(1)
1
'y'
