--TEST--
who may only read holds up nobody, stopped or killed wherever it is
--EXTENSIONS--
shmx
pcntl
posix
--INI--
shmx.lock_timeout=0.05
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
[$bytes, $variables, $queue] = array_map(fn ($number) => shmx_open($key + $number, 'n', 0600, 200_000), range(0, 2));
$write = function (int $number) use ($bytes, $variables, $queue) {
	shmx_write($bytes, str_repeat(chr($number % 256), 100_000), 0);
	shmx_put_var($variables, 'key', str_repeat('v', 20_000), SHMX_EVICTABLE);
	shmx_inc_var($variables, 'count');
	shmx_send($queue, $number);
	shmx_lock($bytes, 0) || throw new Exception('somebody has the lock');
	shmx_unlock($bytes);
};
$write(0);
$make_reader = function () use ($key) {
	$reader = new Child(function ($parent) use ($key) {
		[$bytes, $variables, $queue] = array_map(fn ($number) => shmx_open($key + $number, 'a', 0, 0), range(0, 2));
		$parent->say('reading');
		while (true) {
			try {
				shmx_read($bytes, 0, 0);
				shmx_get_var($variables, 'key');
				shmx_keys($variables);
				shmx_pending($queue);
				shmx_info($queue);
			} catch (ShmxException) {
				// Overtaken by writers that never stop, which a reader may be.
			}
		}
	});
	$reader->hear();
	return $reader;
};
$reader = $make_reader();
$held_up = [];
for ($i = 1; $i <= 60; $i++) {
	usleep(mt_rand(0, 2000));
	posix_kill($reader->pid, SIGSTOP);
	pcntl_waitpid($reader->pid, $status, WUNTRACED);
	try {
		$write($i);
	} catch (Exception $e) {
		$held_up[] = $e->getMessage();
	}
	posix_kill($reader->pid, SIGCONT);
	if ($i % 20 === 0) {
		$reader->kill();
		$write($i);
		$reader = $make_reader();
	}
}
$reader->kill();
show(
	fn () => $held_up,
	fn () => shmx_get_var($variables, 'count'),
	fn () => shmx_pending($queue),
	fn () => array_map(fn ($shmx) => shmx_info($shmx)['recoveries'], [$bytes, $variables, $queue]),
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
[]
64
64
[0,0,0]
