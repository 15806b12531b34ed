--TEST--
shmx.lock_timeout bounds how long a write waits, may be set at any time, and takes only seconds that can be
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);
show(fn () => ini_get('shmx.lock_timeout'));
$holder = new Child(function ($parent) use ($shmx) {
	shmx_lock($shmx);
	$parent->say('locked');
	sleep(60);
});
$holder->hear();
foreach (['0.1', '0.3', '0'] as $timeout) {
	ini_set('shmx.lock_timeout', $timeout);
	// It may have had no processor; but not each time.
	for ($try = 0; $try < 3 && ($try === 0 || $taken >= $timeout + 1); $try++) {
		$taken = seconds(function () use ($shmx, &$said) {
			$said = outcome(fn () => shmx_write($shmx, 'x', 0));
		});
	}
	echo "$said\n";
	var_dump($taken >= (float) $timeout && $taken < (float) $timeout + 1);
}
foreach (['-1', '1e10', 'NAN', 'INF', 'soon', ''] as $timeout) {
	echo $timeout, ': ', brief(@ini_set('shmx.lock_timeout', $timeout)), ' ', ini_get('shmx.lock_timeout'), "\n";
}
foreach (['0', '-1', '32001', 'many', '99999999999999999999'] as $writers) {
	echo $writers, ': ', brief(@ini_set('shmx.writers', $writers)), ' ', ini_get('shmx.writers'), "\n";
}
$holder->kill();
show(fn () => shmx_write($shmx, 'x', 0));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
'5'
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
bool(true)
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
bool(true)
ShmxException SHMX_E_TIMEOUT: Another writer kept the segment for longer than shmx.lock_timeout
bool(true)
-1: false 0
1e10: false 0
NAN: false 0
INF: false 0
soon: false 0
: false 0
0: false 1023
-1: false 1023
32001: false 1023
many: false 1023
99999999999999999999: false 1023
1
