--TEST--
another user may do what the permissions say, and never delete
--EXTENSIONS--
shmx
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_unless_root();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
umask(0);
foreach ([0600, 0604, 0602, 0644, 0666] as $permissions) {
	$shmx = shmx_open($key, 'n', $permissions, 16);
	shmx_write($shmx, 'root', 0);
	printf("%o\n", $permissions);
	unprivileged(function () use ($key) {
		foreach (['a', 'w', 'c'] as $mode) {
			$opened = null;
			echo " $mode: ", outcome(function () use ($key, $mode, &$opened) {
				return $opened = shmx_open($key, $mode, 0, 16);
			}), "\n";
			// What would be a new segment's asks nothing of one that is there.
			if (outcome(fn () => shmx_open($key, $mode, 0755, 16)) !== outcome(fn () => shmx_open($key, $mode, 0, 16))) {
				echo "    the permissions that are given make a difference\n";
			}
			if ($opened) {
				echo '    ', outcome(fn () => shmx_read($opened, 0, 4)), ', ', outcome(fn () => shmx_write($opened, 'user', 0)), "\n";
				echo '    ', outcome(fn () => shmx_delete($opened)), "\n";
			}
		}
	});
	echo ' ', shmx_read($shmx, 0, 4), ', ', brief(kernel_segment($key) !== null), "\n";
	shmx_delete($shmx);
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
600
 a: Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
 w: Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
 c: Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
 root, true
604
 a: Shmx
    'root', Error: Read-only segment cannot be written
    Warning: shmx_delete(): Can't mark segment for deletion (are you the owner?); false
 w: Warning: shmx_open(): Unable to attach to shared memory segment "Permission denied: its permissions must let the process read it and, unless the mode is "a", write it"; false
 c: Warning: shmx_open(): Unable to attach to shared memory segment "Permission denied: its permissions must let the process read it and, unless the mode is "a", write it"; false
 root, true
602
 a: Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
 w: Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
 c: Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: its permissions must let the process read it"; false
 root, true
644
 a: Shmx
    'root', Error: Read-only segment cannot be written
    Warning: shmx_delete(): Can't mark segment for deletion (are you the owner?); false
 w: Warning: shmx_open(): Unable to attach to shared memory segment "Permission denied: its permissions must let the process read it and, unless the mode is "a", write it"; false
 c: Warning: shmx_open(): Unable to attach to shared memory segment "Permission denied: its permissions must let the process read it and, unless the mode is "a", write it"; false
 root, true
666
 a: Shmx
    'root', Error: Read-only segment cannot be written
    Warning: shmx_delete(): Can't mark segment for deletion (are you the owner?); false
 w: Shmx
    'root', 4
    Warning: shmx_delete(): Can't mark segment for deletion (are you the owner?); false
 c: Shmx
    'user', 4
    Warning: shmx_delete(): Can't mark segment for deletion (are you the owner?); false
 user, true
