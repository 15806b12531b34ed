<?php
/* Messages, beside sysvmsg; between two processes also beside a socket pair and, where there is one, Redis. */

function measure_queue(Bench $bench): void {
	if ($bench->configuration === 'Redis') {
		measure_redis($bench);
		return;
	}
	$shmx = $bench->segment(4 << 20);
	$key = 0x62660000 | (getmypid() & 0xffff);
	$queue = msg_get_queue($key, 0600);
	$bench->finally(fn() => msg_remove_queue($queue));

	foreach (['64 bytes' => [random_bytes(64), false], 'list of 100 ints' => [range(1, 100), true]] as $name => [$value, $serialize]) {
		must(shmx_send($shmx, $value) && shmx_receive($shmx, $received) && $received === $value, "shmx passes $name");
		must(msg_send($queue, 1, $value, $serialize) && msg_receive($queue, 0, $type, 8000, $received, $serialize)
			&& $received === $value, "sysvmsg passes $name");
		$bench->compare("send, receive $name", static function (int $n) use ($shmx, $value) {
			for ($i = 0; $i < $n; $i++) {
				shmx_send($shmx, $value);
				shmx_receive($shmx, $received);
			}
		}, ['msg_send, msg_receive' => [static function (int $n) use ($queue, $value, $serialize) {
			for ($i = 0; $i < $n; $i++) {
				msg_send($queue, 1, $value, $serialize);
				msg_receive($queue, 0, $type, 8000, $received, $serialize);
			}
		}, 1 / 8]]);
	}

	$message = random_bytes(64);
	$back = $bench->segment(4 << 20);
	$queue_back = msg_get_queue($key ^ 0x10000, 0600);
	$bench->finally(fn() => msg_remove_queue($queue_back));
	$sockets = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
	$channels = [
		'shmx' => [
			fn(bool $there) => shmx_send($there ? $shmx : $back, $message, -1),
			fn(bool $there) => shmx_receive($there ? $shmx : $back, $received, -1),
		],
		'sysvmsg' => [
			fn(bool $there) => msg_send($there ? $queue : $queue_back, 1, $message, false),
			fn(bool $there) => msg_receive($there ? $queue : $queue_back, 0, $type, 100, $received, false),
		],
		'stream_socket_pair' => [
			fn(bool $there) => fwrite($sockets[$there ? 0 : 1], $message),
			fn(bool $there) => strlen(stream_get_contents($sockets[$there ? 1 : 0], 64)) === 64,
		],
	];
	compare_channels($bench, $channels);
}

/* A server of our own on a socket of our own, for as long as this takes. */
function measure_redis(Bench $bench): void {
	$server = trim((string) shell_exec('command -v redis-server'));
	if ($server === '' || !extension_loaded('redis')) {
		$bench->row(['what' => 'beside Redis', 'skipped' => 'there is no ' . ($server === '' ? 'redis-server' : 'php-redis')]);
		return;
	}
	$socket = sys_get_temp_dir() . '/shmx-bench-' . getmypid() . '.sock';
	$process = proc_open([$server, '--port', '0', '--unixsocket', $socket, '--save', '', '--appendonly', 'no'],
		[['file', '/dev/null', 'r'], ['file', '/dev/null', 'w'], ['file', '/dev/null', 'w']], $pipes, sys_get_temp_dir());
	$bench->finally(function () use ($process, $socket) {
		proc_terminate($process);
		proc_close($process);
		@unlink($socket);
	});
	for ($i = 0; $i < 100 && !file_exists($socket); $i++) {
		usleep(20000);
	}
	$shmx = $bench->segment(4 << 20);
	$back = $bench->segment(4 << 20);
	$message = random_bytes(64);
	// A connection belongs to the process that made it.
	$redis = function () use ($socket) {
		static $connections = [];
		if (!isset($connections[getmypid()])) {
			$connections[getmypid()] = new Redis();
			$connections[getmypid()]->connect($socket);
		}
		return $connections[getmypid()];
	};
	compare_channels($bench, [
		'shmx' => [
			fn(bool $there) => shmx_send($there ? $shmx : $back, $message, -1),
			fn(bool $there) => shmx_receive($there ? $shmx : $back, $received, -1),
		],
		'Redis on a unix socket' => [
			fn(bool $there) => $redis()->lPush($there ? 'there' : 'back', $message),
			fn(bool $there) => $redis()->brPop($there ? 'there' : 'back', 10)[1] === $message,
		],
	]);
}

/*
 * Between two processes, in real time: one way, messages a second; there and back, the median and the slowest of a
 * hundred. Each channel is a closure that sends and one that receives; both take whether it is there or back.
 */
function compare_channels(Bench $bench, array $channels): void {
	$rounds = $bench->short ? 2 : 9;
	$count = $bench->short ? 1000 : 5000;
	$one_way = $trips = $slowest = [];
	for ($round = 0; $round < $rounds; $round++) {
		foreach ($channels as $name => [$send, $receive]) {
			$one_way[$name][] = stream_of_messages($send, $receive, 4 * $count) / (4 * $count);
			$times = round_trips($send, $receive, $count);
			$trips[$name][] = median($times);
			$slowest[$name][] = percentile($times, 99);
		}
	}
	foreach (array_keys(array_slice($channels, 1)) as $peer) {
		$bench->compare_times('a message of many, one way', $one_way['shmx'], $peer, $one_way[$peer]);
		$bench->compare_times('there and back, median', $trips['shmx'], $peer, $trips[$peer]);
		$bench->compare_times('there and back, p99', $slowest['shmx'], $peer, $slowest[$peer]);
	}
	$bench->remark(sprintf('two processes, 64 bytes: shmx %s messages a second; load average %.2f',
		number_format(1e9 / median($one_way['shmx'])), sys_getloadavg()[0]));
}

function in_a_child(callable $work): int {
	$child = pcntl_fork();
	must($child >= 0, 'there is room for one more process');
	if ($child === 0) {
		$work();
		// Not exit: what the parent set up is the parent's to take down.
		posix_kill(getmypid(), SIGKILL);
	}
	return $child;
}

function stream_of_messages(callable $send, callable $receive, int $count): float {
	$child = in_a_child(function () use ($send, $receive, $count) {
		for ($i = 0; $i < $count; $i++) {
			$receive(true);
		}
		$send(false);
	});
	$begun = hrtime(true);
	for ($i = 0; $i < $count; $i++) {
		$send(true);
	}
	$receive(false);
	$elapsed = hrtime(true) - $begun;
	pcntl_waitpid($child, $status);
	return $elapsed;
}

function round_trips(callable $send, callable $receive, int $count): array {
	$child = in_a_child(function () use ($send, $receive, $count) {
		for ($i = 0; $i < $count; $i++) {
			$receive(true);
			$send(false);
		}
	});
	$times = [];
	for ($i = 0; $i < $count; $i++) {
		$begun = hrtime(true);
		$send(true);
		$receive(false);
		$times[] = hrtime(true) - $begun;
	}
	pcntl_waitpid($child, $status);
	return $times;
}

return [
	'title' => 'Queue: shmx_send and shmx_receive, beside sysvmsg, a socket pair and Redis',
	'functions' => ['shmx_send', 'shmx_receive', 'msg_send'],
	'configurations' => ['' => [[], []], 'Redis' => [['igbinary', 'redis'], []]],
	'measure' => measure_queue(...),
];
