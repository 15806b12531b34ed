<?php
// A segment is overwritten at random, header and payload, while every call is made on it, by handles that knew it before
// and by processes that did not. Each call must come back, with a value, a warning or an exception, and leave nothing in
// the kernel. Usage: hostile.php [seed [overwrites]]
require __DIR__ . '/../helpers.inc';

$seed = (int) ($argv[1] ?? random_int(1, 1 << 30));
$overwrites = (int) ($argv[2] ?? 3000);
remove_test_keys_at_end(__FILE__);
ini_set('shmx.lock_timeout', '0.002');
ini_set('shmx.writers', '20');
echo "1..4\n# seed $seed, $overwrites overwrites\n";

const SIZE = 20000;
const HEADER = 8192;
/** No call takes longer: nanoseconds. But a few may, on a machine that stands still for a moment. */
const LONG = 0.5e9;
const FEW = 5;

/** Where the fields are that the code looks at, so that chance meets them often. */
const FIELDS = [0, 8, 12, 16, 24, 32, 40, 64, 72, 76, 80, 88, 96, 128, 192, 200, 208, 216, 256, 264, 272, 280, 376, 1024];

function hostile_number(): string
{
	$numbers = [0, 1, 2, 3, 7, 255, 4095, 4096, 4097, SIZE - 1, SIZE, SIZE + 1, SIZE + HEADER, 65535, 65536, 1 << 31, (1 << 31) - 1,
		1 << 32, -1, -2, -4096, PHP_INT_MAX, PHP_INT_MIN, mt_rand(0, 40), mt_rand(0, 1 << 17), mt_rand(), mt_rand() << 32 | mt_rand()];
	return pack('P', $numbers[mt_rand(0, count($numbers) - 1)]);
}

/** Overwrites a random place, often a field, at times a good deal. */
function overwrite(Shmop $raw): void
{
	$random = mt_rand(0, 99);
	[$bytes, $offset] = match (true) {
		$random < 60 => [substr(hostile_number(), 0, [1, 2, 4, 8, 8, 8][mt_rand(0, 5)]), FIELDS[mt_rand(0, count(FIELDS) - 1)]],
		// A write under way, described in a consistent lie.
		$random < 70 => [pack('P', $odd = mt_rand(0, 1000) | 1) . pack('VV', mt_rand(0, 4), mt_rand(0, 9)) . pack('P', $odd)
			. hostile_number() . hostile_number(), 64],
		$random < 75 => [str_repeat(hostile_number(), 16), 256],
		$random < 85 => [random_text(mt_rand(1, 64)), mt_rand(0, 400)],
		$random < 95 => [random_text(mt_rand(1, 3000)), mt_rand(0, HEADER + SIZE)],
		default => [random_text(HEADER), 0],
	};
	shmop_write($raw, $bytes, $offset);
}

function random_text(int $length): string
{
	$text = '';
	while (strlen($text) < $length) {
		$text .= pack('V', mt_rand());
	}
	return substr($text, 0, $length);
}

/** The calls, and what each may say besides a ShmxException. */
function calls(): array
{
	$offset = fn () => mt_rand(0, SIZE);
	$data = fn () => str_repeat('w', [1, 100, 4096, 4097, 10000][mt_rand(0, 4)]);
	return [
		'read' => fn ($shmx) => is_string(shmx_read($shmx, 0, [0, 1, 100, 4096, SIZE][mt_rand(0, 4)])),
		'read somewhere' => fn ($shmx) => is_string(shmx_read($shmx, $offset(), 0)),
		'write' => fn ($shmx) => is_int(shmx_write($shmx, $data(), $offset())),
		'size' => fn ($shmx) => shmx_size($shmx) === SIZE,
		'info' => fn ($shmx) => is_array(shmx_info($shmx)),
		'lock' => fn ($shmx) => !shmx_lock($shmx, 0.001) || shmx_unlock($shmx),
		'lock and write' => function ($shmx) use ($data, $offset) {
			if (shmx_lock($shmx, 0)) {
				shmx_write($shmx, $data(), $offset());
				shmx_unlock($shmx);
			}
			return true;
		},
		'list' => fn () => is_array(shmx_list()),
	];
}

function is_allowed(string $said, Shmx $shmx, ?Shmx $reader): bool
{
	if ($shmx === $reader && preg_match('/^Error: Read-only segment cannot be (written|locked)$/', $said)) {
		return true;
	}
	return preg_match('/^(Warning: shmx_read\(\): Bytes \d+ to \d+ were left half-written by a process that died; .*?; )*'
		. '(true|ShmxException SHMX_E_(DAMAGED|KIND|TIMEOUT|WRITERS|FULL|DEADLOCK): .+)$/', $said) === 1;
}

/** Nanoseconds for which this process has had a processor. */
function worked(): int|float
{
	$usage = getrusage();
	return 1_000_000_000 * ($usage['ru_utime.tv_sec'] + $usage['ru_stime.tv_sec'])
		+ 1000 * ($usage['ru_utime.tv_usec'] + $usage['ru_stime.tv_usec']);
}

/** [how many calls, what was said wrongly, how often each outcome, what each of the long ones took, the most work of one] */
function scribble(int $key, int $seed, int $overwrites, Child $parent): array
{
	mt_srand($seed);
	$calls = calls();
	$wrong = $seen = [];
	$made = 0;
	$most_work = 0;
	$long = [];
	$watch = new Stopwatch();
	$shmx = null;
	for ($i = 0; $i < $overwrites && $wrong === []; $i++) {
		if ($i % 40 === 0) {
			if ($shmx !== null) {
				if (mt_rand(0, 1)) {
					shmop_write($raw, $whole, 0);
				}
				// Where the header no longer names them, the semaphores stay for the next creation to sweep.
				shmx_delete($shmx);
			}
			$shmx = shmx_open($key, 'n', 0600, SIZE);
			if (mt_rand(0, 3)) {
				shmx_write($shmx, random_text(5000), 0);
			}
			$raw = shmop_open($key, 'w', 0600, 0);
			$whole = shmop_read($raw, 0, HEADER);
			$reader = shmx_open($key, 'a', 0600, 0);
			$unused = shmx_open($key, 'w', 0600, 0);
		}
		if ($i % 100 === 0) {
			$parent->say($i);
			// What hangs is ended and found out; all of them together may take long.
			pcntl_alarm(20 * slowness());
		}
		if (mt_rand(0, 9) === 0) {
			shmop_write($raw, $whole, 0);
		}
		overwrite($raw);
		$fresh = shmx_open($key, mt_rand(0, 1) ? 'w' : 'a', 0600, 0);
		foreach ([$shmx, $reader, $unused] as $handle) {
			foreach ((array) array_rand($calls, 3) as $name) {
				$worked = worked();
				$watch->start();
				$said = outcome(fn () => $calls[$name]($handle));
				$took = $watch->took();
				$most_work = max($most_work, worked() - $worked);
				if ($took > LONG * slowness()) {
					$long[] = $took / 1e9;
				}
				$made++;
				$kind = preg_match('/SHMX_E_\w+/', $said, $found) ? $found[0] : strtok($said, ':');
				$seen[$kind] = ($seen[$kind] ?? 0) + 1;
				if (!is_allowed($said, $handle, $reader)) {
					$wrong[] = "overwrite $i: $name said: $said";
				}
			}
		}
		unset($fresh);
		if ($i % 40 === 10) {
			$unused = shmx_open($key, 'w', 0600, 0) ?: $unused;
		}
	}
	shmop_write($raw, $whole, 0);
	shmx_delete($shmx);
	return [$made, $wrong, $seen, $long, $most_work];
}

function ours(int $key): int
{
	return count(array_filter(kernel_segments(), fn ($segment) => ($segment['key'] & 0x7fffff00) === $key));
}

$key = test_key(__FILE__);
$sets = count(kernel_sets());

// In a process of its own, so that a crash is a result.
$child = new Child(fn ($parent) => $parent->say(scribble($key, $seed, $overwrites, $parent)));
do {
	$last = $result ?? 0;
	$result = $child->hear();
} while (is_int($result));
[$made, $wrong, $seen, $long, $most_work] = $result ?? [0, ["it died behind overwrite $last"], [], [], 0];
$how = $child->wait();
ok($how === 'exit 0' && $wrong === [], "$made calls on segments overwritten at random come back with a value, a warning or an exception",
	"$how\n" . implode("\n", $wrong));
echo '# ', urldecode(http_build_query($seen, '', ', ')), "\n";
remove_test_keys(__FILE__);
ok($most_work < LONG * slowness() && count($long) <= FEW, 'none of them takes long',
	$most_work / 1e9 . ' s of work; long ones took ' . implode(', ', $long) . ' s');

// Processes that see the segment for the first time, already overwritten.
mt_srand($seed + 1);
$bad = $outcomes = [];
for ($i = 0; $i < $overwrites / 20 && $bad === []; $i++) {
	$state = mt_rand();
	$maker = new Child(function ($parent) use ($key, $state) {
		mt_srand($state);
		$shmx = shmx_open($key, 'n', 0600, SIZE);
		shmx_write($shmx, random_text(5000), 0);
		shmx_close($shmx);
		$raw = shmop_open($key, 'w', 0600, 0);
		$whole = shmop_read($raw, 0, HEADER);
		overwrite($raw);
		$parent->say('made');
		$parent->hear();
		shmop_write($raw, $whole, 0);
		shmx_delete(shmx_open($key, 'w', 0600, 0));
	});
	if ($maker->hear() !== 'made') {
		$bad[] = "round $i: the segment was not made";
		break;
	}
	$opener = new Child(function ($parent) use ($key, $state) {
		mt_srand($state);
		$said = [];
		foreach (['w', 'a', 'c'] as $mode) {
			$shmx = null;
			$said[] = [outcome(function () use ($key, $mode, &$shmx) {
				$shmx = shmx_open($key, $mode, 0600, (int) ($mode === 'c'));
				return $shmx;
			}), true];
			if ($shmx) {
				foreach (calls() as $name => $call) {
					$line = outcome(fn () => $call($shmx));
					$said[] = ["$name: $line", is_allowed($line, $shmx, $mode === 'a' ? $shmx : null)];
				}
			}
		}
		$parent->say($said);
	});
	$said = $opener->hear() ?? [['it died', false]];
	$how = $opener->wait();
	foreach ($said as [$line, $allowed]) {
		$allowed = $allowed && $how === 'exit 0';
		if (str_starts_with($line, 'Warning: shmx_open')) {
			$allowed = preg_match('/segment "(it was not made by shmx|its format|its header is damaged)/', $line);
		}
		if (!$allowed) {
			$bad[] = "seed $seed, round $i: $how, $line";
		}
	}
	$kind = preg_replace('/^Warning: .*segment "([^":]+).*/', '$1', $said[0][0]);
	$outcomes[$kind] = ($outcomes[$kind] ?? 0) + 1;
	$maker->say('end');
	$maker->wait();
}
ok($bad === [], "$i overwritten segments are opened or refused by processes that did not know them", implode("\n", $bad));
echo '# ', urldecode(http_build_query($outcomes, '', ', ')), "\n";

shmx_delete(shmx_open(0, 'n', 0600, 1));
ok(ours($key) === 0 && count(kernel_sets()) <= $sets, 'no segment and no semaphore set is left',
	ours($key) . ' segments, ' . (count(kernel_sets()) - $sets) . ' sets more than before');
