--TEST--
many processes share a queue: each message reaches one of them, in order
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$jobs = shmx_open($key, 'n', 0600, 8192);
$results = shmx_open(test_key(__FILE__, 1), 'n', 0600, 8192);
$count = (int) (2000 / slowness());
$workers = [];
for ($i = 0; $i < 3; $i++) {
	$workers[] = new Child(function () use ($jobs, $results, $i) {
		while (shmx_receive($jobs, $job) && $job !== 'end') {
			shmx_send($results, [$i, $job, str_repeat('r', $job % 500)], -1);
		}
	});
}
$sender = new Child(function () use ($jobs, $count) {
	for ($i = 0; $i < $count; $i++) {
		shmx_send($jobs, $i, -1);
	}
	for ($i = 0; $i < 3; $i++) {
		shmx_send($jobs, 'end', -1);
	}
});
$seen = [];
$last = [-1, -1, -1];
$ordered = true;
for ($i = 0; $i < $count; $i++) {
	if (!shmx_receive($results, $result, 30)) {
		die("only $i results came");
	}
	[$worker, $job, $text] = $result;
	$ordered = $ordered && $job > $last[$worker] && strlen($text) === $job % 500;
	$last[$worker] = $job;
	$seen[$job] = ($seen[$job] ?? 0) + 1;
}
foreach ([$sender, ...$workers] as $child) {
	echo $child->wait(), "\n";
}
var_dump(count($seen) === $count, max($seen), $ordered, shmx_pending($jobs), shmx_pending($results));
shmx_delete($jobs);
shmx_delete($results);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
exit 0
exit 0
exit 0
exit 0
bool(true)
int(1)
bool(true)
int(0)
int(0)
