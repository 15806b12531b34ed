--TEST--
cache entries give way when room is needed, oldest first, those that are read later; permanent variables never
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 200000);

for ($i = 0; $i < 100; $i++) {
	shmx_put_var($shmx, "permanent $i", "value $i");
}
$missing = 0;
$dropped = 0;
for ($i = 0; $i < 20000; $i++) {
	shmx_put_var($shmx, "cache $i", str_repeat('c', $i % 900), $i % 2 ? SHMX_EVICTABLE : 1000);
	$missing += shmx_get_var($shmx, 'permanent ' . $i % 100) !== 'value ' . $i % 100;
	$missing += !shmx_has_var($shmx, "cache $i");
	$dropped += $i >= 10 && !shmx_has_var($shmx, 'cache ' . ($i - 10));
}
$info = shmx_info($shmx);
echo "$missing permanent or just stored variables missing, $dropped of the newest ten dropped\n";
var_dump($info['evictions'] > 10000, shmx_has_var($shmx, 'cache 0'), $info['moved_bytes'] > 0, $info['expired']);

echo "one that is read stays longer than its neighbours\n";
shmx_clear($shmx);
shmx_put_var($shmx, 'read', 'often', SHMX_EVICTABLE);
shmx_put_var($shmx, 'unread', 'never', SHMX_EVICTABLE);
$present = 0;
for ($i = 0; $i < 5000; $i++) {
	shmx_put_var($shmx, $i, str_repeat('c', 500), SHMX_EVICTABLE);
	$present += shmx_get_var($shmx, 'read') === 'often';
}
var_dump($present > 4500, shmx_has_var($shmx, 'unread'), shmx_info($shmx)['second_rounds'] > 0);

echo "permanent variables take the room of the cache, to the last entry\n";
try {
	for ($i = 0; ; $i++) {
		shmx_put_var($shmx, "p $i", str_repeat('p', 500));
	}
} catch (ShmxException $e) {
	echo error_name($e->getCode()), "\n";
}
$info = shmx_info($shmx);
$kept = 0;
for ($j = 0; $j < $i; $j++) {
	$kept += shmx_get_var($shmx, "p $j") === str_repeat('p', 500);
}
var_dump($kept === $i, $i * 550 > 0.75 * $info['capacity']);
echo "and beside them the cache goes on in what is left\n";
show(fn () => shmx_put_var($shmx, 'cache', str_repeat('c', 1000), SHMX_EVICTABLE), fn () => strlen(shmx_get_var($shmx, 'cache')));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
0 permanent or just stored variables missing, 0 of the newest ten dropped
bool(true)
bool(false)
bool(true)
int(0)
one that is read stays longer than its neighbours
bool(true)
bool(false)
bool(true)
permanent variables take the room of the cache, to the last entry
SHMX_E_FULL
bool(true)
bool(true)
and beside them the cache goes on in what is left
true
1000
