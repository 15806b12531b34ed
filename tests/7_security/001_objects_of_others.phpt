--TEST--
an object is not revived from a segment that another user may write, unless the caller allows it
--EXTENSIONS--
shmx
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_unless_root();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Gadget
{
	public static int $revived = 0;
	public int $number = 7;
	public function __wakeup(): void
	{
		self::$revived++;
	}
}

function brief_of(mixed $value): string
{
	return $value instanceof Gadget ? "a Gadget of $value->number" : brief($value);
}

/** What reading finds of an object, with a count of what was revived on the way, and of an array. */
function reads(Shmx $shmx): string
{
	Gadget::$revived = 0;
	$found = outcome(fn () => brief_of(shmx_get_var($shmx, 'object')));
	return strtok($found, ':;') . ' (' . Gadget::$revived . ' revived), ' . outcome(fn () => shmx_get_var($shmx, 'array'));
}

function fill(int $key, int $permissions): Shmx
{
	umask(0);
	$shmx = shmx_open($key, 'n', $permissions, 10_000);
	shmx_put_var($shmx, 'object', new Gadget());
	shmx_put_var($shmx, 'array', [1, 'a']);
	return $shmx;
}

$key = test_key(__FILE__);
foreach ([0600, 0640, 0644, 0660, 0620, 0602, 0666] as $permissions) {
	$shmx = fill($key, $permissions);
	printf("root's own, %04o: %s\n", $permissions, reads($shmx));
	if ($permissions === 0644) {
		// Root is trusted: it can write anywhere.
		echo "root's, read by another user: ", unprivileged(fn () => reads(shmx_open($key, 'a', 0, 0))), "\n";
	}
	if ($permissions === 0666) {
		echo "everybody's, read by another user: ", unprivileged(fn () => reads(shmx_open($key, 'w', 0, 0))), "\n";
	}
	shmx_delete($shmx);
}

echo "another user's, read by itself: ", unprivileged(fn () => reads(fill($key, 0600))), "\n";
$shmx = shmx_open($key, 'w', 0, 0);
echo 'read by root: ', reads($shmx), "\n";
show(fn () => shmx_get_var($shmx, 'object'));
shmx_allow_objects($shmx);
echo 'allowed: ', reads($shmx), "\n";
echo 'through another handle: ', reads(shmx_open($key, 'w', 0, 0)), "\n";
shmx_delete($shmx);

$shmx = fill($key, 0600);
shmx_allow_objects($shmx, false);
echo "root's own, forbidden: ", reads($shmx), "\n";
// Nothing is unserialized to compare.
Gadget::$revived = 0;
echo 'a swap compares all the same: ', brief(shmx_cas_var($shmx, 'object', new Gadget(), 1)), ' (', Gadget::$revived, " revived)\n";
shmx_close($shmx);
show(fn () => shmx_allow_objects($shmx), fn () => shmx_allow_objects());
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
root's own, 0600: 'a Gadget of 7' (1 revived), [1,"a"]
root's own, 0640: 'a Gadget of 7' (1 revived), [1,"a"]
root's own, 0644: 'a Gadget of 7' (1 revived), [1,"a"]
root's, read by another user: 'a Gadget of 7' (1 revived), [1,"a"]
root's own, 0660: ShmxException SHMX_E_UNTRUSTED (0 revived), [1,"a"]
root's own, 0620: ShmxException SHMX_E_UNTRUSTED (0 revived), [1,"a"]
root's own, 0602: ShmxException SHMX_E_UNTRUSTED (0 revived), [1,"a"]
root's own, 0666: ShmxException SHMX_E_UNTRUSTED (0 revived), [1,"a"]
everybody's, read by another user: ShmxException SHMX_E_UNTRUSTED (0 revived), [1,"a"]
another user's, read by itself: 'a Gadget of 7' (1 revived), [1,"a"]
read by root: ShmxException SHMX_E_UNTRUSTED (0 revived), [1,"a"]
ShmxException SHMX_E_UNTRUSTED: The value holds an object or a reference and is not revived: other users may write to the segment, or the script forbade it; see shmx_allow_objects()
allowed: 'a Gadget of 7' (1 revived), [1,"a"]
through another handle: ShmxException SHMX_E_UNTRUSTED (0 revived), [1,"a"]
root's own, forbidden: ShmxException SHMX_E_UNTRUSTED (0 revived), [1,"a"]
a swap compares all the same: true (0 revived)
Error: Shared memory segment has already been closed
ArgumentCountError: shmx_allow_objects() expects at least 1 argument, 0 given
