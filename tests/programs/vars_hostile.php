<?php
// While processes make every call on variables, on a queue and on bytes, another one scribbles random bytes over random
// places of their segments, header and all. Each call must come back, with a value or an exception; no process may crash,
// hang, or take memory without bound. Usage: vars_hostile.php [seconds [seed]]
require __DIR__ . '/../helpers.inc';

$seconds = (float) ($argv[1] ?? getenv('SHMX_HOSTILE_SECONDS') ?: 10);
$seed = (int) ($argv[2] ?? random_int(1, 1 << 30));
remove_test_keys_at_end(__FILE__);
ini_set('memory_limit', '256M');
ini_set('shmx.lock_timeout', '0.01');
ini_set('shmx.writers', '30');

const HEADER = 8192;
const SIZE = 60_000;
const KINDS = ['variables', 'queue', 'bytes'];
const CALLERS = 3;
/** A call that takes longer has hung: seconds. */
const HANG = 20;

final class Thing
{
	public function __construct(public mixed $value) {}
}

function some_value(): mixed
{
	return match (mt_rand(0, 9)) {
		0 => null,
		1 => mt_rand(),
		2 => mt_rand() / 7,
		3 => true,
		4 => str_repeat('x', mt_rand(0, 3000)),
		5 => range(0, mt_rand(1, 100)),
		6 => array_fill(0, mt_rand(1, 20), ['id' => mt_rand(), 'name' => 'name', 'tags' => ['a', 'b', 1.5]]),
		7 => new Thing([mt_rand(), 'a']),
		8 => ['key' => ['deeper' => ['deep' => []]], 5 => 'five', 'more' => str_repeat('m', mt_rand(0, 300))],
		9 => new ArrayObject(['a' => 1, 'b' => new Thing(2)]),
	};
}

function some_key(): string|int
{
	return [mt_rand(0, 60), 'key ' . mt_rand(0, 60), str_repeat('long', mt_rand(0, 50))][mt_rand(0, 2)];
}

function calls(string $kind): array
{
	return match ($kind) {
		'variables' => [
			fn ($shmx) => shmx_put_var($shmx, some_key(), some_value(), [0, 0, SHMX_EVICTABLE, 1][mt_rand(0, 3)]),
			fn ($shmx) => shmx_put_var($shmx, some_key(), some_value(), SHMX_EVICTABLE),
			fn ($shmx) => shmx_add_var($shmx, some_key(), some_value()),
			fn ($shmx) => shmx_get_var($shmx, some_key()),
			fn ($shmx) => shmx_get_var($shmx, some_key()),
			fn ($shmx) => shmx_has_var($shmx, some_key()),
			fn ($shmx) => shmx_remove_var($shmx, some_key()),
			fn ($shmx) => shmx_inc_var($shmx, some_key()),
			function ($shmx) {
				$key = some_key();
				return shmx_cas_var($shmx, $key, shmx_get_var($shmx, $key), some_value());
			},
			fn ($shmx) => shmx_keys($shmx),
			fn ($shmx) => shmx_info($shmx),
			fn ($shmx) => mt_rand(0, 20) === 0 && shmx_clear($shmx),
		],
		'queue' => [
			fn ($shmx) => shmx_send($shmx, some_value(), mt_rand(0, 9) ? 0 : 0.001),
			fn ($shmx) => shmx_send($shmx, some_value()),
			fn ($shmx) => shmx_receive($shmx, $message, mt_rand(0, 9) ? 0 : 0.001),
			fn ($shmx) => shmx_pending($shmx),
			fn ($shmx) => shmx_info($shmx),
		],
		'bytes' => [
			fn ($shmx) => shmx_read($shmx, mt_rand(0, SIZE), 0),
			fn ($shmx) => shmx_read($shmx, 0, mt_rand(0, SIZE)),
			fn ($shmx) => shmx_write($shmx, str_repeat('w', mt_rand(0, 6000)), mt_rand(0, SIZE)),
			fn ($shmx) => shmx_info($shmx),
		],
	};
}

/** Numbers that offsets and lengths are likely to be mistaken for. */
function scribbled_number(): int
{
	return [0, 1, 7, 8, -1, -8, 32, SIZE, SIZE - 8, SIZE + HEADER, 65535, 65536, 131072, 1 << 31, 1 << 32, PHP_INT_MAX, PHP_INT_MIN,
		mt_rand(0, SIZE), mt_rand(0, SIZE) & ~7, 131072 + (mt_rand(0, SIZE) & ~7), mt_rand(0, 9) << 16 | mt_rand(0, 8), mt_rand(), mt_rand() << 31][mt_rand(0, 22)];
}

function scribble(Shmop $raw): void
{
	$place = match (mt_rand(0, 5)) {
		// Every call looks at the identity first, and what it says there is not believed: seldom.
		0 => mt_rand(0, 20) ? mt_rand(64, 400) : mt_rand(0, 63),
		1 => mt_rand(1024, 4095),
		2 => 1024 + 8 * mt_rand(0, 127),
		default => HEADER + mt_rand(0, SIZE - 1),
	};
	if (mt_rand(0, 1)) {
		$place &= ~7;
	}
	shmop_write($raw, match (mt_rand(0, 3)) {
		0 => chr(mt_rand(0, 255)),
		1 => pack('V', mt_rand()),
		2 => pack('q', scribbled_number()),
		// From elsewhere in the segment: records and links that were once true.
		3 => shmop_read($raw, HEADER + (mt_rand(0, SIZE - 300) & ~7), mt_rand(1, 32) * 8),
	}, $place);
}

/** Makes calls for ever; says every second how many, how they ended, and the memory that was taken at most. */
function make_calls(int $key, string $kind, bool $reads, Child $parent): never
{
	$calls = calls($kind);
	$seen = [];
	$made = 0;
	$shmx = shmx_open($key, $reads ? 'a' : 'w', 0, 0);
	for ($next = 0;; $made++) {
		if (hrtime(true) >= $next) {
			$parent->say([$made, $seen, memory_get_peak_usage()]);
			$next = hrtime(true) + 2e8;
			pcntl_alarm(HANG * slowness());
		}
		if ($made % 200 === 0) {
			$shmx = @shmx_open($key, $reads ? 'a' : 'w', 0, 0) ?: $shmx;
		}
		try {
			@$calls[array_rand($calls)]($shmx);
			$how = 'a value';
		} catch (ShmxException $e) {
			$how = error_name($e->getCode());
		} catch (Throwable $e) {
			// What the unserializer makes of scribbled bytes; what an "a" handle may not do; sums too large.
			$how = $e::class;
		}
		$seen[$how] = ($seen[$how] ?? 0) + 1;
	}
}

echo '1..', 3 * count(KINDS), "\n# seed $seed, $seconds seconds\n";
$base = test_key(__FILE__);
mt_srand($seed);
$raws = $wholes = $children = $wrong = $ended = $figures = [];
foreach (KINDS as $number => $kind) {
	$key = $base + $number;
	$shmx = shmx_open($key, 'n', 0600, SIZE);
	match ($kind) {
		'variables' => shmx_put_var($shmx, 'key', 1),
		'queue' => shmx_send($shmx, 1),
		'bytes' => shmx_write($shmx, 'bytes', 0),
	};
	$raws[$kind] = shmop_open($key, 'w', 0, 0);
	$wholes[$kind] = shmop_read($raws[$kind], 0, HEADER);
	for ($i = 0; $i < CALLERS; $i++) {
		$children[] = [$kind, new Child(function ($parent) use ($key, $kind, $i, $seed) {
			mt_srand($seed + $i);
			make_calls($key, $kind, $i === CALLERS - 1, $parent);
		})];
	}
	unset($shmx);
}
$scribbler = new Child(function () use ($raws, $wholes, $seed) {
	mt_srand($seed + 100);
	pcntl_alarm(0);
	while (true) {
		foreach ($raws as $kind => $raw) {
			scribble($raw);
			// Else soon nothing but "damaged" would be said. What a guard's owner knows of itself stays.
			if (mt_rand(0, 30) === 0) {
				shmop_write($raw, substr($wholes[$kind], 0, 128), 0);
			}
			if ($kind !== 'bytes' && mt_rand(0, 60) === 0) {
				shmop_write($raw, substr($wholes[$kind], 1024, 3072), 1024);
			}
			if (mt_rand(0, 200) === 0) {
				shmop_write($raw, str_repeat("\0", 8), 128);
			}
		}
		usleep(mt_rand(0, 100));
	}
});
$end = hrtime(true) + (int) (1e9 * $seconds);
foreach ($children as $number => [$kind, $child]) {
	$figures[$number] = [0, [], 0];
}
do {
	foreach ($children as $number => [$kind, $child]) {
		// Waits for its next report: a process that hangs is ended by its alarm, and then there is none.
		$said = isset($ended[$number]) ? null : $child->hear();
		if ($said === null && !isset($ended[$number])) {
			$ended[$number] = "a process with $kind ended: " . $child->wait();
		}
		$figures[$number] = $said ?? $figures[$number];
	}
} while (hrtime(true) < $end && $ended === []);
$scribbler->kill();
foreach ($children as $number => [$kind, $child]) {
	if (!isset($ended[$number])) {
		$child->kill();
	}
}
foreach (KINDS as $kind) {
	$of = array_filter($children, fn ($child) => $child[0] === $kind);
	$made = array_sum(array_map(fn ($number) => $figures[$number][0], array_keys($of)));
	$memory = max(array_map(fn ($number) => $figures[$number][2], array_keys($of)));
	$seen = [];
	foreach ($of as $number => $child) {
		foreach ($figures[$number][1] as $how => $times) {
			$seen[$how] = ($seen[$how] ?? 0) + $times;
		}
	}
	arsort($seen);
	ok(array_intersect_key($ended, $of) === [], "$kind: each of $made calls comes back", implode("\n", $ended));
	ok($memory < 32 << 20, "$kind: no call takes memory without bound", "$memory bytes");
	ok(($seen['a value'] ?? 0) > 100 && ($seen['SHMX_E_DAMAGED'] ?? 0) > 0, "$kind: some found values, some damage");
	echo '# ', urldecode(http_build_query($seen, '', ', ')), "; at most $memory bytes of memory\n";
}
foreach (KINDS as $number => $kind) {
	shmop_write($raws[$kind], $wholes[$kind], 0);
	shmx_delete(shmx_open($base + $number, 'w', 0, 0));
}
