--TEST--
shmx_keys comes to an end, and misses nothing, though writers overtake its walk
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

// Each time that this process is stopped, the writers fill the segment a hundred times.
$key = test_key(__FILE__);
$reader = getmypid();
$expected = [];
for ($i = 0; $i < 100; $i++) {
	shmx_put_var($shmx, "key $i", $i);
	$expected["key $i"] = true;
}
$writers = [];
for ($i = 0; $i < 2; $i++) {
	$writers[] = new Child(function () use ($key, $i) {
		$shmx = shmx_open($key, 'w', 0, 0);
		for ($n = 0; ; $n++) {
			shmx_put_var($shmx, "writer $i " . $n % 3, str_repeat('x', 9000), SHMX_EVICTABLE);
		}
	});
}
$stopper = new Child(function ($parent) use ($reader) {
	for ($i = 0; $i < 100; $i++) {
		posix_kill($reader, SIGSTOP);
		usleep(10_000);
		posix_kill($reader, SIGCONT);
		usleep(mt_rand(50, 400));
	}
	$parent->say('enough');
});
$readonly = shmx_open($key, 'a', 0, 0);
$missing = $thrown = $calls = 0;
$end = hrtime(true) + 1e9 * slowness();
// It is stopped most of the time, and may be without a processor for the rest.
while (($now = hrtime(true)) < $end || $calls <= 20 && $now < $end + 50e9) {
	$calls++;
	try {
		$missing += count(array_diff_key($expected, array_flip(shmx_keys($calls % 2 ? $shmx : $readonly))));
	} catch (ShmxException $e) {
		$thrown++;
	}
}
$stopper->hear();
foreach ([$stopper, ...$writers] as $child) {
	$child->kill();
}
show(fn () => $calls > 20, fn () => $missing, fn () => $thrown);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
true
0
0
