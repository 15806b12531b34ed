<?php
/*
 * Does a lookup cost the same among a million entries as among a thousand? A larger set misses the processor's caches more
 * often, whatever holds it: a PHP array of the same keys and values, used in the same random order, shows by how much.
 * What shmx may take at N entries is 1.5 times: its time at a thousand, and what the array takes more at N than there.
 * Then: the slowest single call while a full segment churns.
 */

const SCALE_LIMIT = 1.5;
const SCALE_ORDER = 1 << 20;
const SCALE_RECORD = 160;
const SCALE_FULL = 64 << 20;
const SCALE_APCU = ['apc.enable_cli' => '1', 'apc.entries_hint' => '1000000'];

function measure_scale(Bench $bench): void {
	if ($bench->configuration === 'full') {
		measure_churn($bench);
		return;
	}
	$counts = $bench->short ? [1000, 30000] : [1000, 10000, 100000, 1000000];
	$base = scale_set($bench, $counts[0]);
	$apcu = extension_loaded('apcu');
	foreach ($counts as $count) {
		$set = $count === $counts[0] ? $base : scale_set($bench, $count);
		if ($apcu) {
			apcu_clear_cache();
			foreach ($set->values as $key => $value) {
				apcu_store($key, $value);
			}
			must(apcu_cache_info(true)['num_entries'] == $count, 'APCu keeps them all');
		}
		foreach (['get', 'put'] as $verb) {
			$sides = [$set->$verb(), $base->$verb(), $set->of_array($verb), $base->of_array($verb)];
			if ($apcu) {
				$sides[] = $set->of_apcu($verb);
			}
			$times = $bench->time($sides);
			$what = "$verb among " . number_format($count);
			if ($count !== $counts[0]) {
				$allowed = array_map(fn($small, $array, $small_array) => $small + max(0, $array - $small_array),
					$times[1], $times[2], $times[3]);
				$bench->compare_times($what, $times[0], 'itself among 1,000', $times[1]);
				$bench->compare_times($what, $times[0], '  with cache misses', $allowed, SCALE_LIMIT);
			}
			$bench->compare_times($what, $times[0], 'a PHP array', $times[2]);
			if ($apcu) {
				$bench->compare_times($what, $times[0], 'APCu', $times[4]);
			}
		}
	}
}

function scale_set(Bench $bench, int $count): object {
	$shmx = $bench->segment(2 * $count * SCALE_RECORD + (1 << 20));
	$values = [];
	for ($i = 0; $i < $count; $i++) {
		$values["entry:$i"] = random_bytes(64);
	}
	// Twice around: afterwards no page is new and none is in the order of the keys alone.
	for ($round = 0; $round < 3; $round++) {
		foreach ($values as $key => $value) {
			shmx_put_var($shmx, $key, $value);
		}
	}
	must(shmx_get_var($shmx, "entry:7") === $values["entry:7"], 'shmx keeps them all');
	mt_srand(1);
	$order = [];
	for ($i = 0; $i < SCALE_ORDER; $i++) {
		$order[] = 'entry:' . mt_rand(0, $count - 1);
	}
	return new class($shmx, $values, $order) {
		private string $value;

		public function __construct(private Shmx $shmx, public array $values, private array $order) {
			$this->value = random_bytes(64);
		}

		public function get(): Closure {
			[$shmx, $order, $at] = [$this->shmx, $this->order, 0];
			return static function (int $n) use ($shmx, $order, &$at) {
				for ($i = 0; $i < $n; $i++) {
					shmx_get_var($shmx, $order[$at++ & (SCALE_ORDER - 1)]);
				}
			};
		}

		public function put(): Closure {
			[$shmx, $order, $value, $at] = [$this->shmx, $this->order, $this->value, 0];
			return static function (int $n) use ($shmx, $order, $value, &$at) {
				for ($i = 0; $i < $n; $i++) {
					shmx_put_var($shmx, $order[$at++ & (SCALE_ORDER - 1)], $value);
				}
			};
		}

		public function of_array(string $verb): Closure {
			[$values, $order, $value, $at] = [$this->values, $this->order, $this->value, 0];
			return $verb === 'get' ? static function (int $n) use ($values, $order, &$at) {
				for ($i = 0; $i < $n; $i++) {
					ord($values[$order[$at++ & (SCALE_ORDER - 1)]]);
				}
			} : static function (int $n) use (&$values, $order, $value, &$at) {
				for ($i = 0; $i < $n; $i++) {
					$values[$order[$at++ & (SCALE_ORDER - 1)]] = $value;
				}
			};
		}

		public function of_apcu(string $verb): Closure {
			[$order, $value, $at] = [$this->order, $this->value, 0];
			return $verb === 'get' ? static function (int $n) use ($order, &$at) {
				for ($i = 0; $i < $n; $i++) {
					apcu_fetch($order[$at++ & (SCALE_ORDER - 1)]);
				}
			} : static function (int $n) use ($order, $value, &$at) {
				for ($i = 0; $i < $n; $i++) {
					apcu_store($order[$at++ & (SCALE_ORDER - 1)], $value);
				}
			};
		}
	};
}

/* Cache entries of 64 to 4,096 bytes, always new ones, into what is full: each call by itself, in real time. */
function measure_churn(Bench $bench): void {
	$count = $bench->short ? 60000 : 400000;
	$shmx = $bench->segment(SCALE_FULL);
	$value = random_bytes(4096);
	$values = [];
	for ($i = 0; $i < 1024; $i++) {
		$values[] = substr($value, 0, mt_rand(64, 4096));
	}
	$ours = churn($count, fn($key, $value) => shmx_put_var($shmx, $key, $value, 3600), $values);
	$theirs = extension_loaded('apcu') ? churn($count, fn($key, $value) => apcu_store($key, $value, 3600), $values) : null;
	foreach ($ours as $name => $figure) {
		$bench->row(['what' => "full, put: $name", 'shmx' => nanoseconds($figure)]
			+ ($theirs ? ['peer' => 'APCu', 'theirs' => nanoseconds($theirs[$name]), 'ratio' => $figure / $theirs[$name]] : []));
	}
	$bench->remark(sprintf('put when full: %s new entries, once %d MiB are full; real time holds what else the machine did, '
		. 'processor time (to the microsecond) does not; load average %.2f', number_format($count), SCALE_FULL >> 20, sys_getloadavg()[0]));
}

function churn(int $count, Closure $put, array $values): array {
	$times = [];
	$slowest = 0;
	// A third more than what fits first, unmeasured: the values are 2 KiB on average.
	for ($i = -(int) (SCALE_FULL / 1500); $i < $count; $i++) {
		$key = "churn:$i";
		$value = $values[$i & 1023];
		$processor = elapsed(function () use (&$time, $put, $key, $value) {
			$begun = hrtime(true);
			$put($key, $value);
			$time = hrtime(true) - $begun;
		}, 1);
		if ($i >= 0) {
			$times[] = $time;
			$slowest = max($slowest, $processor);
		}
	}
	return ['p50' => percentile($times, 50), 'p99' => percentile($times, 99), 'p99.9' => percentile($times, 99.9),
		'slowest' => max($times), 'slowest, processor' => $slowest];
}

return [
	'title' => 'Scale: among a thousand entries of 64 bytes and among a million, in random order',
	'functions' => ['shmx_put_var', 'shmx_get_var'],
	'configurations' => [
		'' => [['apcu'], SCALE_APCU + ['apc.shm_size' => '1G']],
		// APCu takes its index of entries from the same memory.
		'full' => [['apcu'], ['apc.entries_hint' => '32768', 'apc.shm_size' => (SCALE_FULL >> 20) . 'M'] + SCALE_APCU],
	],
	'measure' => measure_scale(...),
];
