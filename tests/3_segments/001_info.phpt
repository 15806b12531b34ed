--TEST--
shmx_info tells what ipcs shows and what the header holds
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$begun = time();
$shmx = shmx_open($key, 'n', 0640, 1000);
$info = shmx_info($shmx);
$kernel = kernel_segment($key);
foreach ($info as $name => $value) {
	echo $name, ': ', match ($name) {
		'key' => $value === $key ? 'ok' : brief($value),
		'shmid' => $value === $kernel['shmid'] ? 'ok' : brief($value),
		'semid' => in_array($value, array_column(kernel_sets(), 'semid'), true) ? 'ok' : brief($value),
		'permissions' => decoct($value),
		'owner' => $value === $kernel['uid'] ? 'ok' : brief($value),
		'group' => $value === $kernel['gid'] ? 'ok' : brief($value),
		'created' => $value >= $begun - 1 && $value <= time() ? 'ok' : brief($value),
		default => brief($value),
	}, "\n";
}

echo "after writes\n";
shmx_write($shmx, 'one', 0);
shmx_write($shmx, str_repeat('two', 300), 0);
shmx_write($shmx, '', 0);
$reader = shmx_open($key, 'a', 0, 0);
foreach ([$shmx, $reader] as $handle) {
	$info = shmx_info($handle);
	show(fn () => array_intersect_key($info, array_flip(['kind', 'writes', 'attached', 'writers_in_use', 'torn'])));
	var_dump($info['last_write'] >= $begun - 1 && $info['last_write'] <= time());
}
shmx_delete($shmx);
$info = shmx_info($reader);
show(fn () => array_intersect_key($info, array_flip(['key', 'semid', 'deleted', 'attached', 'writers_in_use', 'size'])));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
key: ok
shmid: ok
size: 1000
permissions: 640
owner: ok
group: ok
attached: 1
deleted: false
kind: 'blank'
created: ok
last_write: null
writes: 0
recoveries: 0
torn_writes: 0
torn: []
writers: 1023
semid: ok
writers_in_use: 0
format_version: 1
after writes
{"attached":2,"kind":"bytes","writes":2,"torn":[],"writers_in_use":1}
bool(true)
{"attached":2,"kind":"bytes","writes":2,"torn":[],"writers_in_use":1}
bool(true)
{"key":0,"size":1000,"attached":2,"deleted":true,"semid":null,"writers_in_use":null}
