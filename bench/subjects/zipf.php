<?php
/*
 * How good is the choice of what to drop? A cache in front of something slow: get, and on a miss put. Few keys are asked for
 * often and many now and then (Zipf), and ten times as many bytes are asked for as fit. Every cache gets the same
 * requests, and the same memory for everything that it keeps, its own headers and index included. Two figures are
 * computed from the same requests with the same memory all for keys and values: what a strict LRU would hit, and what
 * would be hit by keeping, from their first use on, those keys that are asked for most by the byte.
 */

const ZIPF_EXPONENT = 0.99;
/* Second rounds in place of a strict order, and headers in place of none, may cost this much. */
const ZIPF_NEAR_LRU = 0.9;
const ZIPF_MEAN = 1024;
const ZIPF_TTL = 3600;
/* APCu's index comes out of the same memory, so it is sized for what fits. */
const ZIPF_BUDGET = 16 << 20;
const ZIPF_YAC_KEYS = 4 << 20;

function measure_zipf(Bench $bench): void {
	$fit = intdiv(ZIPF_BUDGET, ZIPF_MEAN);
	$requests = zipf_requests(10 * $fit, $bench->short ? 200000 : 1500000);
	// The first third fills the cache and is not counted.
	$warm = intdiv(count($requests), 3);
	$text = random_bytes(2 * ZIPF_MEAN);
	$shmx = $bench->segment(ZIPF_BUDGET);
	$caches = ['shmx' => [
		fn($key) => shmx_get_var($shmx, $key),
		fn($key, $value) => shmx_put_var($shmx, $key, $value, ZIPF_TTL),
	]];
	if (extension_loaded('apcu')) {
		$caches['APCu'] = [
			fn($key) => apcu_fetch($key) ?: null,
			fn($key, $value) => apcu_store($key, $value, ZIPF_TTL),
		];
	}
	if (extension_loaded('yac')) {
		$yac = new Yac();
		$caches['Yac'] = [
			fn($key) => $yac->get($key) ?: null,
			fn($key, $value) => $yac->set($key, $value, ZIPF_TTL),
		];
	}
	$ratios = [];
	foreach ($caches as $name => [$get, $put]) {
		$ratios[$name] = zipf_hits($requests, $warm, $get, $put, $text);
	}
	$ratios['LRU, computed'] = zipf_lru($requests, $warm);
	$ratios['most asked for, computed'] = zipf_best($requests, $warm);
	foreach (array_slice($ratios, 1) as $name => $ratio) {
		$bench->row(['what' => 'hits', 'shmx' => sprintf('%.1f %%', 100 * $ratios['shmx']), 'peer' => $name,
			'theirs' => sprintf('%.1f %%', 100 * $ratio), 'ratio' => $ratios['shmx'] / $ratio,
			'target' => $name === 'LRU, computed' ? ZIPF_NEAR_LRU : null, 'at_least' => true]);
	}
	$bench->remark(sprintf('%s requests counted after %s, %s keys, values of %d to %d bytes, %d MiB (Yac: %d MiB of it for keys)',
		number_format(count($requests) - $warm), number_format($warm), number_format(10 * $fit), ZIPF_MEAN / 2,
		3 * ZIPF_MEAN / 2, ZIPF_BUDGET >> 20, ZIPF_YAC_KEYS >> 20));
}

/* Keys from 0, 0 the one asked for most; the same ones in each run. */
function zipf_requests(int $keys, int $count): array {
	mt_srand(99);
	$sum = 0;
	$sums = [];
	for ($rank = 1; $rank <= $keys; $rank++) {
		$sums[] = $sum += $rank ** -ZIPF_EXPONENT;
	}
	$requests = [];
	for ($i = 0; $i < $count; $i++) {
		$wanted = mt_rand() / mt_getrandmax() * $sum;
		for ($low = 0, $high = $keys - 1; $low < $high;) {
			$middle = ($low + $high) >> 1;
			if ($sums[$middle] < $wanted) {
				$low = $middle + 1;
			} else {
				$high = $middle;
			}
		}
		$requests[] = $low;
	}
	return $requests;
}

/* Of each key always the same, and of no relation to how often it is asked for. */
function zipf_size(int $key): int {
	return ZIPF_MEAN / 2 + (crc32("size $key") % ZIPF_MEAN);
}

function zipf_hits(array $requests, int $warm, Closure $get, Closure $put, string $text): float {
	$hits = 0;
	foreach ($requests as $i => $key) {
		$value = $get("page:$key");
		if ($value === null) {
			$put("page:$key", substr($text, 0, zipf_size($key)));
		} else {
			must(strlen($value) === zipf_size($key), 'a hit is what was put');
			$hits += $i >= $warm;
		}
	}
	return $hits / (count($requests) - $warm);
}

/* A list of keys through two arrays; -1 is both its ends. */
function zipf_lru(array $requests, int $warm): float {
	$next = $previous = [-1 => -1];
	$used = $hits = 0;
	foreach ($requests as $i => $key) {
		if (isset($next[$key])) {
			$hits += $i >= $warm;
			$next[$previous[$key]] = $next[$key];
			$previous[$next[$key]] = $previous[$key];
		} else {
			$used += strlen("page:$key") + zipf_size($key);
		}
		[$next[$key], $previous[$key]] = [$next[-1], -1];
		$previous[$next[-1]] = $key;
		$next[-1] = $key;
		while ($used > ZIPF_BUDGET) {
			$oldest = $previous[-1];
			$used -= strlen("page:$oldest") + zipf_size($oldest);
			$next[$previous[$oldest]] = -1;
			$previous[-1] = $previous[$oldest];
			unset($next[$oldest], $previous[$oldest]);
		}
	}
	return $hits / (count($requests) - $warm);
}

function zipf_best(array $requests, int $warm): float {
	$seen = array_flip(array_slice($requests, 0, $warm));
	$asked = array_count_values(array_slice($requests, $warm));
	$worth = [];
	foreach ($asked as $key => $times) {
		// The first time of all is a miss for everybody.
		$asked[$key] -= isset($seen[$key]) ? 0 : 1;
		$worth[$key] = $asked[$key] / (strlen("page:$key") + zipf_size($key));
	}
	arsort($worth);
	$used = $hits = 0;
	foreach ($worth as $key => $unused) {
		$used += strlen("page:$key") + zipf_size($key);
		if ($used > ZIPF_BUDGET) {
			break;
		}
		$hits += $asked[$key];
	}
	return $hits / (count($requests) - $warm);
}

return [
	'title' => 'Zipf: hits, where ten times as many bytes are asked for as fit',
	'functions' => ['shmx_put_var', 'shmx_get_var'],
	'configurations' => ['' => [['apcu', 'yac'], [
		'apc.enable_cli' => '1', 'apc.shm_size' => (ZIPF_BUDGET >> 20) . 'M', 'apc.entries_hint' => '16384',
		'yac.enable_cli' => '1', 'yac.keys_memory_size' => (ZIPF_YAC_KEYS >> 20) . 'M',
		'yac.values_memory_size' => ((ZIPF_BUDGET - ZIPF_YAC_KEYS) >> 20) . 'M',
	]]],
	'measure' => measure_zipf(...),
];
