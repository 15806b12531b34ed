--TEST--
a header that names somebody else's semaphores does not get shmx to touch them
--EXTENSIONS--
shmx
shmop
sysvsem
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
sem_acquire($semaphore = sem_get($key + 1, 3));
$sem_get = array_values(array_filter(kernel_sets(), fn ($set) => $set['key'] === $key + 1))[0]['semid'];
$neighbour = shmx_open($key + 2, 'n', 0600, 16);
shmx_write($neighbour, 'x', 0);
$sets = ['sem_get()' => $sem_get, 'another segment' => shmx_info($neighbour)['semid'], 'none' => 0x7ffffff0];

foreach ($sets as $name => $semid) {
	$shmx = shmx_open($key, 'n', 0600, 16);
	$own = shmx_info($shmx)['semid'];
	shmx_close($shmx);
	$raw = shmop_open($key, 'w', 0600, 0);
	$published = unpack('V', shmop_read($raw, 32, 4))[1];
	shmop_write($raw, pack('V', ($published & ~0x7fffffff) | $semid), 32);
	$before = $semid === 0x7ffffff0 ? [] : semaphore_values($semid);

	echo "$name\n";
	ini_set('shmx.lock_timeout', '0.05');
	$shmx = shmx_open($key, 'w', 0600, 0);
	show(
		fn () => shmx_write($shmx, 'x', 0),
		fn () => shmx_lock($shmx, 0),
		fn () => shmx_read($shmx, 0, 1) !== '',
		fn () => shmx_info($shmx)['semid'],
		fn () => shmx_delete($shmx),
		fn () => shmx_close($shmx),
	);
	var_dump($before === ($semid === 0x7ffffff0 ? [] : semaphore_values($semid)));
	unset($raw);
	exec("ipcrm -s $own 2>&1");
}
show(fn () => shmx_write($neighbour, 'y', 0));
sem_release($semaphore);
sem_remove($semaphore);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
sem_get()
ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
true
null
true
null
bool(true)
another segment
ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
ShmxException SHMX_E_DAMAGED: The segment is damaged: what stands in it was not written by shmx
true
null
true
null
bool(true)
none
1
true
true
null
true
null
bool(true)
1
