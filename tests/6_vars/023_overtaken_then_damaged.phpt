--TEST--
a value that is overtaken while it is read, and then cannot be read again, is freed once
--EXTENSIONS--
shmx
shmop
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_64_bits();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
const HEADER = 8192;
const TAIL = 1024;
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 2_000_000);
$value = array_map(fn ($n) => ["row $n", $n, [$n]], range(1, 10_000));
shmx_put_var($shmx, 'value', $value);

// Another process makes tail pass the record, and the index lead to where no record can be; then all is well again.
$scribbler = new Child(function () use ($key) {
	pcntl_alarm(110 * slowness());
	$raw = shmop_open($key, 'w', 0, 0);
	$index = shmop_read($raw, HEADER, intdiv(2_000_000, 512) * 64);
	$nowhere = str_repeat(pack('q', 1 << 40 | 1), intdiv(strlen($index), 8));
	$tail = unpack('q', shmop_read($raw, TAIL, 8))[1];
	while (posix_getppid() !== 1) {
		usleep(mt_rand(0, 3000));
		shmop_write($raw, $nowhere, HEADER);
		shmop_write($raw, pack('q', $tail + 8), TAIL);
		usleep(mt_rand(0, 300));
		shmop_write($raw, $index, HEADER);
		shmop_write($raw, pack('q', $tail), TAIL);
	}
});
$damaged = $right = $wrong = 0;
$enough = max(3, intdiv(100, slowness()));
$until = hrtime(true) + 90e9 * slowness();
while (($damaged < $enough || $right < 3) && hrtime(true) < $until) {
	try {
		$found = shmx_get_var($shmx, 'value');
		$found === $value ? $right++ : $wrong += $found !== null;
	} catch (ShmxException $e) {
		$damaged += $e->getCode() === SHMX_E_DAMAGED;
	}
	// Arrays that would get the memory of one that was freed too early.
	$others = array_map(fn ($n) => [$n, $e ?? null], range(1, 30));
	unset($found, $e, $others);
}
$scribbler->kill();
echo brief($damaged >= $enough && $right >= 3), ", $wrong wrong\n";
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
true, 0 wrong
