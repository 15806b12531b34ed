--TEST--
who else may write is asked at each value: permissions that change under an open handle count at once
--EXTENSIONS--
shmx
ffi
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Gadget
{
}

$variables = shmx_open(test_key(__FILE__), 'n', 0600, 10_000);
$queue = shmx_open(test_key(__FILE__, 1), 'n', 0600, 10_000);
shmx_put_var($variables, 'object', new Gadget());
for ($i = 0; $i < 7; $i++) {
	shmx_send($queue, new Gadget());
}
$brief = fn (callable $read) => strtok(outcome($read), ':');
$read = function (int $permissions) use ($variables, $queue, $brief) {
	set_permissions(shmx_info($variables)['shmid'], $permissions);
	set_permissions(shmx_info($queue)['shmid'], $permissions);
	printf("%04o: %s, %s\n", shmx_info($variables)['permissions'], $brief(fn () => shmx_get_var($variables, 'object')),
		$brief(fn () => shmx_receive($queue, $message, 0) ? $message : 'none'));
};
array_map($read, [0600, 0660, 0644, 0602, 0600]);
shmx_allow_objects($variables);
shmx_allow_objects($queue);
$read(0666);
shmx_allow_objects($variables, false);
shmx_allow_objects($queue, false);
$read(0600);
echo shmx_pending($queue), " messages left\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
0600: Gadget, Gadget
0660: ShmxException SHMX_E_UNTRUSTED, ShmxException SHMX_E_UNTRUSTED
0644: Gadget, Gadget
0602: ShmxException SHMX_E_UNTRUSTED, ShmxException SHMX_E_UNTRUSTED
0600: Gadget, Gadget
0666: Gadget, Gadget
0600: ShmxException SHMX_E_UNTRUSTED, ShmxException SHMX_E_UNTRUSTED
0 messages left
