<?php
// A queue while its users are killed: senders and receivers of numbered messages, and SIGKILL every few milliseconds.
// Afterwards every message has been received once, in the order of its sender, but for what was in the hands of the
// dead. One sender and one receiver are spared: they live to tell of every wait. Runs for SHMX_STORM_SECONDS, or the
// first argument, or 10 seconds; prints TAP.

require __DIR__ . '/../helpers.inc';

const SENDERS = 4;
const RECEIVERS = 4;
const STALL = 0.25;
// Seconds; who notes nothing for so long hangs.
const PATIENCE = 5;
// Nanoseconds; calls that take longer are written down.
const SLOW = 10_000_000;
// Messages are numbered within the life of a sender; lives are numbered over all of them.
const LIFE = 10_000_000;

$seconds = (float) ($argv[1] ?? (getenv('SHMX_STORM_SECONDS') ?: 10)) * slowness();
$folder = sys_get_temp_dir() . '/shmx-queue-storm-' . getmypid();
mkdir($folder, 0700);
// One that was killed has left its segment.
remove_test_keys(__FILE__);
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 16384);
$owner = getmypid();
$children = [];
register_shutdown_function(function () use ($owner, $shmx, $folder, &$children): void {
	if (getmypid() !== $owner) {
		return;
	}
	foreach (array_keys($children) as $pid) {
		posix_kill($pid, SIGKILL);
		pcntl_waitpid($pid, $status);
	}
	// Its semaphores go with it only so; the rest is for one that cannot be deleted.
	shmx_delete($shmx);
	remove_test_keys(__FILE__);
	array_map(unlink(...), glob("$folder/*"));
	rmdir($folder);
});
// Also when it is told to end.
pcntl_async_signals(true);
foreach ([SIGINT, SIGTERM, SIGHUP] as $signal) {
	pcntl_signal($signal, fn () => exit(1));
}

/** What a process says of itself in one write each, so that its death cuts nothing in half. */
function note($log, int $word): void
{
	fwrite($log, pack('q', $word));
}

/** A long call, and how long its process had no processor in it: two numbers. */
function note_if_slow($log, Stopwatch $watch): void
{
	$took = $watch->took();
	if (max($took, $watch->takenOff()) > SLOW) {
		fwrite($log, pack('qq', $took, $watch->takenOff()));
	}
}

function open_log(string $file)
{
	$log = fopen($file, 'a');
	stream_set_write_buffer($log, 0);
	return $log;
}

/** Ends a process. Why stands in a file before it does, for it may be killed while it ends. */
function fail(string $folder, int $life, string $why): never
{
	file_put_contents("$folder/wrong-$life", $why);
	exit(1);
}

/** The numbers that a log holds. */
function numbers(string $file): Generator
{
	$log = @fopen($file, 'r');
	while ($log && ($bytes = fread($log, 8192)) !== '' && $bytes !== false) {
		yield from array_values(unpack('q*', substr($bytes, 0, strlen($bytes) & ~7)));
	}
}

/** Messages of very different sizes, at times as values that PHP serializes. */
function message(int $number): mixed
{
	return match ($number % 5) {
		0 => $number,
		1 => ['n' => $number, 'list' => range(1, $number % 40)],
		2 => [$number, str_repeat('x', $number % 1500)],
		3 => (object) ['n' => $number],
		4 => ["$number"],
	};
}

function number_of(mixed $message): int
{
	return match (true) {
		is_int($message) => $message,
		is_object($message) => $message->n,
		isset($message['n']) => $message['n'],
		default => (int) $message[0],
	};
}

function send_messages(Shmx $shmx, int $life, string $folder, int $owner): void
{
	$log = open_log("$folder/sent-$life");
	$slow = open_log("$folder/slow-$life");
	$watch = new Stopwatch();
	for ($i = 1; posix_getppid() === $owner; $i++) {
		$number = $life * LIFE + $i;
		$watch->start();
		// Written down before and after: what stands before only may have been in its hands.
		note($log, $number);
		if (!shmx_send($shmx, message($number), 10)) {
			fail($folder, $life, "could not send $number");
		}
		note($log, -$number);
		note_if_slow($slow, $watch);
		if (file_exists("$folder/stop")) {
			return;
		}
	}
}

function receive_messages(Shmx $shmx, int $life, string $folder, int $owner): void
{
	$log = open_log("$folder/received-$life");
	$slow = open_log("$folder/slow-$life");
	$watch = new Stopwatch();
	while (posix_getppid() === $owner) {
		$watch->start();
		if (!shmx_receive($shmx, $message, 10)) {
			fail($folder, $life, 'received nothing');
		}
		note_if_slow($slow, $watch);
		if ($message === null) {
			return;
		}
		$number = number_of($message);
		if ($message != message($number)) {
			fail($folder, $life, "received what is not message $number: " . substr(serialize($message), 0, 200));
		}
		note($log, $number);
	}
}

/** A process of one life. What it ends with is 0 only where it was told to end. */
function live(string $what, Shmx $shmx, int $life, string $folder, int $owner, float $seconds): never
{
	// For one that hangs, and has no parent any more.
	pcntl_alarm((int) ($seconds + 60 * slowness()) * share());
	try {
		$what === 'sender' ? send_messages($shmx, $life, $folder, $owner) : receive_messages($shmx, $life, $folder, $owner);
	} catch (Throwable $e) {
		fail($folder, $life, $e::class . ': ' . $e->getMessage());
	}
	exit(0);
}

/** Of these lives, by process, those that note nothing any more. */
function stuck(array $lives, string $folder): array
{
	$size = function (int $life) use ($folder): int {
		clearstatcache();
		return array_sum(array_map(fn ($log) => (int) @filesize("$folder/$log-$life"), ['sent', 'received']));
	};
	$before = array_map($size, $lives);
	$end = hrtime(true) + (int) (1e9 * PATIENCE * slowness() * share());
	do {
		usleep(10_000);
		$stuck = array_filter($lives, fn ($life, $pid) => $size($life) === $before[$pid], ARRAY_FILTER_USE_BOTH);
	} while ($stuck !== [] && hrtime(true) < $end);
	return $stuck;
}

$lives = 0;
$role = [];
$killed = ['sender' => 0, 'receiver' => 0];
$dead = [];
$unexpected = [];
$start = function (string $what) use ($shmx, $folder, $owner, $seconds, &$children, &$lives, &$role): void {
	$life = ++$lives;
	$pid = pcntl_fork();
	if ($pid === 0) {
		live($what, $shmx, $life, $folder, $owner, $seconds);
	}
	$children[$pid] = $life;
	$role[$life] = $what;
};
for ($i = 0; $i < SENDERS; $i++) {
	$start('sender');
}
for ($i = 0; $i < RECEIVERS; $i++) {
	$start('receiver');
}
// The first of each.
$spared = [1, SENDERS + 1];

$kill = function (int $pid) use (&$children, &$killed, &$dead, &$unexpected, &$role): void {
	$life = $children[$pid];
	posix_kill($pid, SIGKILL);
	pcntl_waitpid($pid, $status);
	if (pcntl_wifsignaled($status) && pcntl_wtermsig($status) === SIGKILL) {
		$killed[$role[$life]]++;
		$dead[$life] = true;
	} else {
		$unexpected[] = "$role[$life] $life ended with status $status";
	}
	unset($children[$pid]);
};

$end = hrtime(true) + (int) ($seconds * 1e9);
$pause = $slowest_death = 0;
mt_srand(1);
while (hrtime(true) < $end) {
	$begun = hrtime(true);
	$sleep = mt_rand(500, 8000);
	usleep($sleep);
	// How long this machine lets a process wait that only sleeps.
	$pause = max($pause, (hrtime(true) - $begun) / 1e9 - $sleep / 1e6);
	$pid = array_rand(array_diff($children, $spared));
	$life = $children[$pid];
	$sent = hrtime(true);
	$kill($pid);
	$slowest_death = max($slowest_death, (hrtime(true) - $sent) / 1e9);
	$start($role[$life]);
}
$stuck = stuck($children, $folder);
// They would not hear that it is over.
array_map($kill, array_keys($stuck));

// Senders stop of themselves, while the receivers still make room for them; then each receiver is told.
touch("$folder/stop");
foreach ($children as $pid => $life) {
	if ($role[$life] === 'sender') {
		pcntl_waitpid($pid, $status);
		unset($children[$pid]);
		$status === 0 || $unexpected[] = "sender $life ended with status $status";
	}
}
$told = count($children);
for ($i = 0; $i < $told; $i++) {
	shmx_send($shmx, null, 10) || $unexpected[] = 'the end could not be sent';
}
foreach ($children as $pid => $life) {
	pcntl_waitpid($pid, $status);
	unset($children[$pid]);
	$status === 0 || $unexpected[] = "receiver $life ended with status $status";
}

foreach (glob("$folder/wrong-*") as $file) {
	$unexpected[] = basename($file) . ': ' . file_get_contents($file);
}

// A sender's log has two words for each message; a last one by itself is in doubt.
$confirmed = $attempted = [];
foreach ($role as $life => $what) {
	if ($what === 'sender') {
		$words = intdiv((int) @filesize("$folder/sent-$life"), 8);
		$confirmed[$life] = intdiv($words, 2);
		$attempted[$life] = $words - $confirmed[$life];
	}
}
// One byte for each message: how often it was received.
$seen = array_map(fn ($count) => str_repeat("\0", $count), $attempted);
$noted = $twice = $disorder = $invented = 0;
foreach (array_keys($role, 'receiver') as $life) {
	$last = [];
	foreach (numbers("$folder/received-$life") as $number) {
		$noted++;
		[$sender, $i] = [intdiv($number, LIFE), $number % LIFE];
		if ($i > ($attempted[$sender] ?? 0)) {
			$invented++;
			continue;
		}
		$twice += $seen[$sender][$i - 1] !== "\0";
		$seen[$sender][$i - 1] = "\1";
		// What one receiver gets of one sender comes in the sender's order.
		$disorder += $i <= ($last[$sender] ?? 0);
		$last[$sender] = $i;
	}
}
$sent = $lost = $lost_with_sender = 0;
$lost_alive = [];
foreach ($attempted as $life => $count) {
	$sent += substr_count($seen[$life], "\1");
	$lost += substr_count($seen[$life], "\0", 0, $confirmed[$life]);
	if ($count > $confirmed[$life]) {
		isset($dead[$life]) || $lost_alive[] = $life;
		$lost_with_sender += $seen[$life][$count - 1] === "\0";
	}
}
$slow = $longest = $without = 0;
foreach (array_keys($role) as $life) {
	foreach (array_chunk([...numbers("$folder/slow-$life")], 2) as [$took, $had_none]) {
		$longest = max($longest, $took / 1e9);
		$without = max($without, $had_none / 1e9);
		$slow += (int) ($took > SLOW);
	}
}
$late = machine_lateness($pause, $slowest_death, $without);
$info = shmx_info($shmx);
// What the queue itself has counted, but for the messages that told the receivers to end.
$came_true = $info['sent'] - $told - array_sum($confirmed);
$in_doubt = array_sum($attempted) - array_sum($confirmed);
$taken = $info['received'] - $told - $noted;

echo "1..10\n";
printf("# %d messages, %d senders and %d receivers killed in %.0f s, %d locks taken over; %d messages went with receivers, "
	. "%d with senders; %d calls above 10 ms, the longest %.1f ms (of this machine itself %.1f ms; a killed process took up to %.1f ms "
	. "to end, one in a call was up to %.1f ms without a processor)\n", $sent, $killed['sender'], $killed['receiver'], $seconds,
	$info['recoveries'], $lost, $lost_with_sender, $slow, $longest * 1e3, $pause * 1e3, $slowest_death * 1e3, $without * 1e3);
report_figures(2 * $sent, array_sum($killed), $info['recoveries'], $longest * 1e3, $pause * 1e3);
ok($unexpected === [] && $invented === 0, 'everybody who was not killed came to the end, and nobody made a message up',
	implode("\n", $unexpected) . "\n$invented made up");
ok($sent > 1000 * $seconds / slowness() / share() && min($killed) > 10, 'the storm was one');
ok($twice === 0, 'no message is received twice', "$twice were");
ok($disorder === 0, 'each receiver has the messages of each sender in order', "$disorder were not");
ok($lost <= $taken && $taken <= $killed['receiver'], 'a killed receiver takes one message with it at most',
	"$lost lost, $taken taken and not noted, $killed[receiver] killed");
ok($came_true >= 0 && $came_true <= $in_doubt && $info['received'] === $info['sent'],
	'the queue counts what was sent and received, and what was in doubt once at most',
	"$came_true of $in_doubt in doubt; $info[sent] sent, $info[received] received");
ok($lost_alive === [], 'a sender is in doubt about one message at most, and only when it was killed');
ok($info['recoveries'] <= array_sum($killed), 'the lock was taken over from none who lived',
	"$info[recoveries] recoveries, " . array_sum($killed) . ' killed');
ok($stuck === [], 'whoever is not killed goes on', 'nothing from life ' . implode(', ', $stuck));
$limit = STALL * slowness() * share();
ok($longest < $limit + $late, 'nobody is held up for ' . $limit * 1000 . ' ms beyond what the machine itself is late',
	sprintf('%.0f ms', $longest * 1e3));
