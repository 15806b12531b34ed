--TEST--
no segment to be had: a warning that says which limit, and nothing left behind
--EXTENSIONS--
shmx
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_namespace();
skip_without_settable_limits();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
pcntl_unshare(CLONE_NEWIPC);
$key = test_key(__FILE__);

function limited(string $name, string $value, int $size, string $mode = 'n'): void
{
	global $key;
	$file = "/proc/sys/kernel/$name";
	$before = trim(file_get_contents($file));
	file_put_contents($file, $value);
	echo "$name $value: ";
	show(fn () => shmx_open($key, $mode, 0600, $size));
	file_put_contents($file, $before);
	echo '  ', count(kernel_segments()), ' segments, ', count(kernel_sets()), " sets\n";
}

foreach (['n', 'c'] as $mode) {
	limited('shmmni', '0', 16, $mode);
	limited('shmall', '2', 16, $mode);
	limited('shmmax', '8207', 16, $mode);
}
limited('shmmax', '8208', 16);
$shmx = shmx_open($key, 'w', 0, 0);
shmx_delete($shmx);
limited('shmall', '3', 16);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
shmmni 0: Warning: shmx_open(): Unable to attach or create shared memory segment "No space left on device: all segment ids or the memory for segments are taken; see kernel.shmmni and kernel.shmall"; false
  0 segments, 0 sets
shmall 2: Warning: shmx_open(): Unable to attach or create shared memory segment "No space left on device: all segment ids or the memory for segments are taken; see kernel.shmmni and kernel.shmall"; false
  0 segments, 0 sets
shmmax 8207: Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the size is above kernel.shmmax"; false
  0 segments, 0 sets
shmmni 0: Warning: shmx_open(): Unable to attach or create shared memory segment "No space left on device: all segment ids or the memory for segments are taken; see kernel.shmmni and kernel.shmall"; false
  0 segments, 0 sets
shmall 2: Warning: shmx_open(): Unable to attach or create shared memory segment "No space left on device: all segment ids or the memory for segments are taken; see kernel.shmmni and kernel.shmall"; false
  0 segments, 0 sets
shmmax 8207: Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; false
  0 segments, 0 sets
shmmax 8208: Shmx
  1 segments, 1 sets
shmall 3: Warning: shmx_open(): Unable to attach or create shared memory segment "No space left on device: all segment ids or the memory for segments are taken; see kernel.shmmni and kernel.shmall"; false
  1 segments, 0 sets
