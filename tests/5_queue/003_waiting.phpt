--TEST--
timeouts are kept, 0 does not wait, and a receiver may come first
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 4096);
/** Whether waits of 20 ms are never too short, at best very little too long, and mostly not much. */
function is_in_time(callable $wait): bool
{
	$watch = new Stopwatch();
	$late = $had_processor = [];
	for ($i = 0; $i < 7; $i++) {
		$watch->start();
		$late[] = seconds(fn () => $wait(0.02)) - 0.02;
		$had_processor[] = $watch->took() / 1e9 - 0.02;
	}
	sort($late);
	return $late[0] >= 0 && $late[3] < 0.1 * slowness() && min($had_processor) < 0.005 * slowness();
}

$empty = true;
var_dump(is_in_time(function ($time) use ($shmx, &$empty) {
	$empty = $empty && !shmx_receive($shmx, $message, $time);
}), $empty);
// The segment was blank, and is a queue now, with nobody counted in it.
echo shmx_info($shmx)['kind'], ' ', shmx_pending($shmx), ' ', shmx_info($shmx)['receivers_waiting'], "\n";
$at_once = seconds(function () use ($shmx) {
	var_dump(shmx_receive($shmx, $message, 0), shmx_receive($shmx, $message, -0.0));
});
while (shmx_send($shmx, str_repeat('x', 200))) {
}
$full = true;
var_dump(is_in_time(function ($time) use ($shmx, &$full) {
	$full = $full && !shmx_send($shmx, str_repeat('x', 200), $time);
}), $full);
while (shmx_receive($shmx, $message, 0)) {
}

// For ever ends with the message, and for a sender with the room.
$receiver = new Child(function ($parent) use ($key) {
	shmx_receive(shmx_open($key, 'w', 0, 0), $message);
	$parent->say($message);
});
while (shmx_info($shmx)['receivers_waiting'] < 1) {
	usleep(500);
}
shmx_send($shmx, 'hello');
var_dump($receiver->hear());
$receiver->wait();
while (shmx_send($shmx, str_repeat('x', 200))) {
}
$sender = new Child(fn ($parent) => $parent->say(shmx_send(shmx_open($key, 'w', 0, 0), str_repeat('y', 200), -1)));
while (shmx_info($shmx)['senders_waiting'] < 1) {
	usleep(500);
}
shmx_receive($shmx, $message);
var_dump($sender->hear());
$sender->wait();
while (shmx_receive($shmx, $message, 0)) {
}
show(
	fn () => shmx_receive($shmx, $message, NAN),
	fn () => shmx_send($shmx, 1, NAN),
	fn () => shmx_send($shmx, 1, -INF),
	fn () => shmx_receive($shmx, $message, INF),
);
shmx_delete($shmx);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
bool(true)
bool(true)
queue 0 0
bool(false)
bool(false)
bool(true)
bool(true)
string(5) "hello"
bool(true)
ValueError: shmx_receive(): Argument #3 ($timeout) must not be NAN
ValueError: shmx_send(): Argument #3 ($timeout) must not be NAN
true
true
