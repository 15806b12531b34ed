<?php
/*
 * The codec by itself, in ns for one encode and one decode (with freeing what it made), beside
 * serialize() and unserialize(), and beside a whole put and get of APCu, with both its
 * serializers, and Yac. Run it as
 *
 *   tests/codec/run.sh >/dev/null      (builds the test extension)
 *   php bench/codec.php
 *
 * It starts itself again with the extensions that it needs and that are there. Where packages of
 * APCu and Yac exclude each other, SHMX_APCU or SHMX_YAC may name the file of one.
 */

const EXTENSION = __DIR__ . '/../.build/codec/codec_test.so';

function shapes(): array {
	$map = [];
	for ($i = 0; $i < 1000; $i++) {
		$map["key_$i"] = "value number $i";
	}
	$rows = [];
	for ($i = 0; $i < 10000; $i++) {
		$rows[] = ['id' => $i, 'name' => "name $i", 'price' => $i * 1.1, 'tags' => ['red', 'green', "t$i"]];
	}
	return [
		'int' => [42, 200000],
		'string of 64' => [str_repeat('x', 64), 200000],
		'string of 4 KiB' => [str_repeat('x', 4096), 100000],
		'list of 100 ints' => [range(1, 100), 50000],
		'map of 1,000 strings' => [$map, 500],
		'10,000 nested rows' => [$rows, 10],
		'10,000 rows out of JSON' => [json_decode(json_encode($rows), true), 10],
		'tree of 1,023 nodes' => [tree(9), 300],
	];
}

function tree(int $depth): array {
	return ['name' => "node $depth", 'children' => $depth ? [tree($depth - 1), tree($depth - 1)] : []];
}

function best(callable $call, int $rounds): float {
	$best = INF;
	for ($try = 0; $try < 5; $try++) {
		$start = hrtime(true);
		for ($i = 0; $i < $rounds; $i++) {
			$call();
		}
		$best = min($best, (hrtime(true) - $start) / $rounds);
	}
	return $best;
}

/* What calling a closure costs is not what is compared. */
function net(callable $call, int $rounds): float {
	static $empty;
	$empty ??= best(fn() => null, 200000);
	return max(0, best($call, $rounds) - $empty);
}

function measure(string $peer): array {
	$figures = [];
	foreach (shapes() as $name => [$value, $rounds]) {
		if ($peer === 'codec') {
			$best = [INF, INF, 0];
			for ($try = 0; $try < 5; $try++) {
				$time = shmx_codec_test_time($value, $rounds);
				$best = [min($best[0], $time[0]), min($best[1], $time[1]), $time[2]];
			}
			$figures[$name] = $best;
		} elseif ($peer === 'serialize') {
			$bytes = serialize($value);
			$figures[$name] = [net(fn() => serialize($value), $rounds), net(fn() => unserialize($bytes), $rounds), strlen($bytes)];
		} elseif ($peer === 'yac') {
			$yac = new Yac('codec');
			$put = net(fn() => $yac->set('key', $value), $rounds);
			$figures[$name] = $yac->get('key') === $value ? [$put, net(fn() => $yac->get('key'), $rounds), 0] : [NAN, NAN, 0];
		} else {
			$put = net(fn() => apcu_store('key', $value), $rounds);
			$figures[$name] = apcu_fetch('key') === $value ? [$put, net(fn() => apcu_fetch('key'), $rounds), 0] : [NAN, NAN, 0];
		}
	}
	return $figures;
}

if (isset($argv[1])) {
	echo json_encode(measure($argv[1]), JSON_PARTIAL_OUTPUT_ON_ERROR);
	exit;
}

$apcu = ['-d', 'extension=' . (getenv('SHMX_APCU') ?: 'apcu'), '-d', 'apc.enable_cli=1', '-d', 'apc.shm_size=256M'];
$yac = ['-d', 'extension=' . (getenv('SHMX_YAC') ?: 'yac'), '-d', 'yac.enable_cli=1', '-d', 'yac.values_memory_size=256M'];
$peers = [
	'codec' => ['-d', 'extension=' . EXTENSION],
	'serialize' => [],
	'apcu default' => [...$apcu, '-d', 'apc.serializer=default'],
	'apcu php' => [...$apcu, '-d', 'apc.serializer=php'],
	'yac' => [...$yac, '-d', 'yac.serializer=php'],
];
foreach ($peers as $peer => $options) {
	$command = array_merge([PHP_BINARY, '-n', '-d', 'memory_limit=1G'], $options, [__FILE__, $peer]);
	$pipe = proc_open($command, [1 => ['pipe', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
	$figures = json_decode((string) stream_get_contents($pipes[1]), true);
	proc_close($pipe);
	if ($figures) {
		$all[$peer] = $figures;
	} else {
		echo "$peer: not here\n";
	}
}
foreach (['encode or put', 'decode or get'] as $side => $title) {
	printf("\n%-26s", "$title, ns");
	foreach ($all as $peer => $_) {
		printf('%14s', $peer);
	}
	echo "\n";
	foreach (array_keys(shapes()) as $name) {
		printf('%-26s', $name);
		foreach ($all as $figures) {
			$figure = $figures[$name][$side];
			echo str_pad($figure ? number_format($figure) : '-', 14, ' ', STR_PAD_LEFT);
		}
		echo "\n";
	}
}
printf("\n%-26s%14s%14s\n", 'bytes', 'codec', 'serialize');
foreach (array_keys(shapes()) as $name) {
	printf("%-26s%14s%14s\n", $name, number_format($all['codec'][$name][2]), number_format($all['serialize'][$name][2]));
}
