--TEST--
a handle that is taken to another IPC namespace acts on whatever has its number there
--EXTENSIONS--
shmx
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_namespace();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Gadget
{
}

// In a namespace of its own the kernel counts its segments from the first number on.
elsewhere(function () {
	enter_own_namespace();
	$taken = shmx_open(1, 'n', 0600, 10_000);
	shmx_put_var($taken, 'int', 1);
	shmx_put_var($taken, 'object', new Gadget());
	show(fn () => shmx_get_var($taken, 'object'));
	enter_own_namespace();
	$native = shmx_open(2, 'n', 0666, 10_000);
	shmx_put_var($native, 'int', 2);
	show(
		fn () => shmx_info($taken)['shmid'] === shmx_info($native)['shmid'],
		// What is mapped is read as ever; the permissions are those of the other one.
		fn () => shmx_get_var($taken, 'int'),
		fn () => strtok(outcome(fn () => shmx_get_var($taken, 'object')), ':'),
		fn () => shmx_delete($taken),
		fn () => shmx_list(),
		fn () => shmx_get_var($native, 'int'),
	);
});
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Gadget
true
1
'ShmxException SHMX_E_UNTRUSTED'
true
[]
2
