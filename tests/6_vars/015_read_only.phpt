--TEST--
a handle opened with "a" reads all and changes nothing
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

$blank = shmx_open(test_key(__FILE__), 'a', 0, 0);
$all = fn ($handle) => show(
	fn () => shmx_get_var($handle, 'key', 'default'),
	fn () => shmx_has_var($handle, 'key'),
	fn () => sorted(shmx_keys($handle)),
	fn () => shmx_put_var($handle, 'key', 2),
	fn () => shmx_add_var($handle, 'key', 2),
	fn () => shmx_add_var($handle, 'new', 2),
	fn () => shmx_remove_var($handle, 'key'),
	fn () => shmx_remove_var($handle, 'none'),
	fn () => shmx_inc_var($handle, 'key'),
	fn () => shmx_cas_var($handle, 'key', 1, 2),
	fn () => shmx_cas_var($handle, 'key', 5, 2),
	fn () => shmx_clear($handle),
);
echo "blank\n";
$all($blank);
shmx_put_var($shmx, 'key', 1);
shmx_put_var($shmx, 'object', new ArrayObject([1]));
shmx_put_var($shmx, 'list', [1, 2, 3], 1000);
$reader = shmx_open(test_key(__FILE__), 'a', 0, 0);
echo "with variables\n";
$all($reader);
echo "each way of storing a value can be read\n";
show(fn () => shmx_get_var($reader, 'object')->count(), fn () => shmx_get_var($reader, 'list'), fn () => shmx_get_var($blank, 'key'));
shmx_put_var($shmx, 'key', 'changed');
show(fn () => shmx_get_var($reader, 'key'), fn () => shmx_info($reader)['entries'], fn () => shmx_info($reader)['misses']);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
blank
'default'
false
[]
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
with variables
1
true
["key","list","object"]
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
Error: Read-only segment cannot be written
each way of storing a value can be read
1
[1,2,3]
1
'changed'
3
0
