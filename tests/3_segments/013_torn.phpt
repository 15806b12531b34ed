--TEST--
a large write whose writer was killed is told to who reads it, until it is written anew
--EXTENSIONS--
shmx
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_memory(1);
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
const SIZE = 64 << 20;
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, SIZE + 8192);
$reader = shmx_open($key, 'a', 0600, 0);

// Kills a process in the middle of a write of 64 MiB at 4096.
function tear(int $key): void
{
	$child = new Child(function ($parent) use ($key) {
		$shmx = shmx_open($key, 'w', 0600, 0);
		$data = str_repeat('x', SIZE);
		$parent->say('ready');
		for (;;) {
			shmx_write($shmx, $data, 4096);
		}
	});
	$child->hear();
	usleep(random_int(1000, 20_000));
	$child->kill();
}

// Without a writer to repair it, a handle that cannot write sees it too.
for ($i = 0; $i < 200; $i++) {
	tear($key);
	$said = outcome(fn () => strlen(shmx_read($reader, 4096, SIZE)));
	if (str_starts_with($said, 'Warning')) {
		break;
	}
}
echo "$said\n";
show(fn () => shmx_read($reader, 0, 4096) === str_repeat("\0", 4096));

shmx_write($shmx, 'repairs', 0);
$range = [[4096, SIZE]];
show(
	fn () => shmx_info($shmx)['torn'] === $range,
	fn () => shmx_info($reader)['torn'] === $range,
	fn () => shmx_info($shmx)['torn_writes'] > 0,
);
foreach ([$shmx, $reader] as $handle) {
	echo "read\n";
	show(
		fn () => shmx_read($handle, 4096, 1) !== '',
		fn () => shmx_read($handle, 4095 + SIZE, 1) !== '',
		fn () => strlen(shmx_read($handle, 0, 0)),
		fn () => shmx_read($handle, 0, 7),
		fn () => shmx_read($handle, 0, 4096) !== '',
		fn () => shmx_read($handle, 4096 + SIZE, 0) === str_repeat("\0", 4096),
	);
}
echo "written anew, from the front\n";
shmx_write($shmx, str_repeat('y', 1000), 4096);
show(
	fn () => shmx_info($reader)['torn'] === [[5096, SIZE - 1000]],
	fn () => strlen(shmx_read($reader, 4096, 1000)),
	fn () => strlen(shmx_read($reader, 4096, 1001)),
);
echo "a hole\n";
shmx_write($shmx, str_repeat('z', 5000), 1 << 20);
show(
	fn () => shmx_info($reader)['torn'] === [[5096, (1 << 20) - 5096], [(1 << 20) + 5000, SIZE + 4096 - (1 << 20) - 5000]],
	fn () => strlen(shmx_read($reader, 1 << 20, 5000)),
	fn () => strlen(shmx_read($reader, (1 << 20) - 1, 2)),
);
echo "all\n";
shmx_write($shmx, str_repeat('w', SIZE), 4096);
show(fn () => shmx_info($reader)['torn'], fn () => strlen(shmx_read($reader, 0, 0)), fn () => shmx_read($reader, 4095 + SIZE, 1));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Warning: shmx_read(): Bytes 4096 to 67112959 were left half-written by a process that died; writing them anew clears this; 67108864
true
true
true
true
read
Warning: shmx_read(): Bytes 4096 to 67112959 were left half-written by a process that died; writing them anew clears this; true
Warning: shmx_read(): Bytes 4096 to 67112959 were left half-written by a process that died; writing them anew clears this; true
Warning: shmx_read(): Bytes 4096 to 67112959 were left half-written by a process that died; writing them anew clears this; 67117056
'repairs'
true
true
read
Warning: shmx_read(): Bytes 4096 to 67112959 were left half-written by a process that died; writing them anew clears this; true
Warning: shmx_read(): Bytes 4096 to 67112959 were left half-written by a process that died; writing them anew clears this; true
Warning: shmx_read(): Bytes 4096 to 67112959 were left half-written by a process that died; writing them anew clears this; 67117056
'repairs'
true
true
written anew, from the front
true
1000
Warning: shmx_read(): Bytes 5096 to 67112959 were left half-written by a process that died; writing them anew clears this; 1001
a hole
true
5000
Warning: shmx_read(): Bytes 5096 to 1048575 were left half-written by a process that died; writing them anew clears this; 2
all
[]
67117056
'w'
