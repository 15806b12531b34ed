--TEST--
what shmx_pending and shmx_info say of a queue
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 4096);
function figures(Shmx $shmx): string
{
	return json_encode(array_intersect_key(shmx_info($shmx),
		array_flip(['kind', 'pending', 'sent', 'received', 'capacity', 'bytes_used', 'receivers_waiting', 'senders_waiting'])));
}
echo shmx_pending($shmx), ' ', figures($shmx), "\n";
for ($i = 0; $i < 10; $i++) {
	shmx_send($shmx, $i);
}
for ($i = 0; $i < 3; $i++) {
	shmx_receive($shmx, $message);
}
echo shmx_pending($shmx), ' ', figures($shmx), "\n";
echo shmx_pending(shmx_open($key, 'a', 0, 0)), ' ', shmx_info($shmx)['last_write'] >= time() - 60 ? 'just now' : 'long ago', "\n";
while (shmx_receive($shmx, $message, 0)) {
}
$children = [];
for ($i = 0; $i < 3; $i++) {
	$children[] = new Child(fn () => shmx_receive($shmx, $message));
}
while (shmx_info($shmx)['receivers_waiting'] !== 3) {
	usleep(500);
}
echo figures($shmx), "\n";
// The dead are not counted.
$children[0]->kill();
while (shmx_info($shmx)['receivers_waiting'] !== 2) {
	usleep(500);
}
echo figures($shmx), "\n";
shmx_send($shmx, 1);
shmx_send($shmx, 2);
echo $children[1]->wait(), ', ', $children[2]->wait(), "\n";
echo figures($shmx), "\n";
shmx_delete($shmx);
echo figures($shmx), "\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
0 {"kind":"blank"}
7 {"kind":"queue","pending":7,"sent":10,"received":3,"capacity":4096,"bytes_used":280,"receivers_waiting":0,"senders_waiting":0}
7 just now
{"kind":"queue","pending":0,"sent":10,"received":10,"capacity":4096,"bytes_used":0,"receivers_waiting":3,"senders_waiting":0}
{"kind":"queue","pending":0,"sent":10,"received":10,"capacity":4096,"bytes_used":0,"receivers_waiting":2,"senders_waiting":0}
exit 0, exit 0
{"kind":"queue","pending":0,"sent":12,"received":12,"capacity":4096,"bytes_used":0,"receivers_waiting":0,"senders_waiting":0}
{"kind":"queue","pending":0,"sent":12,"received":12,"capacity":4096,"bytes_used":0,"receivers_waiting":0,"senders_waiting":0}
