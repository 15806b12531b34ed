--TEST--
processes that open a new key at once: one makes it, all have the same, none fails
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$bad = [];
for ($round = 0; $round < max(2, intdiv(15, slowness())); $round++) {
	$children = [];
	for ($i = 0; $i < 20; $i++) {
		$children[] = new Child(function ($parent) use ($key) {
			$parent->hear();
			$shmx = shmx_open($key, 'c', 0600, 64);
			shmx_lock($shmx);
			shmx_write($shmx, chr(ord(shmx_read($shmx, 0, 1)) + 1), 0);
			shmx_unlock($shmx);
			$parent->say([shmx_info($shmx)['shmid'], shmx_info($shmx)['semid']]);
			$parent->hear();
		});
	}
	foreach ($children as $child) {
		$child->say('go');
	}
	$answers = array_map(fn ($child) => json_encode($child->hear()), $children);
	foreach ($children as $child) {
		$child->say('end');
		$child->wait();
	}
	$shmx = shmx_open($key, 'w', 0600, 0);
	if (count(array_unique($answers)) !== 1 || shmx_read($shmx, 0, 1) !== chr(20)) {
		$bad[] = array_unique($answers);
	}
	shmx_delete($shmx);
	unset($shmx);
}
show(fn () => $bad);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
[]
