--TEST--
removed values stay readable until their bytes are used again, and a deleted segment's memory stays taken by who is attached
--EXTENSIONS--
shmx
shmop
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 10_000);
shmx_put_var($shmx, 'password', 'correct horse');
shmx_remove_var($shmx, 'password');
show(fn () => shmx_has_var($shmx, 'password'));
// Not encrypted, and not wiped: whoever may read the segment may read all of it.
$raw = shmop_open($key, 'a', 0, 0);
$holds = fn () => str_contains(shmop_read($raw, 0, 0), 'correct horse');
show($holds);
for ($i = 0; $i < 200; $i++) {
	shmx_put_var($shmx, 'other', str_repeat('x', 100));
}
show($holds);
unset($raw, $holds);

$shmid = shmx_info($shmx)['shmid'];
$is_taken = fn () => in_array($shmid, array_column(kernel_segments(), 'shmid'), true);
$reader = new Child(function ($parent) use ($key) {
	$shmx = shmx_open($key, 'a', 0, 0);
	$parent->say('attached');
	$parent->hear();
	echo shmx_get_var($shmx, 'other') === str_repeat('x', 100) ? "it still reads\n" : "it reads something else\n";
});
$reader->hear();
shmx_delete($shmx);
unset($shmx);
show($is_taken);
$reader->say('end');
$reader->wait();
show($is_taken);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
false
true
false
true
it still reads
false
