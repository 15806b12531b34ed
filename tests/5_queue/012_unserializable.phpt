--TEST--
a message that this script cannot unserialize does not call the queue damaged, and is gone
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 10_000);

$child = new Child(function () use ($shmx) {
	eval('enum EnumOnlyThere { case One; }');
	shmx_send($shmx, EnumOnlyThere::One);
	shmx_send($shmx, 'next');
});
$child->wait();
$message = 'before';
show(
	function () use ($shmx, &$message) {
		return shmx_receive($shmx, $message, 0);
	},
	function () use (&$message) {
		return $message;
	},
);
var_dump(shmx_receive($shmx, $message, 0), $message);
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
Warning: shmx_receive(): Class 'EnumOnlyThere' not found; ShmxException SHMX_E_DAMAGED: The message cannot be unserialized: this script lacks an enum that it holds, its objects are nested too deeply, or the segment is damaged
'before'
bool(true)
string(4) "next"
