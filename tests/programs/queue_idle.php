<?php
// Waiting costs nothing, and ends in time: a receiver on an empty queue and a sender on a full one are left alone for
// SHMX_IDLE_SECONDS (2 by default) and looked at through the kernel's counters, and through strace -c where it is there;
// then hand-overs, timeouts and calls that do not wait are timed. On a machine with other work who wakes up may have to wait
// for a processor, so what is timed is only what a fault would cost; how fast they are, ./dev bench says. Prints TAP.

require __DIR__ . '/../helpers.inc';

const HAND_OVERS = 300;
/** A wake-up that is lost costs two seconds. Milliseconds. */
const LOST = 1000;
/** So many may be as late for want of a processor. */
const FEW = 10;

$seconds = (float) (getenv('SHMX_IDLE_SECONDS') ?: 2);
$owner = getmypid();
$children = $queues = [];
register_shutdown_function(function () use ($owner, &$children, &$queues): void {
	if (getmypid() !== $owner) {
		return;
	}
	foreach ($children as $pid) {
		posix_kill($pid, SIGKILL);
		pcntl_waitpid($pid, $status);
	}
	array_map(shmx_delete(...), $queues);
});

function queue(): Shmx
{
	global $queues;
	return $queues[] = shmx_open(0, 'n', 0600, 4096);
}

function start(callable $work): int
{
	global $children;
	$pid = pcntl_fork();
	if ($pid === 0) {
		$work();
		exit(0);
	}
	return $children[] = $pid;
}

function full(Shmx $queue): void
{
	while (shmx_send($queue, str_repeat('x', 100))) {
	}
}

/** Waits until so many are asleep on that side, as the kernel counts them. */
function await_asleep(Shmx $queue, string $who, int $count = 1): void
{
	$begun = hrtime(true);
	while ((shmx_info($queue)["{$who}s_waiting"] ?? 0) !== $count) {
		usleep(50);
		if (hrtime(true) - $begun > 10e9) {
			echo "Bail out! nobody waits\n";
			exit(1);
		}
	}
}

/** Clock ticks of processor time, and how often the process went to sleep. */
function spent(int $pid): array
{
	$fields = explode(' ', substr(strrchr(file_get_contents("/proc/$pid/stat"), ')'), 2));
	preg_match('/^voluntary_ctxt_switches:\s+(\d+)/m', file_get_contents("/proc/$pid/status"), $found);
	return [$fields[11] + $fields[12], (int) $found[1]];
}

/** System calls of the processes, by strace -c; null where it is missing or not permitted. */
function traced_calls(array $pids, float $seconds): ?int
{
	$file = tempnam(sys_get_temp_dir(), 'shmx-idle-');
	exec('timeout -s INT ' . $seconds . ' strace -c -f -o ' . escapeshellarg($file) . ' -p ' . implode(' -p ', $pids) . ' 2>&1',
		$lines, $status);
	$table = file_get_contents($file);
	unlink($file);
	if (preg_grep('/not found|not permitted|No such file|attach: ptrace/', $lines)) {
		return null;
	}
	return preg_match('/^ *100\.00 +[\d.]+ +(?:\d+ +)?(\d+) .*total$/m', $table, $found) ? (int) $found[1] : 0;
}

function median(array $values): float
{
	sort($values);
	return $values[intdiv(count($values), 2)];
}

function milliseconds(callable $call): float
{
	return seconds($call) * 1e3;
}

/** Hands over and over, as $once does, which returns how long it took; then says of whom it wakes whether it does. */
function hand_over(string $who, callable $once): void
{
	$took = [];
	$lost = 0;
	while (count($took) < HAND_OVERS && $lost <= FEW) {
		$took[] = $milliseconds = $once();
		$lost += (int) ($milliseconds > LOST);
	}
	printf("# a $who wakes after %.3f ms in the median of %d, %.3f ms at most\n", median($took), count($took), max($took));
	ok($lost <= FEW && median($took) < 100, "a sleeping $who wakes", median($took) . " ms in the median, $lost above " . LOST);
}

/** How late a wait ends, by the clock, and at best of three without the time for which it had no processor: milliseconds. */
function lateness(callable $wait, int $time): array
{
	$watch = new Stopwatch();
	$late = $had_processor = [];
	for ($i = 0; $i < 3; $i++) {
		$watch->start();
		$late[] = milliseconds(fn () => $wait($time / 1000)) - $time;
		$had_processor[] = $watch->took() / 1e6 - $time;
	}
	return [min($late), min($had_processor)];
}

echo "1..9\n";

$empty = queue();
$full = queue();
full($full);
$waiting = [
	start(fn () => shmx_receive($empty, $message)),
	start(fn () => shmx_send($full, str_repeat('x', 100), -1)),
];
await_asleep($empty, 'receiver');
await_asleep($full, 'sender');
$before = array_map(spent(...), $waiting);
usleep((int) ($seconds * 1e6));
$after = array_map(spent(...), $waiting);
// Each looks up once in two seconds, and the second that is begun counts.
$few = 2 * ($seconds / 2 + 2);
$ticks = array_sum(array_column($after, 0)) - array_sum(array_column($before, 0));
$sleeps = array_sum(array_column($after, 1)) - array_sum(array_column($before, 1));
printf("# over %.0f s: %d clock ticks, %d sleeps of the two together\n", $seconds, $ticks, $sleeps);
ok($ticks <= 1, 'waiting takes no processor time', "$ticks ticks");
ok($sleeps <= $few, 'who waits is asleep', "$sleeps sleeps");
$calls = traced_calls($waiting, $seconds);
// strace itself interrupts the call under way once; and the clock is a call on some machines.
ok($calls === null || $calls <= 4 * $few, $calls === null ? 'system calls # SKIP no strace that may look' :
	"two that wait make $calls system calls in $seconds seconds", "more than " . 4 * $few);
shmx_send($empty, 1);
shmx_receive($full, $message);
foreach ($waiting as $pid) {
	pcntl_waitpid($pid, $status);
}
$children = [];

// One side wakes the other, which says when it woke.
$answers = queue();
$receiver = start(function () use ($empty, $answers): void {
	while (true) {
		shmx_receive($empty, $message);
		shmx_send($answers, hrtime(true));
	}
});
hand_over('receiver', function () use ($empty, $answers): float {
	await_asleep($empty, 'receiver');
	$begun = hrtime(true);
	shmx_send($empty, 1);
	shmx_receive($answers, $woken);
	return ($woken - $begun) / 1e6;
});

$full = queue();
full($full);
$sender = start(function () use ($full, $answers): void {
	while (true) {
		shmx_send($full, str_repeat('x', 100), -1);
		shmx_send($answers, hrtime(true));
	}
});
hand_over('sender', function () use ($full, $answers): float {
	await_asleep($full, 'sender');
	$begun = hrtime(true);
	shmx_receive($full, $message);
	shmx_receive($answers, $woken);
	return ($woken - $begun) / 1e6;
});

$empty = queue();
$full = queue();
full($full);
foreach (['receiver' => fn ($time) => shmx_receive($empty, $message, $time), 'sender' => fn ($time) => shmx_send($full, str_repeat('x', 100), $time)] as $who => $wait) {
	[$late, $had_processor] = array_map(null, ...array_map(fn ($time) => lateness($wait, $time), [1, 2, 5, 10, 20, 30, 50, 70, 100]));
	printf("# a $who is late by %.3f ms in the median, %.3f at most\n", median($late), max($late));
	ok(min($late) >= 0 && median($had_processor) < 5, "a $who keeps its timeout within 5 ms in the median",
		implode(' ', $late) . "\n" . implode(' ', $had_processor));
	$took = array_map(fn () => milliseconds(fn () => $wait(0)), range(1, 11));
	ok(median($took) < 1, "a $who that does not wait is told at once", implode(' ', $took));
}
