<?php
// Four writers and two readers at full speed, and a killer that sends SIGKILL to one of them every few milliseconds and
// starts another. No value may be mixed of two, nobody who lives may be held up, nothing may be left behind. One writer and
// one reader are never killed: only who lives on can tell of every time that it was held up.
// Usage: storm.php [seconds [seed]], or SHMX_STORM_SECONDS; 20 seconds otherwise.
require __DIR__ . '/../helpers.inc';

$seconds = (float) ($argv[1] ?? (getenv('SHMX_STORM_SECONDS') ?: 20));
$seed = (int) ($argv[2] ?? random_int(1, 1 << 30));
enter_own_namespace();
remove_test_keys_at_end(__FILE__);
remove_test_keys(__FILE__);
echo "1..10\n# $seconds seconds, seed $seed\n";

const WRITERS = 4;
const READERS = 2;
const LONGEST_STALL = 250e6;
/** Who has not returned from a call by then hangs: nanoseconds, on a machine of its own. */
const PATIENCE = 10e9;
/** Small values, each with its sum at its end: [offset, size]. Written whole or not at all. */
const PLACES = [[0, 16], [16, 64], [1001, 500], [4000, 2048], [8191, 4096], [20000, 4096], [30001, 100]];
/** Two that are written together in a lock. */
const PAIR = [40000, 40064];
const PAIR_SIZE = 48;
/** Large values, each of one byte repeated: a death may tear them, and then the warning must say so. */
const LARGE = [[65536, 1 << 20], [65536 + (1 << 20), 2 << 20]];
const SIZE = 65536 + (3 << 20);

// --- what each process tells: memory of its own in a plain segment, since it may be killed at any instant

const SLOT = 512;
const IDLER = WRITERS + READERS;

/** A process's figures. Numbers of eight bytes, which nobody sees half-written. */
final class Figures
{
	private int $calls = 0, $writes = 0, $torn = 0, $halves = 0, $longest = 0, $without = 0;
	private Stopwatch $watch;

	public function __construct(private Shmop $board, private int $slot)
	{
		[$this->calls, $this->writes, $this->torn, $this->halves, $this->longest, $this->without] = self::of($board, $slot);
		$this->watch = new Stopwatch();
		$this->watch->start();
	}

	/** [calls, writes, torn reads, half sections, longest stall, longest time without a processor, last write]: nanoseconds. */
	public static function of(Shmop $board, int $slot): array
	{
		return array_values(unpack('P7', shmop_read($board, ($slot + 1) * SLOT, 56)));
	}

	public function done(bool $wrote, int $torn = 0, int $halves = 0): void
	{
		$this->longest = max($this->longest, $this->watch->took());
		$this->without = max($this->without, $this->watch->takenOff());
		$this->watch->start();
		$this->calls++;
		$this->writes += (int) $wrote;
		$this->torn += $torn;
		$this->halves += $halves;
		$numbers = pack('P6', $this->calls, $this->writes, $this->torn, $this->halves, $this->longest, $this->without);
		shmop_write($this->board, $wrote ? $numbers . pack('P', hrtime(true)) : $numbers, ($this->slot + 1) * SLOT);
	}

	public function late(int $by): void
	{
		$this->longest = max($this->longest, $by);
		shmop_write($this->board, pack('P', $this->longest), ($this->slot + 1) * SLOT + 32);
	}

	public function fail(string $why): never
	{
		shmop_write($this->board, substr("$why\0", 0, SLOT - 64), ($this->slot + 1) * SLOT + 64);
		exit(1);
	}
}

/** What went wrong, of whoever found it: it may have been killed before it could end by itself. */
function failures(Shmop $board): array
{
	$said = array_map(fn ($slot) => rtrim(shmop_read($board, ($slot + 1) * SLOT + 64, SLOT - 64), "\0"), range(0, IDLER));
	return array_values(array_filter($said));
}

/** Those of the processes that make no further call, for as long as one may wait. */
function hanging(Shmop $board): array
{
	$calls = fn () => array_map(fn ($slot) => Figures::of($board, $slot)[0], range(0, WRITERS + READERS - 1));
	$before = $calls();
	$until = hrtime(true) + PATIENCE * slowness() * share();
	while (($hanging = array_keys(array_intersect_assoc($before, $calls()))) !== [] && hrtime(true) < $until) {
		usleep(1000);
	}
	return $hanging;
}

/** "exit 0", "signal 9". */
function ending(int $status): string
{
	return pcntl_wifsignaled($status) ? 'signal ' . pcntl_wtermsig($status) : 'exit ' . pcntl_wexitstatus($status);
}

// --- values

function make_value(int $size): string
{
	$body = substr(str_repeat(pack('PP', mt_rand() << 31 | mt_rand(), hrtime(true)), intdiv($size, 16) + 1), 0, $size - 8);
	return $body . hash('xxh64', $body, true);
}

function is_value(string $value): bool
{
	return substr($value, -8) === hash('xxh64', substr($value, 0, -8), true);
}

/** What the warnings said since the last call. */
function warnings(): array
{
	global $warnings;
	$said = $warnings;
	$warnings = [];
	return $said;
}

/** Reads a small value: whole, and never torn. */
function check_place(Shmx $shmx, int $offset, int $size, Figures $figures): void
{
	$value = shmx_read($shmx, $offset, $size);
	if (strlen($value) !== $size || !is_value($value)) {
		$figures->fail("mixed bytes at $offset: " . bin2hex(substr($value, 0, 48)));
	}
	if (($said = warnings()) !== []) {
		$figures->fail("a warning for a small value at $offset: $said[0]");
	}
}

/** Reads a large value: of one byte throughout, or told as torn with its very range. Returns whether it was. */
function check_large(Shmx $shmx, int $offset, int $size, Figures $figures): bool
{
	$value = shmx_read($shmx, $offset, $size);
	$said = warnings();
	$last = $offset + $size - 1;
	if ($said === [] && $value !== str_repeat($value[0], $size)) {
		$figures->fail("mixed bytes in the large value at $offset, and no warning");
	}
	if ($said !== [] && !str_contains($said[0], "Bytes $offset to $last ")) {
		$figures->fail("torn, but not $offset to $last: $said[0]");
	}
	return $said !== [];
}

// --- the processes

function write_for_ever(Shmx $shmx, Figures $figures, callable $goes_on): void
{
	while ($goes_on()) {
		$choice = mt_rand(0, 999);
		if ($choice < 15) {
			[$offset, $size] = LARGE[$choice % 2];
			shmx_write($shmx, str_repeat(chr(mt_rand(1, 255)), $size), $offset);
			$figures->done(true);
		} elseif ($choice < 200) {
			write_pair($shmx, $figures);
		} else {
			[$offset, $size] = PLACES[$choice % count(PLACES)];
			shmx_write($shmx, make_value($size), $offset);
			$figures->done(true);
		}
	}
}

/** Two writes in a lock. Nobody else may come between; only a death can leave one without the other. */
function write_pair(Shmx $shmx, Figures $figures): void
{
	$value = make_value(PAIR_SIZE);
	if (!shmx_lock($shmx)) {
		$figures->fail('shmx_lock() gave up');
	}
	$differ = shmx_read($shmx, PAIR[0], PAIR_SIZE) !== shmx_read($shmx, PAIR[1], PAIR_SIZE);
	shmx_write($shmx, $value, PAIR[0]);
	shmx_write($shmx, $value, PAIR[1]);
	$mine = shmx_read($shmx, PAIR[0], PAIR_SIZE) === $value && shmx_read($shmx, PAIR[1], PAIR_SIZE) === $value;
	shmx_unlock($shmx);
	if (!$mine) {
		$figures->fail('somebody wrote within the lock of another');
	}
	$figures->done(true, halves: (int) $differ);
}

function read_for_ever(Shmx $shmx, Figures $figures, callable $goes_on): void
{
	while ($goes_on()) {
		$choice = mt_rand(0, 999);
		if ($choice < 15) {
			$torn = check_large($shmx, ...LARGE[$choice % 2], figures: $figures);
			$figures->done(false, torn: (int) $torn);
		} elseif ($choice < 100) {
			check_place($shmx, PAIR[$choice % 2], PAIR_SIZE, $figures);
			$figures->done(false);
		} else {
			check_place($shmx, ...PLACES[$choice % count(PLACES)], figures: $figures);
			$figures->done(false);
		}
	}
}

/** Calls nothing of shmx: how late it wakes up is the machine's own doing. */
function idle_for_ever(Figures $figures, callable $goes_on): void
{
	while ($goes_on()) {
		$begun = hrtime(true);
		usleep(1000);
		$figures->late(hrtime(true) - $begun - 1000000);
	}
}

function start(int $slot, Shmop $board, int $key): int
{
	$parent = getmypid();
	$process = pcntl_fork();
	if ($process !== 0) {
		return $process;
	}
	mt_srand(crc32(getmypid() . hrtime(true)));
	set_error_handler(function ($level, $message) {
		global $warnings;
		$warnings[] = $message;
		return true;
	});
	$figures = new Figures($board, $slot);
	// Nobody would ever end it if its parent were killed.
	$goes_on = fn () => shmop_read($board, 0, 1) === "\0" && posix_getppid() === $parent;
	try {
		if ($slot === IDLER) {
			idle_for_ever($figures, $goes_on);
			exit(0);
		}
		// The last reader may not write, so that nothing it meets is repaired by it.
		$shmx = shmx_open($key, $slot === WRITERS + READERS - 1 ? 'a' : 'w', 0, 0);
		if ($shmx === false) {
			$figures->fail('shmx_open: ' . (warnings()[0] ?? '?'));
		}
		$slot < WRITERS ? write_for_ever($shmx, $figures, $goes_on) : read_for_ever($shmx, $figures, $goes_on);
	} catch (Throwable $e) {
		$figures->fail($e::class . ': ' . $e->getMessage());
	}
	exit(posix_getppid() === $parent ? 0 : 1);
}

// --- the storm

$warnings = [];
$sets_before = count(kernel_sets());
$segments_before = count(kernel_segments());
$key = test_key(__FILE__, 1);
$board = shmop_open(test_key(__FILE__, 2), 'n', 0600, (IDLER + 2) * SLOT);
$shmx = shmx_open($key, 'n', 0600, SIZE);
foreach (PLACES as [$offset, $size]) {
	shmx_write($shmx, make_value($size), $offset);
}
foreach (PAIR as $offset) {
	shmx_write($shmx, $value ??= make_value(PAIR_SIZE), $offset);
}
shmx_close($shmx);

mt_srand($seed);
// Of the readers now the one and now the other: only one of them may repair what it meets.
$survivors = [0, WRITERS + mt_rand(0, READERS - 1)];
$victims = array_values(array_diff(range(0, WRITERS + READERS - 1), $survivors));
$processes = [];
for ($slot = 0; $slot <= IDLER; $slot++) {
	$processes[$slot] = start($slot, $board, $key);
}
$kills = ['writer' => 0, 'reader' => 0];
$failures = [];
$quiet = $slowest_death = 0;
$last_write = hrtime(true);
$begun = hrtime(true);
while (hrtime(true) - $begun < $seconds * 1e9 && $failures === [] && failures($board) === []) {
	usleep(mt_rand(0, 5000));
	// Before the kill: how long ago the last write of anybody was.
	$now = hrtime(true);
	for ($slot = 0; $slot < WRITERS; $slot++) {
		$last_write = max($last_write, Figures::of($board, $slot)[6]);
	}
	$quiet = max($quiet, $now - $last_write);
	$victim = $victims[mt_rand(0, count($victims) - 1)];
	$sent = hrtime(true);
	posix_kill($processes[$victim], SIGKILL);
	pcntl_waitpid($processes[$victim], $status);
	$slowest_death = max($slowest_death, hrtime(true) - $sent);
	if (ending($status) !== 'signal 9') {
		$failures[] = "process $victim ended before it was killed: " . ending($status);
	}
	$kills[$victim < WRITERS ? 'writer' : 'reader']++;
	$processes[$victim] = start($victim, $board, $key);
}

// Who is held up for ever has no stall to tell of. Who has ended with a failure is not held up.
$hanging = [...$failures, ...failures($board)] === [] ? hanging($board) : [];
// Everybody ends by himself, or hangs.
shmop_write($board, "\1", 0);
$hung = 0;
$until = hrtime(true) + PATIENCE * slowness() * share();
foreach ($processes as $slot => $process) {
	while (($gone = pcntl_waitpid($process, $status, WNOHANG)) === 0 && hrtime(true) < $until) {
		usleep(1000);
	}
	if ($gone === 0) {
		$hung++;
		posix_kill($process, SIGKILL);
		pcntl_waitpid($process, $status);
	} elseif (ending($status) !== 'exit 0') {
		$failures[] = "process $slot ended otherwise than it was told to: " . ending($status);
	}
}
$failures = [...$failures, ...failures($board)];

// --- what came of it

$figures = array_map(fn ($slot) => Figures::of($board, $slot), range(0, IDLER));
$noise = $figures[IDLER][4];
$workers = array_slice($figures, 0, IDLER);
$calls = array_sum(array_column($workers, 0));
$writes = array_sum(array_column($workers, 1));
$longest = max(array_column($workers, 4));
$late = machine_lateness($noise, $slowest_death, max(array_column($workers, 5)));
$limit = LONGEST_STALL * share() + $late;
$killed = array_sum($kills);
$deaths = $killed + $hung;

$shmx = shmx_open($key, 'w', 0, 0);
$before = shmx_info($shmx);
$free = shmx_lock($shmx, 0.1);
shmx_unlock($shmx);
$after = shmx_info($shmx);

printf("# %d calls, %d of them writes; %d writers and %d readers killed, %d recoveries, %d torn writes\n", $calls, $writes,
	$kills['writer'], $kills['reader'], $after['recoveries'], $after['torn_writes']);
printf("# %d reads were told of torn bytes, %d times a death had come between two writes of a lock\n",
	array_sum(array_column($workers, 2)), array_sum(array_column($workers, 3)));
printf("# longest stall of one process %.1f ms, longest time without a write %.1f ms; a process that only sleeps was up to "
	. "%.1f ms late, one that was killed took up to %.1f ms to end, one in a call was up to %.1f ms without a processor\n",
	$longest / 1e6, $quiet / 1e6, $noise / 1e6, $slowest_death / 1e6, max(array_column($workers, 5)) / 1e6);

report_figures($calls, $killed, $after['recoveries'], $longest / 1e6, $noise / 1e6);
echo '# longest stall of each: ', implode(' ', array_map(fn ($row) => sprintf('%.1f', $row[4] / 1e6), $workers)), " ms\n";
ok($failures === [], 'no value was mixed of two, and no call failed', implode("\n", $failures));
ok($hanging === [] && $hung === 0, 'nobody hangs',
	json_encode($hanging) . " made no further call, and $hung did not end");
ok(min(array_column($workers, 0)) > 0 && min(array_column(array_slice($workers, 0, WRITERS), 1)) > 0, 'everybody got on');
ok($longest < $limit, 'no process was held up for ' . LONGEST_STALL * share() / 1e6 . ' ms beyond what the machine itself is late');
ok($quiet < $limit, 'nor were all writers together');
ok($killed > $seconds * 10 / share() && $after['recoveries'] > 0, 'enough were killed, and some with the guard in hand',
	"$killed killed, $after[recoveries] recoveries");
// A process dies once, with one guard in hand and in one write.
ok($after['recoveries'] <= $deaths && $after['torn_writes'] <= $deaths,
	'no guard was taken from the living, and no write was torn but by a death',
	"$deaths deaths, $after[recoveries] recoveries, $after[torn_writes] torn writes");
ok($before['writers_in_use'] === 0 && $free && array_sum(array_column($workers, 3)) <= $kills['writer'],
	'no token is in use, the guard is free, and only deaths left pairs apart', "$before[writers_in_use] in use");

$last = new Figures($board, IDLER);
set_error_handler(function ($level, $message) {
	global $warnings;
	$warnings[] = $message;
	return true;
});
foreach (PLACES as [$offset, $size]) {
	check_place($shmx, $offset, $size, $last);
}
foreach (LARGE as [$offset, $size]) {
	check_large($shmx, $offset, $size, $last);
	shmx_write($shmx, str_repeat('z', $size), $offset);
}
$all = shmx_read($shmx, 0, 0);
ok(warnings() === [] && strlen($all) === SIZE && shmx_info($shmx)['torn'] === [], 'writing the torn bytes anew clears them');

shmx_delete($shmx);
shmx_close($shmx);
shmop_delete($board);
unset($board, $last);
gc_collect_cycles();
shmx_delete(shmx_open(0, 'n', 0600, 1));
ok(count(kernel_sets()) === $sets_before && count(kernel_segments()) === $segments_before,
	'nothing is left in the kernel', json_encode([kernel_sets(), kernel_segments()]));
