--TEST--
a segment is of one kind: another kind's calls throw, in all directions, and change nothing
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$bytes = shmx_open(test_key(__FILE__, 0), 'n', 0600, 10000);
$vars = shmx_open(test_key(__FILE__, 1), 'n', 0600, 10000);
$queue = shmx_open(test_key(__FILE__, 2), 'n', 0600, 10000);
shmx_write($bytes, 'bytes', 0);
shmx_put_var($vars, 'key', 'variable');
shmx_send($queue, 'message');
$of_bytes = fn ($shmx) => show(fn () => shmx_read($shmx, 0, 5), fn () => shmx_write($shmx, 'x', 0));
$of_queue = fn ($shmx) => show(fn () => shmx_send($shmx, 1), fn () => shmx_receive($shmx, $message, 0), fn () => shmx_pending($shmx));
$of_vars = fn ($shmx) => show(
	fn () => shmx_put_var($shmx, 'key', 1),
	fn () => shmx_add_var($shmx, 'key', 1),
	fn () => shmx_get_var($shmx, 'key'),
	fn () => shmx_has_var($shmx, 'key'),
	fn () => shmx_remove_var($shmx, 'key'),
	fn () => shmx_inc_var($shmx, 'key'),
	fn () => shmx_cas_var($shmx, 'key', 1, 2),
	fn () => shmx_keys($shmx),
	fn () => shmx_clear($shmx),
);
echo "bytes\n";
$of_vars($bytes);
$of_queue($bytes);
echo "variables\n";
$of_bytes($vars);
$of_queue($vars);
echo "queue\n";
$of_bytes($queue);
$of_vars($queue);
echo "unchanged\n";
show(
	fn () => shmx_read($bytes, 0, 5),
	fn () => shmx_get_var($vars, 'key'),
	fn () => shmx_receive($queue, $message, 0) ? $message : null,
	fn () => array_map(fn ($shmx) => shmx_info($shmx)['kind'], [$bytes, $vars, $queue]),
);
echo "a cleared segment is still one of variables\n";
shmx_clear($vars);
show(fn () => shmx_write($vars, 'x', 0), fn () => shmx_info($vars)['kind']);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
bytes
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not variables
ShmxException SHMX_E_KIND: The segment holds bytes, not a queue
ShmxException SHMX_E_KIND: The segment holds bytes, not a queue
ShmxException SHMX_E_KIND: The segment holds bytes, not a queue
variables
ShmxException SHMX_E_KIND: The segment holds variables, not bytes
ShmxException SHMX_E_KIND: The segment holds variables, not bytes
ShmxException SHMX_E_KIND: The segment holds variables, not a queue
ShmxException SHMX_E_KIND: The segment holds variables, not a queue
ShmxException SHMX_E_KIND: The segment holds variables, not a queue
queue
ShmxException SHMX_E_KIND: The segment holds a queue, not bytes
ShmxException SHMX_E_KIND: The segment holds a queue, not bytes
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
ShmxException SHMX_E_KIND: The segment holds a queue, not variables
unchanged
'bytes'
'variable'
'message'
["bytes","variables","queue"]
a cleared segment is still one of variables
ShmxException SHMX_E_KIND: The segment holds variables, not bytes
'variables'
