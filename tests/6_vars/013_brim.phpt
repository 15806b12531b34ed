--TEST--
a segment filled to the brim with permanent variables still updates each of them, again and again
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
foreach ([2000, 10000, 100000] as $number => $size) {
	$shmx = shmx_open(test_key(__FILE__, $number), 'n', 0600, $size);
	mt_srand($size);
	$expected = [];
	try {
		for ($i = 0; ; $i++) {
			$value = str_repeat(chr(97 + $i % 26), 8 * mt_rand(0, 20));
			shmx_put_var($shmx, "key $i", $value);
			$expected["key $i"] = $value;
		}
	} catch (ShmxException $e) {
		echo $size, ' ', error_name($e->getCode()), "\n";
	}
	$wrong = [];
	for ($round = 0; $round < 30; $round++) {
		foreach ($expected as $key => $value) {
			$value = str_repeat(chr(ord($value[0] ?? 'a') + 1), strlen($value));
			try {
				shmx_put_var($shmx, $key, $value);
				$expected[$key] = $value;
			} catch (ShmxException $e) {
				$wrong[] = "$key: " . $e->getMessage();
			}
		}
		foreach ($expected as $key => $value) {
			if (shmx_get_var($shmx, $key) !== $value) {
				$wrong[] = "$key is not what was put";
			}
		}
	}
	$info = shmx_info($shmx);
	var_dump(array_slice($wrong, 0, 5), $info['entries'] === count($expected), $info['bytes_live'] === $info['permanent_bytes'], $info['evictions']);
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
2000 SHMX_E_FULL
array(0) {
}
bool(true)
bool(true)
int(0)
10000 SHMX_E_FULL
array(0) {
}
bool(true)
bool(true)
int(0)
100000 SHMX_E_FULL
array(0) {
}
bool(true)
bool(true)
int(0)
