--TEST--
whatever ends a script gives back its lock: the end, exit, an exception, a fatal error, a signal
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);

$ends = [
	'end' => fn () => null,
	'exit' => fn () => exit(3),
	'exit inside a function of PHP' => fn () => array_map(fn () => exit(4), [1]),
	'uncaught exception' => fn () => throw new Exception('out'),
	'fatal error' => fn () => eval('class Shmx extends Shmx {}'),
	'endless recursion of a destructor' => fn () => new class { function __destruct() { exit(5); } },
	'SIGTERM' => fn () => posix_kill(getmypid(), SIGTERM),
	'SIGKILL' => fn () => posix_kill(getmypid(), SIGKILL),
	'SIGSEGV' => fn () => fclose(STDERR) && posix_kill(getmypid(), SIGSEGV),
];
foreach ($ends as $name => $end) {
	$child = new Child(function ($parent) use ($key, $end) {
		ini_set('display_errors', '0');
		$shmx = shmx_open($key, 'w', 0600, 0);
		shmx_lock($shmx);
		$parent->say('locked');
		$parent->hear();
		$end();
	});
	$child->hear();
	$before = shmx_lock($shmx, 0);
	$child->say('now');
	$how = $child->wait();
	printf("%s (%s): %s before, %s after\n", $name, $how, $before ? 'free' : 'locked',
		shmx_lock($shmx, 1) ? 'free' : 'locked');
	shmx_unlock($shmx);
}
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
end (exit 0): locked before, free after
exit (exit 3): locked before, free after
exit inside a function of PHP (exit 4): locked before, free after
uncaught exception (exit 255): locked before, free after
fatal error (exit 255): locked before, free after
endless recursion of a destructor (exit 5): locked before, free after
SIGTERM (signal 15): locked before, free after
SIGKILL (signal 9): locked before, free after
SIGSEGV (signal 11): locked before, free after
