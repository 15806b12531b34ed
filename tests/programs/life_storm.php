<?php
// Segments that live shortly: six processes open or create them, use them, fork with them, delete and close them, while one
// after another is killed. One is never killed: only who lives on can tell of every time that it was held up. No open may
// fail, whatever is found must be whole, nobody may be held up, and nothing may be left in the kernel.
// Usage: life_storm.php [seconds [seed]], or SHMX_STORM_SECONDS; 10 seconds otherwise.
require __DIR__ . '/../helpers.inc';

$seconds = (float) ($argv[1] ?? (getenv('SHMX_STORM_SECONDS') ?: 10));
$seed = (int) ($argv[2] ?? random_int(1, 1 << 30));
enter_own_namespace();
remove_test_keys_at_end(__FILE__);
remove_test_keys(__FILE__);
// Where a segment was deleted, nobody can tell any more whether the lock's owner lives, and others wait in vain. Elsewhere an
// owner that lives may have no processor for a second or two.
ini_set('shmx.lock_timeout', '5');
ini_set('shmx.writers', '100');

const PROCESSES = 6;
const KINDS = ['bytes', 'variables', 'queue'];
const SIZE = 40_000;
const STALL = 250e6;
/** The process that is never killed. */
const SURVIVOR = 0;
/** So many calls a forked child makes. */
const CALLS_OF_CHILD = 5;
/**
 * Who has not made a few calls by then hangs: nanoseconds, however many share the machine. Some of them may wait in vain for
 * the lock of a segment that was deleted.
 */
const PATIENCE = 60e9;

/**
 * Numbers of each process, in memory of its own, since it may be killed at any instant. Its children count in the same
 * place, even when it has a successor there already: nobody may go by what it knows from earlier.
 */
final class Board
{
	public const CALLS = 0;
	public const LONGEST = 1;
	public const LIVES = 2;
	/** The longest time without a processor in a call. */
	public const WITHOUT = 3;
	private const SLOT = 64;

	public function __construct(private Shmop $page, private int $slot)
	{
	}

	public static function of(Shmop $page, int $slot): array
	{
		return array_values(unpack('P4', shmop_read($page, $slot * self::SLOT, 32)));
	}

	public function count(int $what): void
	{
		$this->set($what, $this->get($what) + 1);
	}

	public function longest(int $what, int $nanoseconds): void
	{
		if ($nanoseconds > $this->get($what)) {
			$this->set($what, $nanoseconds);
		}
	}

	public function get(int $what): int
	{
		return self::of($this->page, $this->slot)[$what];
	}

	private function set(int $what, int $number): void
	{
		shmop_write($this->page, pack('P', $number), $this->slot * self::SLOT + 8 * $what);
	}
}

/**
 * What went wrong, in the words of whoever found it. One pair of sockets for all processes, so that words outlive the one
 * who said them, and a forked child is heard whose parent has been killed.
 */
final class Words
{
	private array $ends;

	public function __construct()
	{
		$this->ends = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
		stream_set_blocking($this->ends[0], false);
	}

	public function say(string $what): void
	{
		fwrite($this->ends[1], strtr($what, "\n", ' ') . "\n");
	}

	/** All that was said since the last time, without waiting for more. */
	public function heard(): array
	{
		return array_values(array_filter(explode("\n", (string) stream_get_contents($this->ends[0]))));
	}
}

function sealed(int $size): string
{
	$body = str_repeat(pack('P', mt_rand() << 31 | mt_rand()), intdiv($size, 8));
	return $body . hash('xxh64', $body, true);
}

function is_sealed(mixed $value): bool
{
	return is_string($value) && substr($value, -8) === hash('xxh64', substr($value, 0, -8), true);
}

/** One call of a kind. Returns what was wrong, or null. */
function use_bytes(Shmx $shmx): ?string
{
	[$offset, $size] = [[0, 64], [100, 1000], [4000, 4088], [20_000, 256]][mt_rand(0, 3)];
	if (mt_rand(0, 1)) {
		shmx_write($shmx, sealed($size - 8), $offset);
		return null;
	}
	$value = shmx_read($shmx, $offset, $size);
	return is_sealed($value) || $value === str_repeat("\0", $size) ? null : "mixed bytes at $offset";
}

function use_variables(Shmx $shmx): ?string
{
	$key = 'key ' . mt_rand(0, 30);
	switch (mt_rand(0, 3)) {
		case 0:
			shmx_put_var($shmx, $key, sealed(mt_rand(0, 2000)), [0, SHMX_EVICTABLE][mt_rand(0, 1)]);
			return null;
		case 1:
			shmx_inc_var($shmx, 'count');
			return null;
		case 2:
			shmx_remove_var($shmx, $key);
			return null;
		default:
			$value = shmx_get_var($shmx, $key);
			return $value === null || is_sealed($value) ? null : "$key is not whole";
	}
}

function use_queue(Shmx $shmx): ?string
{
	if (mt_rand(0, 1)) {
		shmx_send($shmx, sealed(mt_rand(0, 2000)));
		return null;
	}
	return shmx_receive($shmx, $message, 0) && !is_sealed($message) ? 'a message is not whole' : null;
}

/** A process that ends only by being killed, or with what went wrong; or when nobody is left to kill it. */
final class Process
{
	private Stopwatch $watch;

	public function __construct(private int $key, private Board $board, private Words $words)
	{
		$this->watch = new Stopwatch();
	}

	private function wrong(string $what): never
	{
		$this->words->say($what);
		exit(1);
	}

	/** Of a segment that was deleted meanwhile no call counts as a stall. */
	private function timed(callable $call, ?Shmx $shmx = null): mixed
	{
		$this->watch->start();
		try {
			return $call();
		} finally {
			[$took, $without] = [$this->watch->took(), $this->watch->takenOff()];
			if (max($took, $without) < STALL || $shmx === null || !shmx_info($shmx)['deleted']) {
				$this->board->longest(Board::LONGEST, $took);
				$this->board->longest(Board::WITHOUT, $without);
			}
			$this->board->count(Board::CALLS);
		}
	}

	/** Returns whether there is more to be had of it. */
	private function use_it(Shmx $shmx, string $kind): bool
	{
		$in_vain = false;
		try {
			$wrong = $this->timed(fn () => "use_$kind"($shmx), $shmx);
		} catch (ShmxException $e) {
			$after_delete = in_array($e->getCode(), [SHMX_E_TIMEOUT, SHMX_E_DELETED], true) && shmx_info($shmx)['deleted'];
			$in_vain = $e->getCode() === SHMX_E_TIMEOUT;
			$wrong = $after_delete || $e->getCode() === SHMX_E_FULL ? null : error_name($e->getCode()) . ': ' . $e->getMessage()
				. ($e->getCode() === SHMX_E_TIMEOUT ? self::second_try($shmx) : '');
		}
		if ($wrong !== null) {
			$this->wrong("$kind: $wrong");
		}
		return !$in_vain;
	}

	/** Whether the lock that was waited for in vain can be had after all: if so, its owner lived and was slow. */
	private static function second_try(Shmx $shmx): string
	{
		$begun = hrtime(true);
		try {
			$had = shmx_lock($shmx, 10) ? 'had' : 'not had';
		} catch (ShmxException $e) {
			$had = error_name($e->getCode());
		}
		return sprintf('; tried again: %s after %.0f ms; %s', $had, (hrtime(true) - $begun) / 1e6, json_encode(shmx_info($shmx)));
	}

	private function use_in_child(Shmx $shmx, string $kind): void
	{
		$child = pcntl_fork();
		if ($child === 0) {
			// Whoever waits for it may be killed: then it ends unnoticed, and soon.
			for ($i = 0; $i < CALLS_OF_CHILD && !shmx_info($shmx)['deleted']; $i++) {
				$this->use_it($shmx, $kind);
			}
			posix_kill(getmypid(), SIGKILL);
		}
		$this->use_it($shmx, $kind);
		pcntl_waitpid($child, $status);
		if (!pcntl_wifsignaled($status) || pcntl_wtermsig($status) !== SIGKILL) {
			$this->wrong("a forked child of $kind failed");
		}
	}

	public function run(int $parent): void
	{
		while (posix_getppid() === $parent) {
			$number = mt_rand(0, count(KINDS) - 1);
			$kind = KINDS[$number];
			$shmx = $this->timed(fn () => shmx_open($this->key + $number, 'c', 0600, SIZE));
			if ($shmx === false) {
				$this->wrong('shmx_open: ' . (error_get_last()['message'] ?? '?'));
			}
			$this->board->count(Board::LIVES);
			$goes_on = true;
			for ($i = mt_rand(1, 40); $i > 0 && $goes_on; $i--) {
				$goes_on = $this->use_it($shmx, $kind);
			}
			if ($goes_on && mt_rand(0, 9) === 0) {
				$this->use_in_child($shmx, $kind);
			}
			if (mt_rand(0, 9) === 0) {
				// Somebody else may have deleted it already.
				$this->timed(fn () => @shmx_delete($shmx));
			}
			$this->timed(fn () => shmx_close($shmx));
		}
	}
}

function start(int $slot, Shmop $page, Words $words, int $key): Child
{
	global $seconds;
	$parent = getmypid();
	return new Child(function () use ($slot, $page, $words, $key, $seconds, $parent) {
		// One that is not killed lives longer than others may.
		pcntl_alarm((int) ($seconds + 60) * slowness() * share());
		mt_srand(random_int(1, 1 << 30));
		(new Process($key, new Board($page, $slot), $words))->run($parent);
	});
}

/** Whether the process makes further calls, more than a child of it alone would, for as long as one may wait. */
function gets_on(Board $board): bool
{
	$enough = $board->get(Board::CALLS) + CALLS_OF_CHILD + 1;
	$until = hrtime(true) + PATIENCE * slowness();
	while (($got = $board->get(Board::CALLS)) < $enough && hrtime(true) < $until) {
		usleep(1000);
	}
	return $got >= $enough;
}

echo "1..6\n# $seconds seconds, seed $seed\n";
mt_srand($seed);
$before = [count(kernel_segments()), count(kernel_sets())];
$key = test_key(__FILE__);
$page = shmop_open($key + 10, 'n', 0600, 4096);
$words = new Words();
$children = array_map(fn ($slot) => start($slot, $page, $words, $key), range(0, PROCESSES - 1));
$wrong = [];
$kills = $pause = $slowest_death = 0;
$end = hrtime(true) + (int) (1e9 * $seconds);
while (hrtime(true) < $end && $wrong === []) {
	$begun = hrtime(true);
	$sleep = mt_rand(500, 8000);
	usleep($sleep);
	// How long this machine lets a process wait that only sleeps.
	$pause = max($pause, hrtime(true) - $begun - 1000 * $sleep);
	do {
		$slot = mt_rand(0, PROCESSES - 1);
	} while ($slot === SURVIVOR);
	$sent = hrtime(true);
	$ending = $children[$slot]->kill();
	$slowest_death = max($slowest_death, hrtime(true) - $sent);
	$wrong = $words->heard();
	if ($ending !== 'signal 9') {
		$wrong[] = "a process ended before it was killed: $ending";
	}
	$kills++;
	$children[$slot] = start($slot, $page, $words, $key);
}
// Who is held up for ever has no stall to tell of. Who has ended with a failure is not held up.
$gets_on = $wrong !== [] || gets_on(new Board($page, SURVIVOR));
foreach ($children as $child) {
	if (($ending = $child->kill()) !== 'signal 9') {
		$wrong[] = "a process ended before it was killed: $ending";
	}
}
// Children of the killed make a few more calls, and have the board open as long: in a segment that was deleted while its lock
// was a dead process's, one that waits for it in vain.
$patience = 2 * (float) ini_get('shmx.lock_timeout') + 10;
$segments = fn () => count(array_filter(kernel_segments(), fn ($segment) => $segment['nattch'] > 0));
for ($i = 0; $i < 10 * $patience && $segments() > $before[0] + 1; $i++) {
	usleep(100_000);
}
$wrong = [...$wrong, ...$words->heard()];

$recoveries = 0;
foreach (array_keys(KINDS) as $number) {
	$shmx = shmx_open($key + $number, 'c', 0600, SIZE);
	$recoveries += shmx_info($shmx)['recoveries'];
	shmx_delete($shmx);
	shmx_close($shmx);
}
$figures = array_map(fn ($slot) => Board::of($page, $slot), range(0, PROCESSES - 1));
[$calls, $lives] = [array_sum(array_column($figures, Board::CALLS)), array_sum(array_column($figures, Board::LIVES))];
[$longest, $without] = [max(array_column($figures, Board::LONGEST)), max(array_column($figures, Board::WITHOUT))];
$late = machine_lateness($pause, $slowest_death, $without);
$limit = STALL * slowness() * share();
shmop_delete($page);
unset($page);
printf("# %d calls on %d openings, %d kills, longest call %.1f ms (of this machine itself %.1f ms; a killed process took up to %.1f ms "
	. "to end, one in a call was up to %.1f ms without a processor)\n", $calls, $lives, $kills, $longest / 1e6, $pause / 1e6,
	$slowest_death / 1e6, $without / 1e6);
report_figures($calls, $kills, $recoveries, $longest / 1e6, $pause / 1e6);
ok($wrong === [], 'no open failed, and all that was found was whole', implode("\n", $wrong));
ok($kills > 3 * $seconds / slowness() / share() && $lives > 20 * $seconds / slowness() / share(), 'there was a storm', "$kills kills, $lives openings");
ok($longest < $limit + $late, 'nobody is held up for ' . $limit / 1e6 . ' ms beyond what the machine itself is late',
	sprintf('%.1f ms', $longest / 1e6));
ok($gets_on, 'nor for ever');
ok(shmx_list() === [], 'no segment of shmx is left', json_encode(shmx_list()));
// A set that its maker could not label is left alone for two seconds. And the board stays until the last child of one that
// was killed, which had closed its segment already, has ended.
for ($i = 0; $i < 5 * $patience && [count(kernel_segments()), count(kernel_sets())] !== $before; $i++) {
	usleep(200_000);
	shmx_delete(shmx_open(0, 'n', 0600, 1));
}
ok([count(kernel_segments()), count(kernel_sets())] === $before, 'nor anything else in the kernel',
	json_encode([kernel_segments(), kernel_sets()]));
