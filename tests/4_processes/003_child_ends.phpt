--TEST--
a child that ends, however it ends, detaches itself and gives back nothing of its parent's
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 16);
shmx_lock($shmx);
$other = new Child(function ($parent) use ($key) {
	$other = shmx_open($key, 'w', 0600, 0);
	while ($parent->hear()) {
		$parent->say(shmx_lock($other, 0) ? 'lost' : 'kept');
	}
});
$ends = [
	'exit' => fn () => exit,
	'close' => fn () => shmx_close($shmx),
	'unset' => function () use (&$shmx) {
		$shmx = null;
	},
	'exception' => fn () => throw new Exception,
	'SIGKILL' => fn () => posix_kill(getmypid(), SIGKILL),
	'write with a token of its own' => function () use ($shmx) {
		ini_set('shmx.lock_timeout', '0');
		try {
			shmx_write($shmx, 'x', 0);
		} catch (ShmxException) {
			posix_kill(getmypid(), SIGKILL);
		}
	},
];
foreach ($ends as $name => $end) {
	$child = new Child(function () use ($end) {
		ini_set('display_errors', '0');
		$end();
	});
	$how = $child->wait();
	$other->say('try');
	echo "$name: $how, lock ", $other->hear(), ', ', kernel_segment($key)['nattch'], " attached, ",
		outcome(fn () => shmx_write($shmx, 'mine', 0)), "\n";
}
shmx_unlock($shmx);
$other->say('try');
echo $other->hear(), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
exit: exit 0, lock kept, 3 attached, 4
close: exit 0, lock kept, 3 attached, 4
unset: exit 0, lock kept, 3 attached, 4
exception: exit 255, lock kept, 3 attached, 4
SIGKILL: signal 9, lock kept, 3 attached, 4
write with a token of its own: signal 9, lock kept, 3 attached, 4
lost
