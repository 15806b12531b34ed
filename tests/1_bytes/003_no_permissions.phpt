--TEST--
shmop 003: a segment that its own maker may not read is a warning, and is not left behind
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
foreach ([0, 0200, 0400] as $permissions) {
	echo unprivileged(fn () => outcome(fn () => shmx_open($key, 'n', $permissions, 1024))), "\n";
	var_dump(kernel_segment($key));
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
NULL
Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
NULL
Warning: shmx_open(): Unable to attach to shared memory segment "Permission denied: its permissions must let the process read it and, unless the mode is "a", write it"; false
NULL
