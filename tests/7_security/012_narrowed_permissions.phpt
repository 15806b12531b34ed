--TEST--
taking permissions away from a segment takes away neither what others have mapped nor what they have put there
--EXTENSIONS--
shmx
shmop
ffi
pcntl
posix
--SKIPIF--
<?php
if (posix_geteuid() !== 0) {
	die('skip only root can become somebody else');
}
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Gadget
{
}

$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0666, 10_000);
$other = new Child(function ($parent) use ($key) {
	posix_setgid(65534);
	posix_setuid(65534);
	shmx_put_var(shmx_open($key, 'w', 0, 0), 'gift', new Gadget());
	$raw = shmop_open($key, 'w', 0, 0);
	$parent->say('put');
	$parent->hear();
	show(fn () => shmx_open($key, 'w', 0, 0));
	shmop_write($raw, 'scribbled', shmop_size($raw) - 9);
	echo "what it had mapped it writes to\n";
});
$other->hear();
show(fn () => shmx_get_var($shmx, 'gift'));
set_permissions(shmx_info($shmx)['shmid'], 0600);
$other->say('permissions are gone');
$other->wait();
echo substr(shmop_read(shmop_open($key, 'a', 0, 0), 0, 0), -9), "\n";
show(fn () => shmx_get_var($shmx, 'gift'));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECTF--
ShmxException SHMX_E_UNTRUSTED: %s
Warning: shmx_open(): Unable to get shared memory segment information "Permission denied: %s"; false
what it had mapped it writes to
scribbled
Gadget
