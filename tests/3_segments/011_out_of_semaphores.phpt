--TEST--
no semaphores to be had: a warning that says which limit, and nothing left behind; a few are enough
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

function limited(string $limits): void
{
	global $key;
	file_put_contents('/proc/sys/kernel/sem', $limits);
	echo "$limits: ";
	$shmx = null;
	show(function () use ($key, &$shmx) {
		$shmx = shmx_open($key, 'n', 0600, 16);
		return $shmx ? shmx_info($shmx)['writers'] : $shmx;
	});
	if ($shmx) {
		show(fn () => shmx_write($shmx, 'works', 0), fn () => shmx_read($shmx, 0, 5), fn () => shmx_delete($shmx));
	}
	unset($shmx);
	echo '  ', count(kernel_segments()), ' segments, ', count(kernel_sets()), " sets\n";
}

// Semaphores of one set, of all sets, operations of one semop(), sets.
limited('32000 1024000 500 32000');
limited('250 32000 100 128');
limited('30 32000 100 128');
limited('10 32000 100 128');
limited('32000 100 100 128');
limited('32000 10 100 128');
limited('32000 1024000 500 0');
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
32000 1024000 500 32000: 1023
5
'works'
true
  0 segments, 0 sets
250 32000 100 128: 127
5
'works'
true
  0 segments, 0 sets
30 32000 100 128: 15
5
'works'
true
  0 segments, 0 sets
10 32000 100 128: Warning: shmx_open(): Unable to make the semaphores of shared memory segment "Invalid argument: the kernel allows too few in one set; see kernel.sem"; false
  0 segments, 0 sets
32000 100 100 128: 63
5
'works'
true
  0 segments, 0 sets
32000 10 100 128: Warning: shmx_open(): Unable to make the semaphores of shared memory segment "No space left on device: all of the kernel's are taken; see kernel.sem and ipcs -s"; false
  0 segments, 0 sets
32000 1024000 500 0: Warning: shmx_open(): Unable to make the semaphores of shared memory segment "No space left on device: all of the kernel's are taken; see kernel.sem and ipcs -s"; false
  0 segments, 0 sets
