<?php
/*
 * Measuring: every side of a comparison runs in each round, in turn, so that what else the machine does hits all of them;
 * a ratio is taken within its round, and the median of the rounds is what counts. A side is a closure that makes its call
 * n times in a loop of its own. n is chosen so that a slice takes a few milliseconds; the cost of an empty loop is
 * measured in the same rounds and taken off every side. What is taken is the processor time of this process, user and
 * system: the time during which somebody else had the processor is nobody's cost.
 */

/* In a short run a target is missed only by this factor. */
const SHORT_SLACK = 4.0;
const SLICE = 4e6;
const SHORT_SLICE = 1e6;

final class Bench {
	private array $clean_up = [];

	public function __construct(
		public readonly string $configuration,
		public readonly int $rounds,
		public readonly bool $short,
	) {
		register_shutdown_function($this->end(...));
		pcntl_async_signals(true);
		foreach ([SIGINT, SIGTERM, SIGHUP] as $signal) {
			pcntl_signal($signal, fn() => exit(1));
		}
	}

	/* Runs when this process ends, however it ends; not in its children. */
	public function finally(callable $clean_up): void {
		$process = getmypid();
		$this->clean_up[] = fn() => getmypid() === $process && $clean_up();
	}

	public function segment(int $size, int $key = 0): Shmx {
		$shmx = shmx_open($key, $key ? 'c' : 'n', 0600, $size);
		$this->finally(fn() => shmx_delete($shmx));
		return $shmx;
	}

	public function remark(string $text): void {
		$this->row(['remark' => $text]);
	}

	/* what, shmx, peer, theirs, ratio, low, high, target, at_least, noise: see cells() in run.php. */
	public function row(array $row): void {
		echo json_encode($row, JSON_THROW_ON_ERROR), "\n";
	}

	/*
	 * One row for each peer. $shmx and the peers are closures of (int $n); a target is the largest ratio that will do.
	 *
	 * @param array<string, array{Closure, ?float}|array{Closure, ?float, float}> $peers name => closure, target, noise
	 */
	public function compare(string $what, Closure $shmx, array $peers): void {
		$times = $this->time([$shmx, ...array_column($peers, 0)]);
		foreach (array_keys($peers) as $index => $name) {
			$this->compare_times($what, $times[0], $name, $times[$index + 1], ...array_slice($peers[$name], 1));
		}
	}

	/* Two lists of nanoseconds, a figure a round. */
	public function compare_times(string $what, array $ours, string $peer, array $theirs, ?float $target = null,
			?float $noise = null): void {
		$ratios = array_map(fn($one, $other) => $one / $other, $ours, $theirs);
		$this->row([
			'what' => $what,
			'shmx' => nanoseconds(median($ours)),
			'peer' => $peer,
			'theirs' => nanoseconds(median($theirs)),
			'ratio' => median($ratios),
			'low' => min($ratios),
			'high' => max($ratios),
			'target' => $target,
			'noise' => $noise,
		]);
	}

	/**
	 * @param list<Closure> $sides
	 * @return list<list<float>> of each side, nanoseconds a call, round by round
	 */
	public function time(array $sides): array {
		$counts = array_map($this->calls_in_a_slice(...), $sides);
		$empty = static function (int $n) {
			for ($i = 0; $i < $n; $i++) {
			}
		};
		$times = array_fill(0, count($sides), []);
		for ($round = 0; $round < $this->rounds; $round++) {
			$loop = elapsed($empty, 100000) / 100000;
			$order = range(0, count($sides) - 1);
			// Who follows whom must not favour anybody.
			foreach ($round % 2 ? array_reverse($order) : $order as $side) {
				// No less than a tenth of a nanosecond: a ratio needs something to divide by.
				$times[$side][] = max(0.1, elapsed($sides[$side], $counts[$side]) / $counts[$side] - $loop);
			}
		}
		return $times;
	}

	private function calls_in_a_slice(Closure $side): int {
		$slice = $this->short ? SHORT_SLICE : SLICE;
		// The first call may pay for what the later ones find done.
		$side(1);
		for ($n = 1;; $n *= 4) {
			$elapsed = elapsed($side, $n);
			if ($elapsed > $slice / 8) {
				return max(1, (int) ($n * $slice / $elapsed));
			}
		}
	}

	private function end(): void {
		foreach (array_reverse($this->clean_up) as $clean_up) {
			try {
				$clean_up();
			} catch (Throwable $failure) {
				fwrite(STDERR, "$failure\n");
			}
		}
		$this->clean_up = [];
	}
}

/* A benchmark of something that did not happen is worse than none. */
function must(bool $condition, string $what): void {
	if (!$condition) {
		throw new RuntimeException("this should hold and does not: $what");
	}
}

/* Nanoseconds of processor time. */
function elapsed(Closure $side, int $n): int {
	$begun = getrusage();
	$side($n);
	$ended = getrusage();
	return 1000 * ($ended['ru_utime.tv_usec'] - $begun['ru_utime.tv_usec']
		+ $ended['ru_stime.tv_usec'] - $begun['ru_stime.tv_usec']
		+ 1000000 * ($ended['ru_utime.tv_sec'] - $begun['ru_utime.tv_sec']
			+ $ended['ru_stime.tv_sec'] - $begun['ru_stime.tv_sec']));
}

function median(array $values): float {
	return percentile($values, 50);
}

function percentile(array $values, float $percent): float {
	sort($values);
	$place = (count($values) - 1) * $percent / 100;
	$below = $values[(int) floor($place)];
	return $below + ($values[(int) ceil($place)] - $below) * ($place - floor($place));
}

function nanoseconds(float $value): string {
	foreach (['ns' => 1, 'us' => 1e3, 'ms' => 1e6, 's' => 1e9] as $unit => $size) {
		if ($value < 999.5 * $size || $unit === 's') {
			return sprintf($value < 99.95 * $size ? '%.1f %s' : '%.0f %s', $value / $size, $unit);
		}
	}
}

function bytes(int $size): string {
	return match (true) {
		$size >= 1 << 20 => ($size >> 20) . ' MiB',
		$size >= 1 << 10 => ($size >> 10) . ' KiB',
		default => "$size B",
	};
}
