--TEST--
shmx_list names every shmx segment and nothing else
--EXTENSIONS--
shmx
shmop
pcntl
posix
--SKIPIF--
<?php
require __DIR__ . '/../skip.inc';
skip_without_namespace();
?>
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
pcntl_unshare(CLONE_NEWIPC);
$key = test_key(__FILE__);
var_dump(shmx_list());

$shmop = shmop_open($key, 'n', 0600, 10000);
$first = shmx_open($key + 1, 'n', 0600, 16);
$second = shmx_open($key + 2, 'n', 0644, 5000);
$private = shmx_open(0, 'n', 0600, 1);
shmx_write($second, 'x', 0);

function listing(): void
{
	foreach (shmx_list() as $segment) {
		$number = $segment['key'] === 0 ? 'private' : $segment['key'] - test_key(__FILE__);
		printf("%s: %s, %d bytes, %o, %d attached\n", $number, brief($segment['kind']), $segment['size'],
			$segment['permissions'], $segment['attached']);
	}
}

listing();
echo "its fields are shmx_info's\n";
$info = shmx_info($second);
foreach (shmx_list()[1] as $name => $value) {
	echo $name, $value === $info[$name] ? '' : ': ' . brief($value) . ' is not ' . brief($info[$name]), "\n";
}
echo "another user sees what that user may read\n";
unprivileged(fn () => listing());
echo "deleted, damaged and closed ones\n";
shmx_delete($first);
shmx_close($private);
$raw = shmop_open($key + 2, 'w', 0, 0);
shmop_write($raw, 'scribble', 0);
listing();
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
array(0) {
}
1: 'blank', 16 bytes, 600, 1 attached
2: 'bytes', 5000 bytes, 644, 1 attached
private: 'blank', 1 bytes, 600, 1 attached
its fields are shmx_info's
key
shmid
size
permissions
owner
group
attached
semid
created
kind
another user sees what that user may read
2: 'bytes', 5000 bytes, 644, 2 attached
deleted, damaged and closed ones
2: null, 5000 bytes, 644, 2 attached
private: 'blank', 1 bytes, 600, 0 attached
