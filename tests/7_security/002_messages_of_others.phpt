--TEST--
a message with an object that another user may have sent is refused, and does not stop those behind it
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Gadget
{
	public static int $revived = 0;
	public string $load = '';
	public function __wakeup(): void
	{
		self::$revived++;
	}
}

umask(0);
$shmx = shmx_open(test_key(__FILE__), 'n', 0666, 1 << 16);
$large = new Gadget();
$large->load = str_repeat('x', 5000);
foreach ([new Gadget(), $large, ['an' => 'array'], new Gadget()] as $message) {
	shmx_send($shmx, $message);
}
$message = 'before';
for ($i = 0; $i < 3; $i++) {
	show(function () use ($shmx, &$message) {
		return shmx_receive($shmx, $message, 0);
	});
	echo brief($message), ', ', shmx_pending($shmx), ' left, ', Gadget::$revived, " revived\n";
}
shmx_allow_objects($shmx);
var_dump(shmx_receive($shmx, $message, 0));
echo brief($message), ', ', Gadget::$revived, " revived\n";
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
ShmxException SHMX_E_UNTRUSTED: The value holds an object or a reference and is not revived: other users may write to the segment, or the script forbade it; see shmx_allow_objects()
'before', 3 left, 0 revived
ShmxException SHMX_E_UNTRUSTED: The value holds an object or a reference and is not revived: other users may write to the segment, or the script forbade it; see shmx_allow_objects()
'before', 2 left, 0 revived
true
{"an":"array"}, 1 left, 0 revived
bool(true)
Gadget, 1 revived
