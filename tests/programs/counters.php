<?php
// Eight processes raise one counter, and by steps of their own a second one, as fast as they can; not one increment is
// lost. Usage: counters.php [increments of each process]
require __DIR__ . '/../helpers.inc';

$count = (int) ($argv[1] ?? getenv('SHMX_COUNT') ?: 200_000);
// One that was killed has left its segment.
remove_test_keys(__FILE__);
remove_test_keys_at_end(__FILE__);
const PROCESSES = 8;
echo "1..4\n";

$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 10_000);
$children = [];
for ($i = 0; $i < PROCESSES; $i++) {
	$children[] = new Child(function ($parent) use ($key, $count, $i) {
		$shmx = shmx_open($key, 'w', 0, 0);
		pcntl_alarm(600 * slowness());
		$parent->hear();
		$last = 0;
		$back = 0;
		for ($n = 0; $n < $count; $n++) {
			$now = shmx_inc_var($shmx, 'counter');
			$back += $now <= $last;
			$last = $now;
			if ($n % 10 === 0) {
				shmx_inc_var($shmx, 'steps', $i - 3);
			}
		}
		$parent->say($back);
	});
}
$taken = seconds(function () use ($children, &$ended) {
	foreach ($children as $child) {
		$child->say('go');
	}
	$ended = array_map(fn ($child) => $child->wait(), $children);
});
// Afterwards: they may take longer than hear() waits.
$back = array_map(fn ($child) => $child->hear(), $children);
ok($ended === array_fill(0, PROCESSES, 'exit 0'), 'each process comes to its end', implode(', ', $ended));
$counter = shmx_get_var($shmx, 'counter');
ok($counter === PROCESSES * $count, PROCESSES . " processes, $count increments each, come out exact", (string) $counter);
ok(shmx_get_var($shmx, 'steps') === (int) ceil($count / 10) * array_sum(range(-3, PROCESSES - 4)), 'so do steps of different size',
	(string) shmx_get_var($shmx, 'steps'));
// Of one that did not come to its end nothing is known here.
ok(array_sum($back) === 0, 'nobody is given a number twice, or one below the last', json_encode($back));
printf("# %d increments a second on one counter of %d processes\n", PROCESSES * $count * 1.1 / $taken, PROCESSES);
shmx_delete($shmx);
