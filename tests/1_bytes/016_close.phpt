--TEST--
unlike shmop_close, shmx_close detaches, and the handle is of no use afterwards
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$first = shmx_open($key, 'n', 0600, 16);
$second = shmx_open($key, 'w', 0600, 0);
$shmid = shmx_info($first)['shmid'];

function attached(): string
{
	global $shmid;
	return array_column(kernel_segments(), 'nattch', 'shmid')[$shmid] ?? 'gone';
}

echo attached(), "\n";
shmx_write($second, 'x', 0);
shmx_close($second);
echo attached(), "\n";
foreach (['read', 'write', 'size', 'delete', 'close', 'lock', 'unlock', 'info'] as $name) {
	$arguments = ['read' => [0, 1], 'write' => ['x', 0]][$name] ?? [];
	echo "$name: ", outcome(fn () => "shmx_$name"($second, ...$arguments)), "\n";
}
$third = shmx_open($key, 'a', 0600, 0);
echo attached(), "\n";
unset($third);
echo attached(), "\n";
shmx_delete($first);
echo attached(), "\n";
unset($first);
echo attached(), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
2
1
read: Error: Shared memory segment has already been closed
write: Error: Shared memory segment has already been closed
size: Error: Shared memory segment has already been closed
delete: Error: Shared memory segment has already been closed
close: Error: Shared memory segment has already been closed
lock: Error: Shared memory segment has already been closed
unlock: Error: Shared memory segment has already been closed
info: Error: Shared memory segment has already been closed
2
1
1
gone
