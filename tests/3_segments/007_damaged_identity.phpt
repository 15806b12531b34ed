--TEST--
a header that says what cannot be is refused, at the open by a new process and at the first use by one that knew it
--EXTENSIONS--
shmx
shmop
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$damages = [
	'magic' => [0, "\1"],
	'newer version' => [8, pack('V', 2)],
	'version 0' => [8, pack('V', 0)],
	'other byte order' => [12, "\1\2\3\4"],
	'header size' => [16, word(4096)],
	'payload size larger' => [24, word(1001)],
	'payload size smaller' => [24, word(999)],
	'payload size huge' => [24, word(-1)],
	'unpublished' => [32, word(0)],
];
$calls = [
	'read' => fn ($shmx) => shmx_read($shmx, 0, 4),
	'write' => fn ($shmx) => shmx_write($shmx, 'evil', 0),
	'lock' => fn ($shmx) => shmx_lock($shmx, 0),
	'info' => fn ($shmx) => shmx_info($shmx)['kind'],
];

function outcomes_elsewhere(int $key): array
{
	$open = fn ($mode) => "@shmx_open($key, '$mode', 0600, 1); echo error_get_last()['message'], PHP_EOL;";
	$flags = getenv('SHMX_PHP_FLAGS') ?: getenv('TEST_PHP_EXTRA_ARGS');
	exec(PHP_BINARY . " $flags -d html_errors=0 -r " . escapeshellarg($open('a') . $open('w') . $open('c')), $said);
	return array_unique($said);
}

foreach ($damages as $name => [$offset, $bytes]) {
	shmx_write(shmx_open($key, 'n', 0600, 1000), 'good', 0);
	$semid = shmx_info(shmx_open($key, 'a', 0600, 0))['semid'];
	$before = shmx_open($key, 'w', 0600, 0);
	$raw = shmop_open($key, 'w', 0600, 0);
	shmop_write($raw, $bytes, $offset);
	$damaged = shmop_read($raw, 0, 0);
	$after = shmx_open($key, 'w', 0600, 0);

	echo "$name\n";
	$outcomes = [];
	foreach ([$before, $after] as $shmx) {
		foreach ($calls as $call => $do) {
			$outcomes[outcome(fn () => $do($shmx))][$call] = $call;
		}
	}
	foreach ($outcomes as $outcome => $which) {
		echo '  ', implode(', ', $which), ': ', $outcome, "\n";
	}
	echo '  ', implode(', ', outcomes_elsewhere($key)), "\n";
	echo shmop_read($raw, 0, 0) === $damaged ? '' : "  CHANGED\n";
	shmop_delete($raw);
	unset($raw, $before, $after, $shmx);
	exec("ipcrm -s $semid 2>&1");
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
magic
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "it was not made by shmx: use another key, or remove it with ipcrm"
newer version
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "its format is of another version than 1, the one that this shmx knows"
version 0
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "its format is of another version than 1, the one that this shmx knows"
other byte order
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "its header is damaged: remove it with ipcrm"
header size
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "its header is damaged: remove it with ipcrm"
payload size larger
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "its header is damaged: remove it with ipcrm"
payload size smaller
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "its header is damaged: remove it with ipcrm"
payload size huge
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "its header is damaged: remove it with ipcrm"
unpublished
  read, write, lock, info: ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
  shmx_open(): Unable to attach to shared memory segment "its header is damaged: remove it with ipcrm"
