--TEST--
a segment that shmx did not make is refused, and not a byte of it changes
--EXTENSIONS--
shmx
shmop
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$magic = "SHMX\r\n\x1a\n";
$contents = [
	'zero bytes' => str_repeat("\0", 20000),
	'text' => str_repeat('somebody else\'s data, ', 1000),
	'random bytes' => random_bytes(20000),
	'the magic and then zeros' => str_pad($magic, 20000, "\0"),
	'exactly a header of zeros' => str_repeat("\0", 8192),
	'smaller than a header' => str_repeat("\0", 8191),
	'one byte' => 'x',
];
foreach ($contents as $name => $bytes) {
	foreach ([0600, 0666, 0700, 0777] as $permissions) {
		$shmop = shmop_open($key, 'n', $permissions, strlen($bytes));
		shmop_write($shmop, $bytes, 0);
		$outcomes = [];
		foreach ([['a', 0], ['w', 0], ['c', 1], ['c', 8000]] as [$mode, $size]) {
			$outcomes[] = outcome(fn () => shmx_open($key, $mode, 0600, $size));
			$outcomes[] = elsewhere(fn () => outcome(fn () => shmx_open($key, $mode, 0600, $size)));
		}
		$outcomes = array_unique($outcomes);
		sort($outcomes);
		$same = shmop_read($shmop, 0, 0) === $bytes;
		if ($permissions === 0600 || !$same) {
			echo $name, $same ? '' : ' CHANGED', "\n  ", implode("\n  ", $outcomes), "\n";
		}
		shmop_delete($shmop);
		unset($shmop);
	}
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
zero bytes
  Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
text
  Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
random bytes
  Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
the magic and then zeros
  Warning: shmx_open(): Unable to attach to shared memory segment "its header is damaged: remove it with ipcrm"; false
exactly a header of zeros
  Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; false
  Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
smaller than a header
  Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; false
  Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
one byte
  Warning: shmx_open(): Unable to attach or create shared memory segment "Invalid argument: the existing segment is smaller than that, or the size is above kernel.shmmax"; false
  Warning: shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"; false
