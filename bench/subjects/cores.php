<?php
/*
 * What two processors give: two readers beside one, and a reader beside a writer. Every process counts its calls between
 * two moments that all agreed on. A round in which the kernel made one of them wait for a processor says nothing about
 * shmx and is thrown away; where there are hardly any others, nothing is judged.
 */

const CORES_BATCH = 200;
/* What a busy cache sees, and what nobody's does. */
const CORES_PACED_WRITES = 10000;
/* Of its time, what a process may have waited for a processor. */
const CORES_DISTURBED = 0.05;
const CORES_LEAST_ROUNDS = 3;

function measure_cores(Bench $bench): void {
	$bytes = $bench->segment(1 << 20);
	$vars = $bench->segment(16 << 20);
	$list = range(1, 100);
	shmx_write($bytes, random_bytes(1 << 20), 0);
	shmx_put_var($vars, 'text', random_bytes(64));
	shmx_put_var($vars, 'list', $list);
	$data = random_bytes(64);
	$cases = [
		'shmx_read 64 B' => [fn() => shmx_read($bytes, 0, 64), fn() => shmx_write($bytes, $data, 0)],
		'shmx_read 4 KiB' => [fn() => shmx_read($bytes, 0, 4096), fn() => shmx_write($bytes, $data, 0)],
		'shmx_get_var 64 B' => [fn() => shmx_get_var($vars, 'text'), fn() => shmx_put_var($vars, 'text', $data)],
		'shmx_get_var list of 100' => [fn() => shmx_get_var($vars, 'list'), fn() => shmx_put_var($vars, 'list', $list)],
	];
	$rounds = $bench->short ? 3 : 11;
	foreach ($cases as $name => [$read, $write]) {
		$settings = [[[$read, 0]], [[$read, 0], [$read, 0]], [[$read, 0], [$write, CORES_PACED_WRITES]], [[$read, 0], [$write, 0]]];
		$single = $pair = $paced = $flat = [];
		for ($try = 0; $try < 2 * $rounds && count($single) < $rounds; $try++) {
			$rates = undisturbed($bench, $settings);
			if ($rates) {
				$single[] = $rates[0][0];
				$pair[] = array_sum($rates[1]);
				$paced[] = $rates[2][0];
				$flat[] = $rates[3][0];
			}
		}
		if (count($single) < CORES_LEAST_ROUNDS) {
			$bench->row(['what' => $name, 'skipped' => 'something else keeps this machine busy']);
			continue;
		}
		compare_rates($bench, "2 x $name", $pair, 'one reader', $single, 1.8);
		compare_rates($bench, $name, $paced, sprintf('no writer (%s/s)', number_format(CORES_PACED_WRITES)), $single, 0.8);
		compare_rates($bench, $name, $flat, 'no writer (flat out)', $single, null);
	}
	$bench->remark(sprintf('load average %.2f', sys_getloadavg()[0]));
}

/* One round of all settings, or null. */
function undisturbed(Bench $bench, array $settings): ?array {
	$rates = [];
	foreach ($settings as $calls) {
		$rates[] = calls_a_second($bench, $calls);
		if (end($rates) === null) {
			return null;
		}
	}
	return $rates;
}

function compare_rates(Bench $bench, string $what, array $ours, string $peer, array $theirs, ?float $target): void {
	$ratios = array_map(fn($one, $other) => $one / $other, $ours, $theirs);
	$bench->row(['what' => $what, 'shmx' => rate(median($ours)), 'peer' => $peer, 'theirs' => rate(median($theirs)),
		'ratio' => median($ratios), 'low' => min($ratios), 'high' => max($ratios), 'target' => $target, 'at_least' => true]);
}

function rate(float $calls): string {
	return sprintf('%.2f M/s', $calls / 1e6);
}

/**
 * Runs each call in a process of its own, all at once.
 *
 * @param list<array{Closure, int}> $calls and how often a second, 0 for as often as it can be
 * @return ?list<float> calls a second, null if they were disturbed
 */
function calls_a_second(Bench $bench, array $calls): ?array {
	$length = $bench->short ? 5e7 : 1.5e8;
	$begin = hrtime(true) + 2e7;
	$end = $begin + $length;
	$children = [];
	foreach ($calls as [$call, $pace]) {
		[$ours, $theirs] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
		$child = pcntl_fork();
		must($child >= 0, 'there is room for one more process');
		if ($child === 0) {
			fwrite($theirs, (string) count_calls($call, $pace, $begin, $end));
			// Not exit: what the parent set up is the parent's to take down.
			posix_kill(getmypid(), SIGKILL);
		}
		fclose($theirs);
		$children[$child] = $ours;
	}
	$rates = [];
	foreach ($children as $child => $socket) {
		$rates[] = (float) stream_get_contents($socket) ?: null;
		pcntl_waitpid($child, $status);
	}
	return in_array(null, $rates, true) ? null : $rates;
}

/* Calls a second; 0 if disturbed. */
function count_calls(Closure $call, int $pace, float $begin, float $end): float {
	while (hrtime(true) < $begin) {
	}
	$delayed = queued();
	for ($count = 0; ($now = hrtime(true)) < $end; $count += $due) {
		$due = $pace ? (int) (($now - $begin) * $pace / 1e9) - $count : CORES_BATCH;
		for ($i = 0; $i < $due; $i++) {
			$call();
		}
	}
	return queued() - $delayed > CORES_DISTURBED * ($end - $begin) ? 0 : $count * 1e9 / ($now - $begin);
}

/* Nanoseconds that this process was ready to run and was not let, where the kernel tells. */
function queued(): int {
	return (int) (explode(' ', (string) @file_get_contents('/proc/self/schedstat'))[1] ?? 0);
}

return [
	'title' => 'Two processors: readers side by side, and beside a writer',
	'functions' => ['shmx_read', 'shmx_get_var', 'pcntl_fork'],
	'configurations' => ['' => [[], []]],
	'measure' => measure_cores(...),
];
