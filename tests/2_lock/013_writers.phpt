--TEST--
as many processes write at once as shmx.writers says; one more is refused until one of them ends
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.writers=2
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);
$writers = [];
for ($i = 0; $i < 2; $i++) {
	$writers[] = $writer = new Child(function ($parent) use ($key) {
		$shmx = shmx_open($key, 'w', 0600, 0);
		$parent->say(outcome(fn () => shmx_write($shmx, 'x', 0)));
		$parent->hear();
		shmx_close($shmx);
		$parent->say('closed');
		sleep(60);
	});
	echo $writer->hear(), "\n";
}
function figures(): array
{
	$info = shmx_info(shmx_open(test_key(__FILE__), 'a', 0600, 0));
	return [$info['writers'], $info['writers_in_use']];
}

show(
	figures(...),
	fn () => shmx_write($shmx, 'y', 0),
	fn () => shmx_lock($shmx),
	fn () => shmx_lock($shmx, 0),
	fn () => shmx_read($shmx, 0, 1),
);
echo $writers[0]->kill(), "\n";
show(figures(...), fn () => shmx_write($shmx, 'y', 0), figures(...));
shmx_close($shmx);
$shmx = shmx_open($key, 'w', 0600, 0);
show(figures(...));
$writers[1]->say('close');
echo $writers[1]->hear(), "\n";
show(figures(...));
$writers[1]->kill();
// What is no number of writers changes nothing.
foreach (['4G', '32K', '0', '-1', 'many', '', '32001', '7'] as $setting) {
	@ini_set('shmx.writers', $setting);
	echo ini_get('shmx.writers'), ' ';
}
echo "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
1
1
[2,2]
ShmxException SHMX_E_WRITERS: As many handles write to the segment as it has room for (see shmx.writers and kernel.sem), or this process has changed its user and may not use the segment's semaphores any more
ShmxException SHMX_E_WRITERS: As many handles write to the segment as it has room for (see shmx.writers and kernel.sem), or this process has changed its user and may not use the segment's semaphores any more
ShmxException SHMX_E_WRITERS: As many handles write to the segment as it has room for (see shmx.writers and kernel.sem), or this process has changed its user and may not use the segment's semaphores any more
'x'
signal 9
[2,1]
1
[2,2]
[2,1]
closed
[2,0]
2 2 2 2 2 2 2 7
