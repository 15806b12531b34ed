<?php
// Segments that live shortly: six processes open or create them, use them, fork with them, delete and close them, while one
// after another is killed. No open may fail, whatever is found must be whole, nobody may be held up, and nothing may be
// left in the kernel. Usage: life_storm.php [seconds [seed]], or SHMX_STORM_SECONDS; 10 seconds otherwise.
require __DIR__ . '/../helpers.inc';

$seconds = (float) ($argv[1] ?? (getenv('SHMX_STORM_SECONDS') ?: 10));
$seed = (int) ($argv[2] ?? random_int(1, 1 << 30));
enter_own_namespace();
remove_test_keys_at_end(__FILE__);
// Where a segment was deleted, nobody can tell any more whether the lock's owner lives, and others wait in vain.
ini_set('shmx.lock_timeout', (string) min(5, share()));
ini_set('shmx.writers', '100');

const PROCESSES = 6;
const KINDS = ['bytes', 'variables', 'queue'];
const SIZE = 40_000;
const STALL = 250e6;

/** Numbers of each process, in memory of its own, since it may be killed at any instant. */
final class Board
{
	public const CALLS = 0;
	public const LONGEST = 1;
	public const LIVES = 2;
	private const SLOT = 64;
	private array $numbers;

	public function __construct(private Shmop $page, private int $slot)
	{
		$this->numbers = self::of($page, $slot);
	}

	public static function of(Shmop $page, int $slot): array
	{
		return array_values(unpack('P3', shmop_read($page, $slot * self::SLOT, 24)));
	}

	public function count(int $what, int $by = 1): void
	{
		$this->set($what, $this->numbers[$what] + $by);
	}

	public function longest(int $nanoseconds): void
	{
		if ($nanoseconds > $this->numbers[self::LONGEST]) {
			$this->set(self::LONGEST, $nanoseconds);
		}
	}

	private function set(int $what, int $number): void
	{
		$this->numbers[$what] = $number;
		shmop_write($this->page, pack('P', $number), $this->slot * self::SLOT + 8 * $what);
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

/** A process that ends only by being killed, or with what went wrong. */
final class Process
{
	private Stopwatch $watch;

	public function __construct(private int $key, private Board $board, private Child $parent)
	{
		$this->watch = new Stopwatch();
	}

	private function wrong(string $what): never
	{
		$this->parent->say($what);
		exit(1);
	}

	/** Of a segment that was deleted meanwhile no call counts as a stall. */
	private function timed(callable $call, ?Shmx $shmx = null): mixed
	{
		$this->watch->start();
		try {
			return $call();
		} finally {
			$took = $this->watch->took();
			if ($took < STALL || $shmx === null || !shmx_info($shmx)['deleted']) {
				$this->board->longest($took);
			}
			$this->board->count(Board::CALLS);
		}
	}

	private function use_it(Shmx $shmx, string $kind): void
	{
		try {
			$wrong = $this->timed(fn () => "use_$kind"($shmx), $shmx);
		} catch (ShmxException $e) {
			$after_delete = in_array($e->getCode(), [SHMX_E_TIMEOUT, SHMX_E_DELETED], true) && shmx_info($shmx)['deleted'];
			$wrong = $after_delete || $e->getCode() === SHMX_E_FULL ? null : error_name($e->getCode()) . ': ' . $e->getMessage()
				. ($e->getCode() === SHMX_E_TIMEOUT ? self::second_try($shmx) : '');
		}
		if ($wrong !== null) {
			$this->wrong("$kind: $wrong");
		}
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
			for ($i = 0; $i < 5 && !shmx_info($shmx)['deleted']; $i++) {
				$this->use_it($shmx, $kind);
			}
			posix_kill(getmypid(), SIGKILL);
		}
		$this->use_it($shmx, $kind);
		pcntl_waitpid($child, $status);
		if (!pcntl_wifsignaled($status)) {
			$this->wrong("a forked child of $kind failed");
		}
	}

	public function run(): never
	{
		while (true) {
			$number = mt_rand(0, count(KINDS) - 1);
			$kind = KINDS[$number];
			$shmx = $this->timed(fn () => shmx_open($this->key + $number, 'c', 0600, SIZE));
			if ($shmx === false) {
				$this->wrong('shmx_open: ' . (error_get_last()['message'] ?? '?'));
			}
			$this->board->count(Board::LIVES);
			for ($i = mt_rand(1, 40); $i > 0; $i--) {
				$this->use_it($shmx, $kind);
			}
			if (mt_rand(0, 9) === 0) {
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

function start(int $slot, Shmop $page, int $key): Child
{
	return new Child(function ($parent) use ($slot, $page, $key) {
		mt_srand(random_int(1, 1 << 30));
		(new Process($key, new Board($page, $slot), $parent))->run();
	});
}

echo "1..5\n# $seconds seconds, seed $seed\n";
mt_srand($seed);
$before = [count(kernel_segments()), count(kernel_sets())];
$key = test_key(__FILE__);
$page = shmop_open($key + 10, 'n', 0600, 4096);
$children = array_map(fn ($slot) => start($slot, $page, $key), range(0, PROCESSES - 1));
$wrong = [];
$kills = $pause = 0;
$end = hrtime(true) + (int) (1e9 * $seconds);
while (hrtime(true) < $end && $wrong === []) {
	$begun = hrtime(true);
	$sleep = mt_rand(500, 8000);
	usleep($sleep);
	// How long this machine lets a process wait that only sleeps.
	$pause = max($pause, hrtime(true) - $begun - 1000 * $sleep);
	$slot = mt_rand(0, PROCESSES - 1);
	if ($children[$slot]->kill() !== 'signal 9') {
		$wrong[] = $children[$slot]->hear() ?? 'a process ended and said nothing';
	}
	$kills++;
	$children[$slot] = start($slot, $page, $key);
}
array_map(fn ($child) => $child->kill(), $children);
// Children of the killed make a few more calls, and have the board open as long: in a segment that was deleted while its lock
// was a dead process's, one that waits for it in vain.
$patience = 2 * (float) ini_get('shmx.lock_timeout') + 10;
$segments = fn () => count(array_filter(kernel_segments(), fn ($segment) => $segment['nattch'] > 0));
for ($i = 0; $i < 10 * $patience && $segments() > $before[0] + 1; $i++) {
	usleep(100_000);
}

$recoveries = 0;
foreach (array_keys(KINDS) as $number) {
	$shmx = shmx_open($key + $number, 'c', 0600, SIZE);
	$recoveries += shmx_info($shmx)['recoveries'];
	shmx_delete($shmx);
	shmx_close($shmx);
}
$figures = array_map(fn ($slot) => Board::of($page, $slot), range(0, PROCESSES - 1));
[$calls, $lives] = [array_sum(array_column($figures, Board::CALLS)), array_sum(array_column($figures, Board::LIVES))];
$longest = max(array_column($figures, Board::LONGEST));
shmop_delete($page);
unset($page);
printf("# %d calls on %d openings, %d kills, longest call %.1f ms (of this machine itself %.1f ms)\n", $calls, $lives, $kills,
	$longest / 1e6, $pause / 1e6);
report_figures($calls, $kills, $recoveries, $longest / 1e6, $pause / 1e6);
ok($wrong === [], 'no open failed, and all that was found was whole', implode("\n", $wrong));
ok($kills > 3 * $seconds / slowness() / share() && $lives > 20 * $seconds / slowness() / share(), 'there was a storm', "$kills kills, $lives openings");
ok($longest < STALL * slowness() * share() + $pause, 'nobody is held up for 250 ms beyond what the machine itself is late',
	sprintf('%.1f ms', $longest / 1e6));
ok(shmx_list() === [], 'no segment of shmx is left', json_encode(shmx_list()));
// A set that its maker could not label is left alone for two seconds. And the board stays until the last child of one that
// was killed, which had closed its segment already, has ended.
for ($i = 0; $i < 5 * $patience && [count(kernel_segments()), count(kernel_sets())] !== $before; $i++) {
	usleep(200_000);
	shmx_delete(shmx_open(0, 'n', 0600, 1));
}
ok([count(kernel_segments()), count(kernel_sets())] === $before, 'nor anything else in the kernel',
	json_encode([kernel_segments(), kernel_sets()]));
