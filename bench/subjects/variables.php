<?php
/*
 * Named variables, beside APCu with both its serializers, Yac and sysvshm. APCu's serializer cannot be changed while PHP
 * runs, so there are two workers, and shmx is measured beside the peers in each. A put replaces the same key each time.
 * Every target is one against the fastest peer: a row for each peer, and each has to be met.
 */

const VARIABLES_SEGMENT = 64 << 20;
// Small enough for a processor's own cache: what memory costs beyond it differs by a factor of 3 between machines, and that
// is no regression.
const VARIABLES_SHORT_SEGMENT = 256 << 10;

function variables_shapes(bool $short): array {
	$count = $short ? 100 : 10000;
	$map = $rows = [];
	for ($i = 0; $i < 1000; $i++) {
		$map["key_$i"] = "value number $i";
	}
	for ($i = 0; $i < $count; $i++) {
		$rows[] = ['id' => $i, 'name' => "name $i", 'price' => $i * 1.1, 'tags' => ['red', 'green', "t$i"]];
	}
	// name => value, targets of get and put
	return [
		'int' => [42, 0.9, 0.9],
		'string of 64 B' => [random_bytes(64), 0.9, 0.9],
		'string of 4 KiB' => [random_bytes(4096), 0.9, 0.9],
		'list of 100 ints' => [range(1, 100), 0.7, 0.7],
		'map of 1,000 strings' => [$map, 0.7, 0.4],
		number_format($count) . ' nested rows' => [$rows, 0.7, 0.4],
	];
}

function measure_variables(Bench $bench): void {
	$size = $bench->short ? VARIABLES_SHORT_SEGMENT : VARIABLES_SEGMENT;
	$shmx = $bench->segment($size);
	// Once around the ring, so that no first use of a page is in a figure.
	$filling = str_repeat('x', $size >> 4);
	for ($i = 0; $i < 2 << 4; $i++) {
		shmx_put_var($shmx, 'key', $filling);
	}
	$peers = variables_peers($bench);
	foreach (variables_shapes($bench->short) as $name => [$value, $get_target, $put_target]) {
		must(shmx_put_var($shmx, 'key', $value) && shmx_get_var($shmx, 'key') === $value, "shmx keeps the $name");
		$gets = $puts = [];
		foreach ($peers as $peer => $make) {
			[$put, $get, $read] = $make($value);
			// What APCu and Yac cannot keep they drop without a word.
			$put(1);
			if ($read() !== $value) {
				$bench->row(['what' => "get, put $name", 'shmx' => '', 'peer' => $peer, 'theirs' => 'n/a']);
				continue;
			}
			$gets[$peer] = [$get, $get_target];
			$puts[$peer] = [$put, $put_target];
		}
		$bench->compare("get $name", static function (int $n) use ($shmx) {
			for ($i = 0; $i < $n; $i++) {
				shmx_get_var($shmx, 'key');
			}
		}, $gets);
		$bench->compare("put $name", static function (int $n) use ($shmx, $value) {
			for ($i = 0; $i < $n; $i++) {
				shmx_put_var($shmx, 'key', $value);
			}
		}, $puts);
		must(shmx_get_var($shmx, 'key') === $value, "shmx still has the $name");
	}
	if (extension_loaded('apcu')) {
		measure_increments($bench, $shmx);
	}
}

/* Of each peer a function that makes, for a value: put and get as measured, and a get that returns what it got. */
function variables_peers(Bench $bench): array {
	$peers = [];
	if (extension_loaded('apcu')) {
		$peers['APCu, serializer ' . ini_get('apc.serializer')] = fn($value) => [
			static function (int $n) use ($value) {
				for ($i = 0; $i < $n; $i++) {
					apcu_store('key', $value);
				}
			},
			static function (int $n) {
				for ($i = 0; $i < $n; $i++) {
					apcu_fetch('key');
				}
			},
			fn() => apcu_fetch('key'),
		];
	}
	if (extension_loaded('yac')) {
		$yac = new Yac();
		$peers['Yac'] = fn($value) => [
			static function (int $n) use ($yac, $value) {
				for ($i = 0; $i < $n; $i++) {
					$yac->set('key', $value);
				}
			},
			static function (int $n) use ($yac) {
				for ($i = 0; $i < $n; $i++) {
					$yac->get('key');
				}
			},
			fn() => $yac->get('key'),
		];
	}
	if ($bench->configuration !== 'APCu php') {
		$sysv = shm_attach(0, VARIABLES_SEGMENT, 0600);
		$bench->finally(fn() => shm_remove($sysv));
		$peers['sysvshm'] = fn($value) => [
			static function (int $n) use ($sysv, $value) {
				for ($i = 0; $i < $n; $i++) {
					shm_put_var($sysv, 1, $value);
				}
			},
			static function (int $n) use ($sysv) {
				for ($i = 0; $i < $n; $i++) {
					shm_get_var($sysv, 1);
				}
			},
			fn() => shm_get_var($sysv, 1),
		];
	}
	return $peers;
}

function measure_increments(Bench $bench, Shmx $shmx): void {
	shmx_put_var($shmx, 'counter', 0);
	apcu_store('counter', 0);
	$bench->compare('increment', static function (int $n) use ($shmx) {
		for ($i = 0; $i < $n; $i++) {
			shmx_inc_var($shmx, 'counter');
		}
	}, ['apcu_inc' => [static function (int $n) {
		for ($i = 0; $i < $n; $i++) {
			apcu_inc('counter');
		}
	}, 1.2]]);
	must(shmx_get_var($shmx, 'counter') > 0 && apcu_fetch('counter') > 0, 'both have counted');
}

const VARIABLES_APCU = ['apc.enable_cli' => '1', 'apc.shm_size' => '512M'];
const VARIABLES_YAC = ['yac.enable_cli' => '1', 'yac.keys_memory_size' => '32M', 'yac.values_memory_size' => '512M'];

return [
	'title' => 'Variables: shmx_put_var and shmx_get_var, beside APCu, Yac and sysvshm',
	'functions' => ['shmx_put_var', 'shmx_get_var', 'shmx_inc_var', 'shm_put_var'],
	'configurations' => [
		'APCu default' => [['apcu', 'yac'], VARIABLES_APCU + VARIABLES_YAC + ['apc.serializer' => 'default']],
		'APCu php' => [['apcu'], VARIABLES_APCU + ['apc.serializer' => 'php']],
	],
	'measure' => measure_variables(...),
];
