--TEST--
of many processes that add one key, one succeeds; increments and swaps of many are exact
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
shmx_close(shmx_open($key, 'n', 0600, 100000));
$children = [];
for ($i = 0; $i < 6; $i++) {
	$children[] = new Child(function ($parent) use ($key, $i) {
		$shmx = shmx_open($key, 'w', 0, 0);
		$parent->hear();
		$won = 0;
		for ($n = 0; $n < 500; $n++) {
			$won += (int) shmx_add_var($shmx, "add $n", $i);
			shmx_inc_var($shmx, 'counter');
			do {
				$list = shmx_get_var($shmx, 'list', null);
				$done = $list === null ? shmx_add_var($shmx, 'list', [1]) : shmx_cas_var($shmx, 'list', $list, [$list[0] + 1]);
			} while (!$done);
		}
		$parent->say($won);
	});
}
foreach ($children as $child) {
	$child->say('go');
}
$won = array_sum(array_map(fn ($child) => $child->hear(), $children));
foreach ($children as $child) {
	$child->wait();
}
$shmx = shmx_open($key, 'a', 0, 0);
show(fn () => $won, fn () => shmx_get_var($shmx, 'counter'), fn () => shmx_get_var($shmx, 'list'));
echo "they outlive who made them, and are known to whoever opens the segment\n";
show(fn () => elsewhere(fn () => shmx_get_var(shmx_open($key, 'w', 0, 0), 'counter')), fn () => count(shmx_keys($shmx)));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
500
3000
[3000]
they outlive who made them, and are known to whoever opens the segment
3000
502
