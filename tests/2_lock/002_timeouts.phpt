--TEST--
a timeout is in seconds: 0 does not wait, a fraction is a fraction, NAN is an error
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$holder = new Child(function ($parent) use ($key) {
	$shmx = shmx_open($key, 'n', 0600, 64);
	shmx_lock($shmx);
	$parent->say('locked');
	$parent->hear();
	shmx_unlock($shmx);
	$parent->say('free');
	$parent->hear();
});
$holder->hear();
$shmx = shmx_open($key, 'w', 0600, 0);

/** A machine that has other work may leave a process without a processor for a second or two, but not each time. */
function timed(float $timeout, float $least, float $most): void
{
	global $shmx;
	for ($try = 0; $try < 3 && ($try === 0 || $taken > $most * slowness()); $try++) {
		$taken = seconds(function () use ($shmx, $timeout, &$got) {
			$got = shmx_lock($shmx, $timeout);
		});
		if ($got) {
			shmx_unlock($shmx);
		}
	}
	echo "$timeout: ", brief($got), ' ', $taken >= $least && $taken <= $most * slowness() ? 'in time' : "in $taken s", "\n";
}

timed(0, 0, 1);
timed(0.05, 0.05, 1);
timed(0.3, 0.3, 1.3);
timed(-0.0, 0, 1);
show(
	fn () => shmx_lock($shmx, NAN),
	fn () => shmx_lock($shmx, '0.01'),
	fn () => shmx_lock($shmx, null),
	fn () => shmx_lock($shmx, true),
	fn () => shmx_lock($shmx, false),
	fn () => shmx_send($shmx, 1, true),
	fn () => shmx_unlock($shmx),
);
$holder->say('unlock');
$holder->hear();
foreach ([0, 0.5, -1, -INF, INF, 1e300, 2 ** 31 - 1] as $timeout) {
	timed($timeout, 0, 1);
}
$holder->kill();
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
0: false in time
0.05: false in time
0.3: false in time
-0: false in time
ValueError: shmx_lock(): Argument #2 ($timeout) must not be NAN
false
Deprecated: shmx_lock(): Passing null to parameter #2 ($timeout) of type float is deprecated; false
TypeError: shmx_lock(): Argument #2 ($timeout) must be of type float, bool given
TypeError: shmx_lock(): Argument #2 ($timeout) must be of type float, bool given
TypeError: shmx_send(): Argument #3 ($timeout) must be of type float, bool given
Error: Shared memory segment is not locked through this handle
0: true in time
0.5: true in time
-1: true in time
-INF: true in time
INF: true in time
1.0E+300: true in time
2147483647: true in time
