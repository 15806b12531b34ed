--TEST--
an error handler that throws, or closes the handle, may do so in the torn warning
--EXTENSIONS--
shmx
shmop
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 20000);
shmx_write($shmx, str_repeat('x', 20000), 0);
// As if a process had died in a write of 6,000 bytes at 5,000.
$raw = shmop_open($key, 'w', 0600, 0);
shmop_write($raw, word(5000) . word(11000), 256);
shmop_write($raw, pack('V', 1), 76);
show(fn () => shmx_info($shmx)['torn'], fn () => strlen(shmx_read($shmx, 0, 6000)));

set_error_handler(fn ($level, $message) => throw new ErrorException($message));
try {
	shmx_read($shmx, 0, 0);
} catch (ErrorException $e) {
	echo $e->getMessage(), "\n";
}
set_error_handler(function () use ($shmx) {
	shmx_close($shmx);
	return true;
});
echo strlen(shmx_read($shmx, 0, 0)), "\n";
restore_error_handler();
restore_error_handler();
show(fn () => shmx_read($shmx, 0, 0), fn () => strlen(shmx_read(shmx_open($key, 'a', 0, 0), 0, 5001)));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
[[5000,6000]]
Warning: shmx_read(): Bytes 5000 to 10999 were left half-written by a process that died; writing them anew clears this; 6000
shmx_read(): Bytes 5000 to 10999 were left half-written by a process that died; writing them anew clears this
20000
Error: Shared memory segment has already been closed
Warning: shmx_read(): Bytes 5000 to 10999 were left half-written by a process that died; writing them anew clears this; 5001
