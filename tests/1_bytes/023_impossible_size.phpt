--TEST--
a size that no machine has is a warning, and nothing is left behind
--EXTENSIONS--
shmx
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_64_bits();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
foreach ([PHP_INT_MAX, PHP_INT_MAX - 8191, PHP_INT_MAX - 8192, 1 << 62, 1 << 52] as $size) {
	foreach (['n', 'c'] as $mode) {
		// With vm.overcommit_memory=1 the kernel makes such a segment, and refuses to attach it.
		echo strtr(outcome(fn () => shmx_open($key, $mode, 0600, $size)), ['attach to shared memory segment "Cannot allocate memory"'
			=> 'attach or create shared memory segment "Cannot allocate memory: the machine has too little memory for it"']), "\n";
	}
}
var_dump(kernel_segment($key));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the size is above kernel.shmmax"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the size is above kernel.shmmax"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Cannot allocate memory: the machine has too little memory for it"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Cannot allocate memory: the machine has too little memory for it"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Cannot allocate memory: the machine has too little memory for it"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Cannot allocate memory: the machine has too little memory for it"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Cannot allocate memory: the machine has too little memory for it"; false
Warning: shmx_open(): Unable to attach or create shared memory segment "Cannot allocate memory: the machine has too little memory for it"; false
NULL
