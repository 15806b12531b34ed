<?php
// Writers, readers, and a killer that ends one of them with SIGKILL every few milliseconds and starts another in its place.
// One writer and one reader are spared: they live to tell of every wait.
// Every value carries its own checksum and generation. Permanent variables must be found by every read at every instant,
// never older than the last put that came back; counters must come out exact. Usage: vars_storm.php [seconds [seed]]
require __DIR__ . '/../helpers.inc';

$seconds = (float) ($argv[1] ?? getenv('SHMX_STORM_SECONDS') ?: 15);
$seed = (int) ($argv[2] ?? random_int(1, 1 << 30));
// One that was killed has left its segments.
remove_test_keys(__FILE__);
remove_test_keys_at_end(__FILE__);

const WRITERS = 4;
const READERS = 2;
const SIZE = 400_000;
const PERMANENTS = 40;
const COUNTERS = 4;
/** More than this is a stall: nanoseconds. */
const STALL = 250_000_000;
/** Who makes no call for so long hangs: seconds. */
const PATIENCE = 5;

/** What each process counts, in a page where it alone writes its part: 64-bit numbers. */
final class Ledger
{
	private const SLOT = 64;
	public const CALLS = 0;
	public const WORST = 1;
	public const SWAPS = 2;
	public const COUNTS = 3;
	/** What the counts are to be after the call that is under way. */
	public const SWAPS_INTENT = self::COUNTS + COUNTERS;
	public const COUNTS_INTENT = self::SWAPS_INTENT + 1;
	/** The least and the most that the counter may hold which one process raises alone. */
	public const LEAST = self::COUNTS_INTENT + COUNTERS;
	public const MOST = self::LEAST + 1;
	/** The longest time that it had no processor in a call: nanoseconds. */
	public const WITHOUT = self::MOST + 1;

	private Shmop $page;

	public function __construct(int $key, string $mode)
	{
		$this->page = shmop_open($key, $mode, 0600, 65536);
	}

	public function of(int $process, int $what): int
	{
		return $this->at($process * self::SLOT + $what);
	}

	public function set(int $process, int $what, int $number): void
	{
		shmop_write($this->page, pack('q', $number), 8 * ($process * self::SLOT + $what));
	}

	/** Before a call. If the process is killed in it, nobody knows whether it was made. */
	public function intend(int $process, int $what, int $intent): void
	{
		$this->set($process, $intent, $this->of($process, $what) + 1);
	}

	/** After the call: whether what was intended was done. */
	public function done(int $process, int $what, int $intent, bool $done): void
	{
		if ($done) {
			$this->set($process, $what, $this->of($process, $intent));
		} else {
			$this->set($process, $intent, $this->of($process, $what));
		}
	}

	/** Whether a process that is dead may have done once more what it had counted. Its successor begins without doubt. */
	public function settle(int $process, int $what, int $intent): bool
	{
		$doubt = $this->of($process, $intent) !== $this->of($process, $what);
		$this->set($process, $intent, $this->of($process, $what));
		return $doubt;
	}

	public function sum(int $what): int
	{
		return array_sum(array_map(fn ($process) => $this->of($process, $what), range(0, WRITERS + READERS - 1)));
	}

	/** The generation of a permanent variable whose put came back. */
	public function generation(int $variable): int
	{
		return $this->at(4096 + $variable);
	}

	public function setGeneration(int $variable, int $generation): void
	{
		shmop_write($this->page, pack('q', $generation), 8 * (4096 + $variable));
	}

	private function at(int $place): int
	{
		return unpack('q', shmop_read($this->page, 8 * $place, 8))[1];
	}

	public function delete(): void
	{
		shmop_delete($this->page);
	}
}

/** A value of any size and of any of the ways to store one, with its generation and a checksum. */
function sealed(string $key, int $generation): mixed
{
	if (is_number($key)) {
		return $generation * 1_000_003 + crc32($key) % 1_000_003;
	}
	$length = [0, 5, 50, 50, 200, 200, 1000, mt_rand(0, 6000)][mt_rand(0, 7)];
	$data = str_repeat(pack('N', mt_rand()), intdiv($length, 4));
	$sum = crc32("$key $generation $data");
	return match (mt_rand(0, 4)) {
		0, 1 => pack('qV', $generation, $sum) . $data,
		2 => ['generation' => $generation, 'sum' => $sum, 'data' => $data],
		3 => [$generation, $sum, ...str_split($data ?: "\0", 40)],
		4 => new ArrayObject([$generation, $sum, $data]),
	};
}

/** The generation of a value that is whole, or null. */
function generation(string $key, mixed $value): ?int
{
	if (is_number($key)) {
		return is_int($value) && $value % 1_000_003 === crc32($key) % 1_000_003 ? intdiv($value, 1_000_003) : null;
	}
	if (is_string($value) && strlen($value) >= 12) {
		['generation' => $generation, 'sum' => $sum] = unpack('qgeneration/Vsum', $value);
		$data = substr($value, 12);
	} elseif ($value instanceof ArrayObject) {
		[$generation, $sum, $data] = $value;
	} elseif (is_array($value) && isset($value['sum'])) {
		['generation' => $generation, 'sum' => $sum, 'data' => $data] = $value;
	} elseif (is_array($value) && count($value) > 2) {
		[$generation, $sum] = $value;
		$data = implode(array_slice($value, 2));
		$data = $data === "\0" ? '' : $data;
	} else {
		return null;
	}
	return crc32("$key $generation $data") === $sum ? $generation : null;
}

/** Some of the permanent variables are ints, which are replaced in place. */
function is_number(string $key): bool
{
	return preg_match('/^permanent \d*[05]$/', $key) === 1;
}

/** A process of the storm: makes calls for as long as its parent lives, and says what it finds wrong. */
final class Process
{
	private Ledger $ledger;
	private Shmx $shmx;
	private int $calls;
	private int $worst;
	private int $without;
	private Stopwatch $watch;
	/** Generations seen of what never goes back. */
	private array $seen = [];

	public function __construct(private int $number, private int $key, private Child $parent, private int $owner)
	{
		$this->watch = new Stopwatch();
		$this->ledger = new Ledger($key + 2, 'w');
		$this->calls = $this->ledger->of($number, Ledger::CALLS);
		$this->worst = $this->ledger->of($number, Ledger::WORST);
		$this->without = $this->ledger->of($number, Ledger::WITHOUT);
		// The last reader cannot write: it sees through a read-only mapping.
		$this->shmx = shmx_open($key, $number === WRITERS + READERS - 1 ? 'a' : 'w', 0, 0);
	}

	private function call(callable $call, string ...$args): mixed
	{
		$this->watch->start();
		try {
			$result = $call(...$args);
		} catch (ShmxException $e) {
			if ($e->getCode() !== SHMX_E_FULL) {
				$this->wrong('threw ' . error_name($e->getCode()) . ': ' . $e->getMessage());
			}
			$result = null;
		}
		$taken = $this->watch->took();
		if ($taken > $this->worst) {
			$this->ledger->set($this->number, Ledger::WORST, $this->worst = $taken);
		}
		if ($this->watch->takenOff() > $this->without) {
			$this->ledger->set($this->number, Ledger::WITHOUT, $this->without = $this->watch->takenOff());
		}
		$this->ledger->set($this->number, Ledger::CALLS, ++$this->calls);
		return $result;
	}

	private function hasParent(): bool
	{
		return posix_getppid() === $this->owner;
	}

	private function wrong(string $what): void
	{
		$this->parent->say("process $this->number: $what");
	}

	private function check(string $key, mixed $value, int $oldest = 0): void
	{
		$generation = generation($key, $value);
		if ($generation === null) {
			$this->wrong("$key is not whole: " . substr(serialize($value), 0, 200));
		} elseif ($generation < $oldest) {
			$this->wrong("$key is of generation $generation, and $oldest was there before");
		}
	}

	private function permanent(int $variable): void
	{
		$key = "permanent $variable";
		$oldest = max($this->ledger->generation($variable), $this->seen[$variable] ?? 0);
		$value = $this->call(fn () => shmx_get_var($this->shmx, $key, 'not there'));
		if ($value === 'not there') {
			$this->wrong("$key is not there");
			return;
		}
		$this->check($key, $value, $oldest);
		$this->seen[$variable] = generation($key, $value) ?? $oldest;
	}

	public function read(): void
	{
		for ($round = 0; $this->hasParent(); $round++) {
			for ($i = 0; $i < PERMANENTS; $i++) {
				$this->permanent($i);
				$key = ['cache ' . mt_rand(0, 500), 'short ' . mt_rand(0, 9), 'taken ' . mt_rand(0, 30)][mt_rand(0, 2)];
				$value = $this->call(fn () => shmx_get_var($this->shmx, $key, 'not there'));
				if ($value !== 'not there') {
					$this->check($key, $value);
				}
			}
			if ($round % 10 === 0) {
				$keys = array_flip($this->call(fn () => shmx_keys($this->shmx)) ?? []);
				for ($i = 0; $i < PERMANENTS; $i++) {
					if (!isset($keys["permanent $i"])) {
						$this->wrong("permanent $i is not among the keys");
					}
				}
			}
		}
	}

	/** Puts the next generation of a variable that only this process puts. */
	private function put(int $variable): void
	{
		$key = "permanent $variable";
		$now = generation($key, shmx_get_var($this->shmx, $key));
		if ($now === null || $now < $this->ledger->generation($variable)) {
			$this->wrong("$key was lost by its writer, at " . json_encode($now));
			return;
		}
		if ($this->call(fn () => shmx_put_var($this->shmx, $key, sealed($key, $now + 1)))) {
			$this->ledger->setGeneration($variable, $now + 1);
		}
	}

	private function count(int $counter): void
	{
		$noted = [$this->number, Ledger::COUNTS + $counter, Ledger::COUNTS_INTENT + $counter];
		$this->ledger->intend(...$noted);
		$done = $this->call(fn () => shmx_inc_var($this->shmx, "counter $counter")) !== null;
		$this->ledger->done(...$noted, done: $done);
	}

	/** The counter of this process alone. What its predecessors left in doubt is settled at once, to the number. */
	private function countAlone(): void
	{
		$least = $this->ledger->of($this->number, Ledger::LEAST);
		$most = $this->ledger->of($this->number, Ledger::MOST) + 1;
		$this->ledger->set($this->number, Ledger::MOST, $most);
		$now = $this->call(fn () => shmx_inc_var($this->shmx, "counter of $this->number"));
		if ($now === null) {
			return;
		}
		if ($now <= $least || $now > $most) {
			$this->wrong("counter of $this->number came to $now, and not to more than $least and $most at most");
		}
		$this->ledger->set($this->number, Ledger::MOST, $now);
		$this->ledger->set($this->number, Ledger::LEAST, $now);
	}

	private function swap(): void
	{
		$list = $this->call(fn () => shmx_get_var($this->shmx, 'swapped'));
		if ($list[1] !== "number $list[0]") {
			$this->wrong('swapped is ' . json_encode($list));
		}
		$noted = [$this->number, Ledger::SWAPS, Ledger::SWAPS_INTENT];
		$this->ledger->intend(...$noted);
		$done = $this->call(fn () => shmx_cas_var($this->shmx, 'swapped', $list, [$list[0] + 1, 'number ' . $list[0] + 1])) === true;
		$this->ledger->done(...$noted, done: $done);
	}

	/** A variable that comes and goes. */
	private function take(): void
	{
		$key = 'taken ' . mt_rand(0, 30);
		match (mt_rand(0, 3)) {
			0 => $this->call(fn () => shmx_remove_var($this->shmx, $key)),
			1 => $this->call(fn () => shmx_put_var($this->shmx, $key, sealed($key, 1))),
			default => $this->call(fn () => shmx_add_var($this->shmx, $key, sealed($key, 1))),
		};
	}

	private function cache(string $key, int $ttl): void
	{
		$this->call(fn () => shmx_put_var($this->shmx, $key, sealed($key, 1), $ttl));
	}

	/** As many calls as can be, so that most kills meet the process in one. Permanent ones or cache entries by turns. */
	private function burst(): void
	{
		$variable = mt_rand(0, intdiv(PERMANENTS, WRITERS) - 1) * WRITERS + $this->number;
		$key = "permanent $variable";
		$now = generation($key, shmx_get_var($this->shmx, $key));
		$permanents = $caches = [];
		for ($i = 1; $i <= 20; $i++) {
			$permanents[$now + $i] = sealed($key, $now + $i);
			$caches["cache $i"] = sealed("cache $i", 1);
		}
		$this->call(function () use ($key, $variable, $permanents, $caches) {
			foreach ($permanents as $generation => $value) {
				shmx_put_var($this->shmx, $key, $value);
				foreach ($caches as $name => $cached) {
					shmx_put_var($this->shmx, $name, $cached, SHMX_EVICTABLE);
				}
			}
			$this->ledger->setGeneration($variable, $generation);
		});
	}

	/** The segment that is cleared now and then. */
	private function clearable(Shmx $shmx): void
	{
		for ($i = 0; $i < 5; $i++) {
			$key = 'key ' . mt_rand(0, 50);
			$value = $this->call(fn () => shmx_get_var($shmx, $key, 'not there'));
			if ($value !== 'not there') {
				$this->check($key, $value);
			}
			$this->call(fn () => shmx_put_var($shmx, $key, sealed($key, 1), mt_rand(0, 1) ? SHMX_EVICTABLE : 0));
		}
		if (mt_rand(0, 20) === 0) {
			$this->call(fn () => shmx_clear($shmx));
		}
	}

	public function write(): void
	{
		$clearable = shmx_open($this->key + 1, 'w', 0, 0);
		while ($this->hasParent()) {
			match (mt_rand(0, 11)) {
				0, 1, 2 => $this->put(mt_rand(0, intdiv(PERMANENTS, WRITERS) - 1) * WRITERS + $this->number),
				3, 4 => $this->count(mt_rand(0, COUNTERS - 1)),
				5 => $this->swap(),
				6 => $this->take(),
				7 => $this->cache('short ' . mt_rand(0, 9), 1),
				8 => $this->cache('cache ' . mt_rand(0, 500), SHMX_EVICTABLE),
				9 => $this->clearable($clearable),
				10 => $this->burst(),
				11 => $this->countAlone(),
			};
		}
	}
}

function start(int $number, int $key, float $seconds): Child
{
	$owner = getmypid();
	return new Child(function ($parent) use ($number, $key, $seconds, $owner) {
		// Who is spared lives longer than a Child may. The limit is for one that hangs, and has no parent any more.
		pcntl_alarm((int) ($seconds + 60) * slowness() * share());
		mt_srand(random_int(1, 1 << 30));
		try {
			$process = new Process($number, $key, $parent, $owner);
			$number < WRITERS ? $process->write() : $process->read();
		} catch (Throwable $e) {
			// Said before it ends: it may be killed while it does.
			$parent->say("process $number: " . $e::class . ': ' . $e->getMessage());
			exit(1);
		}
	});
}

/** Those who make no call any more, though nobody kills them. */
function stuck(Ledger $ledger): array
{
	$calls = fn () => array_map(fn ($process) => $ledger->of($process, Ledger::CALLS), range(0, WRITERS + READERS - 1));
	$before = $calls();
	$end = hrtime(true) + (int) (1e9 * PATIENCE * slowness() * share());
	do {
		usleep(10_000);
		$stuck = array_keys(array_filter($calls(), fn ($now, $process) => $now === $before[$process], ARRAY_FILTER_USE_BOTH));
	} while ($stuck !== [] && hrtime(true) < $end);
	return $stuck;
}

/** How many variables fit into an empty segment. */
function capacity(Shmx $shmx): int
{
	shmx_clear($shmx);
	try {
		for ($i = 0; ; $i++) {
			shmx_put_var($shmx, "fill $i", str_repeat('f', $i % 700));
		}
	} catch (ShmxException $e) {
		shmx_clear($shmx);
		return $e->getCode() === SHMX_E_FULL ? $i : -1;
	}
}

echo "1..14\n# seed $seed, $seconds seconds\n";
mt_srand($seed);
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, SIZE);
$clearable = shmx_open($key + 1, 'n', 0600, 100_000);
$ledger = new Ledger($key + 2, 'n');
$empty = [capacity($shmx), capacity($clearable)];
for ($i = 0; $i < PERMANENTS; $i++) {
	shmx_put_var($shmx, "permanent $i", sealed("permanent $i", 0));
}
for ($i = 0; $i < COUNTERS; $i++) {
	shmx_put_var($shmx, "counter $i", 0);
}
for ($i = 0; $i < WRITERS; $i++) {
	shmx_put_var($shmx, "counter of $i", 0);
}
shmx_put_var($shmx, 'swapped', [0, 'number 0']);

$children = [];
for ($i = 0; $i < WRITERS + READERS; $i++) {
	$children[$i] = start($i, $key, $seconds);
}
$spared = [mt_rand(0, WRITERS - 1), WRITERS + mt_rand(0, READERS - 1)];
$victims = array_values(array_diff(array_keys($children), $spared));
$wrong = [];
$doubts = ['swaps' => 0, 'counts' => array_fill(0, COUNTERS, 0)];
$kill = function (int $number) use (&$children, $ledger, &$wrong, &$doubts): void {
	$how = $children[$number]->kill();
	if ($how !== 'signal 9') {
		$wrong[] = "process $number ended by itself: $how";
	}
	while (($said = $children[$number]->hear()) !== null) {
		$wrong[] = $said;
	}
	$doubts['swaps'] += (int) $ledger->settle($number, Ledger::SWAPS, Ledger::SWAPS_INTENT);
	foreach (array_keys($doubts['counts']) as $counter) {
		$doubts['counts'][$counter] += (int) $ledger->settle($number, Ledger::COUNTS + $counter, Ledger::COUNTS_INTENT + $counter);
	}
};
$kills = $pause = $slowest_death = 0;
$end = hrtime(true) + (int) (1e9 * $seconds);
while (hrtime(true) < $end && count($wrong) < 10) {
	$begun = hrtime(true);
	$sleep = mt_rand(500, 8000);
	usleep($sleep);
	// How long this machine lets a process wait that only sleeps.
	$pause = max($pause, hrtime(true) - $begun - 1000 * $sleep);
	$number = $victims[mt_rand(0, count($victims) - 1)];
	$sent = hrtime(true);
	$kill($number);
	$slowest_death = max($slowest_death, hrtime(true) - $sent);
	$kills++;
	$children[$number] = start($number, $key, $seconds);
}
$stuck = stuck($ledger);
array_map($kill, array_keys($children));
$deaths = $kills + count($children);
$info = shmx_info($shmx);
$recoveries = $info['recoveries'] + shmx_info($clearable)['recoveries'];
$most = fn ($what) => max(array_map(fn ($process) => $ledger->of($process, $what), range(0, WRITERS + READERS - 1)));
[$worst, $without] = array_map($most, [Ledger::WORST, Ledger::WITHOUT]);
$late = machine_lateness($pause, $slowest_death, $without);
printf("# %s calls, %d kills, %d recoveries, longest stall %.1f ms (of this machine itself %.1f ms; a killed process took up to %.1f ms "
	. "to end, one in a call was up to %.1f ms without a processor)\n", number_format($ledger->sum(Ledger::CALLS)), $kills, $recoveries,
	$worst / 1e6, $pause / 1e6, $slowest_death / 1e6, $without / 1e6);
printf("# %s\n", json_encode(array_intersect_key($info, array_flip(['entries', 'bytes_live', 'permanent_bytes', 'evictions', 'second_rounds',
	'expired', 'moved_bytes', 'hits', 'misses']))));

report_figures($ledger->sum(Ledger::CALLS), $kills, $recoveries, $worst / 1e6, $pause / 1e6);

ok($wrong === [], 'every read at every instant found each permanent variable, whole and no older than the last put', implode("\n", $wrong));
ok($ledger->sum(Ledger::CALLS) > 1000 * $seconds / share() && $kills > 10 * $seconds / slowness() / share(), 'there was a storm');
ok($recoveries > 0, 'processes died in their calls');
ok($recoveries <= $deaths, 'the lock was taken over from none who lived', "$recoveries recoveries, $deaths deaths");
ok($stuck === [], 'whoever is not killed goes on', 'no calls of process ' . implode(', ', $stuck));
ok($worst < STALL * slowness() * share() + $late, 'nobody waited long', $worst / 1e6 . ' ms');

$counters = array_map(fn ($i) => shmx_get_var($shmx, "counter $i"), range(0, COUNTERS - 1));
$off = array_map(fn ($i) => $counters[$i] - $ledger->sum(Ledger::COUNTS + $i), range(0, COUNTERS - 1));
// A killed process may have made its last increment and not have noted it; no more than that.
$excess = array_map(fn ($off, $doubts) => $off - $doubts, $off, $doubts['counts']);
$said = sprintf('%s, of %s in doubt', implode(', ', $off), implode(', ', $doubts['counts']));
printf("# increments that came after the last note of a killed process: %s; %d in all\n", $said, array_sum($counters));
$alone = array_filter(range(0, WRITERS - 1), fn ($process) => shmx_get_var($shmx, "counter of $process") < $ledger->of($process, Ledger::LEAST)
	|| shmx_get_var($shmx, "counter of $process") > $ledger->of($process, Ledger::MOST));
ok(min($off) >= 0 && max($excess) <= 0 && $alone === [], 'no increment is lost, and none is made that nobody made',
	"$said; wrong of processes: " . implode(', ', $alone));
$swaps = shmx_get_var($shmx, 'swapped')[0] - $ledger->sum(Ledger::SWAPS);
ok($swaps >= 0 && $swaps <= $doubts['swaps'], 'the same of swaps', "$swaps, of $doubts[swaps] in doubt");

$bad = [];
for ($i = 0; $i < PERMANENTS; $i++) {
	if ((generation("permanent $i", shmx_get_var($shmx, "permanent $i")) ?? -1) < $ledger->generation($i)) {
		$bad[] = $i;
	}
}
ok($bad === [], 'afterwards each permanent variable is there, with its last value', implode(', ', $bad));

// The same variables in a segment that nobody died in.
for ($i = 0; $i < 10; $i++) {
	shmx_remove_var($shmx, "short $i");
}
$keys = shmx_keys($shmx);
$fresh = shmx_open($key + 3, 'n', 0600, SIZE);
$unread = array_filter($keys, fn ($key) => !shmx_has_var($shmx, $key));
foreach ($keys as $name) {
	shmx_put_var($fresh, $name, shmx_get_var($shmx, $name), str_starts_with($name, 'cache') ? SHMX_EVICTABLE : 0);
}
$names = ['entries', 'bytes_live', 'permanent_bytes'];
[$left, $right] = array_map(fn ($one) => array_intersect_key(shmx_info($one), array_flip($names)), [$shmx, $fresh]);
ok($unread === [] && count($keys) === count(array_unique($keys)), 'each key leads to a value', implode(', ', $unread));
ok($left === $right && $left['entries'] === count($keys), 'the figures are those of the same variables in a new segment',
	json_encode([$left, $right, count($keys)]));
$sealed = 0;
foreach ($keys as $name) {
	$sealed += preg_match('/^(counter|swapped)/', $name) || generation($name, shmx_get_var($shmx, $name)) !== null;
}
ok($sealed === count($keys), 'each value is whole', count($keys) - $sealed . ' are not');
$full = [capacity($shmx), capacity($clearable)];
ok($full === $empty, 'no room is lost: as much fits as at the beginning', json_encode([$empty, $full]));
ok(shmx_put_var($shmx, 'key', 'value') && shmx_get_var($shmx, 'key') === 'value' && shmx_lock($shmx, 0), 'and it goes on');
array_map(shmx_delete(...), [$shmx, $clearable, $fresh]);
$ledger->delete();
