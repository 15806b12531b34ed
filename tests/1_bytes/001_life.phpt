--TEST--
shmop 001: a segment is made, written, closed, read, appended to and deleted
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
const FIRST = 'the first thing that is written';
const SECOND = ', and what is written behind it';

$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0644, 1024);
show(
	fn () => shmx_size($shmx),
	fn () => shmx_write($shmx, FIRST, 0),
	fn () => shmx_read($shmx, 0, strlen(FIRST)),
);
shmx_close($shmx);

echo "read only\n";
$shmx = shmx_open($key, 'a', 0644, 1024);
show(
	fn () => shmx_size($shmx),
	fn () => shmx_read($shmx, 0, strlen(FIRST)),
	fn () => shmx_write($shmx, SECOND, strlen(FIRST)),
);
shmx_close($shmx);

echo "read and write\n";
$shmx = shmx_open($key, 'w', 0644, 1024);
show(
	fn () => shmx_write($shmx, SECOND, strlen(FIRST)),
	fn () => shmx_read($shmx, 0, strlen(FIRST . SECOND)),
	fn () => shmx_delete($shmx),
	fn () => shmx_close($shmx),
);

echo "gone\n";
show(fn () => shmx_open($key, 'a', 0644, 1024));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
1024
31
'the first thing that is written'
read only
1024
'the first thing that is written'
Error: Read-only segment cannot be written
read and write
31
'the first thing that is written, and what is written behind it'
true
null
gone
Warning: shmx_open(): Unable to attach or create shared memory segment "No such file or directory"; false
