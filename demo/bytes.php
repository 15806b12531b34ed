<?php
// Bytes: a page that is read while it is written, a counter that several processes raise, and two deaths by kill -9.

require __DIR__ . '/page.php';

function bytes(Stage $stage, Fpm $fpm): void
{
	$key = ftok($stage->folder, 'b');
	$php = [getenv('SHMX_PHP'), ...explode(' ', getenv('SHMX_PHP_FLAGS'))];

	$stage->step("php-fpm starts with $fpm->workers workers");
	$fpm->start();
	$stage->show("it listens on {$fpm->socket}, and its workers run as {$fpm->user()}");

	$stage->step('A CLI process creates the segment and writes into it');
	$shmx = shmx_open($key, 'n', 0666, SEGMENT_SIZE);
	$stage->need($shmx !== false, 'create a segment');
	$stage->later(fn () => remove_leftover($key));
	shmx_write($shmx, page(1), PAGE_AT);
	$info = shmx_info($shmx);
	$stage->show(sprintf('key 0x%08x, segment %d, semaphore set %d, %s bytes for use, permissions 0%o', $key, $info['shmid'],
		$info['semid'], number_format($info['size']), $info['permissions']));
	$stage->check(in_ipcs($info) === 2, 'ipcs shows the segment and its semaphores');

	$stage->step('The workers read it over FastCGI');
	$answers = $fpm->ask_all('read', ['key' => $key])();
	$stage->show('answers from ' . pids($answers) . ", running as {$answers[0]['user']}");
	$stage->check(array_column($answers, 'versions') === array_fill(0, $fpm->workers, [1]), 'each found version 1, whole');

	$stage->step('Workers and forked children raise one counter at the same time');
	$children = 3;
	$times = 5000;
	$waiting = $fpm->ask_all('count', ['key' => $key, 'times' => $times]);
	$pids = [];
	for ($i = 0; $i < $children; $i++) {
		// Each uses the handle that it inherited.
		$pids[] = $stage->fork(fn () => count_up($shmx, $times));
	}
	$answers = $waiting();
	array_map($stage->wait(...), $pids);
	$stage->show("$fpm->workers requests and $children children, $times times each: lock, read, add one, write, unlock");
	$expected = ($fpm->workers + $children) * $times;
	$stage->check(counted($shmx) === $expected, 'the counter says ' . number_format(counted($shmx)) . ', not one is lost');

	$stage->step('One process rewrites the page without a pause while the workers read it');
	$times = 20_000;
	$writer = $stage->fork(function () use ($shmx): void {
		for ($version = 2; ; $version++) {
			shmx_write($shmx, page($version), PAGE_AT);
		}
	});
	$answers = $fpm->ask_all('read', ['key' => $key, 'times' => $times])();
	$stage->kill($writer);
	$versions = count(array_unique(array_merge(...array_column($answers, 'versions'))));
	$stage->show(number_format($fpm->workers * $times) . ' reads without a lock saw ' . number_format($versions) . ' versions');
	$stage->check($versions > 1 && array_sum(array_column($answers, 'mixed')) === 0, 'and never bytes of two of them');

	kill_in_write($stage, $fpm, $shmx, $key);
	kill_with_lock($stage, $fpm, $shmx, $key);

	$stage->step('php-fpm stops, and a process that has nothing to do with the others looks');
	$before = counted($shmx);
	$version = page_version(shmx_read($shmx, PAGE_AT, PAGE_SIZE));
	$fpm->stop();
	shmx_close($shmx);
	exec(implode(' ', array_map(escapeshellarg(...), [...$php, '-r', 'require $argv[1]; $shmx = shmx_open((int) $argv[2], "a", 0, 0);
		echo counted($shmx), " ", page_version(shmx_read($shmx, PAGE_AT, PAGE_SIZE)), " ", shmx_info($shmx)["attached"];',
		__DIR__ . '/page.php', $key])), $lines);
	[$count, $seen, $attached] = explode(' ', $lines[0] ?? '') + ['', '', ''];
	$stage->show("the counter says " . number_format((int) $count) . ", the page is version $seen, nobody else is attached");
	$stage->check([(int) $count, (int) $seen, (int) $attached] === [$before, $version, 1], 'the data outlived everybody who wrote it');

	$stage->step('The segment is removed');
	$shmx = shmx_open($key, 'w', 0, 0);
	$stage->check(shmx_delete($shmx), 'shmx_delete');
	shmx_close($shmx);
	$stage->check(in_ipcs($info) === 0, 'ipcs shows neither the segment nor its semaphores');
}

function kill_in_write(Stage $stage, Fpm $fpm, Shmx $shmx, int $key): void
{
	$stage->step('A process is killed with kill -9 in the middle of a write of 16 MiB');
	$torn_before = shmx_info($shmx)['torn_writes'];
	$counted = counted($shmx);
	$times = 2000;
	$data = str_repeat('x', LARGE_SIZE);
	// Where in its loop the process is when the signal comes is chance, so it may need another.
	for ($killed = 1; $killed <= 50; $killed++) {
		$writer = $stage->fork(function () use ($shmx, $data): void {
			while (true) {
				shmx_write($shmx, $data, LARGE_AT);
			}
		});
		usleep(random_int(20_000, 60_000));
		$waiting = $fpm->ask_all('count', ['key' => $key, 'times' => $times]);
		$stage->kill($writer);
		$answers = $waiting();
		$counted += $fpm->workers * $times;
		if (shmx_info($shmx)['torn_writes'] > $torn_before) {
			break;
		}
	}
	$info = shmx_info($shmx);
	$stage->need($info['torn_writes'] > $torn_before, 'kill a process in the middle of a write');
	$stage->show('process ' . $writer . ($killed > 1 ? " (the $killed. that was killed; the others were between two writes)" : '')
		. " died in its write; {$fpm->workers} workers were counting on");
	$stage->show(sprintf('locks taken over from dead processes so far: %d; the longest that any addition took: %.1f ms',
		$info['recoveries'], max(array_column($answers, 'worst_ms'))));
	$stage->check(counted($shmx) === $counted, 'the workers went on: the counter says ' . number_format($counted));

	$warning = warning_of(fn () => shmx_read($shmx, LARGE_AT, LARGE_SIZE));
	$stage->show("reading the area warns: $warning");
	$stage->check(str_contains($warning, 'half-written'), 'nobody takes the half-written bytes for whole');
	$stage->check(warning_of(fn () => shmx_read($shmx, PAGE_AT, LARGE_AT)) === '', 'the bytes beside them are read without a warning');
	shmx_write($shmx, $data, LARGE_AT);
	$stage->check(warning_of(fn () => shmx_read($shmx, LARGE_AT, LARGE_SIZE)) === '', 'written anew, the area is whole again');
}

function kill_with_lock(Stage $stage, Fpm $fpm, Shmx $shmx, int $key): void
{
	$stage->step('A process is killed with kill -9 while it holds the lock, and the workers wait for it');
	[$here, $there] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
	$recoveries = shmx_info($shmx)['recoveries'];
	$counted = counted($shmx);
	$owner = $stage->fork(function () use ($shmx, $there): void {
		shmx_lock($shmx);
		fwrite($there, 'locked');
		sleep(60);
	});
	fread($here, 6);
	$waiting = $fpm->ask_all('count', ['key' => $key, 'times' => 1]);
	// Long enough that all workers stand in line.
	usleep(200_000);
	$killed_at = hrtime(true);
	$stage->kill($owner);
	while (counted($shmx) === $counted && hrtime(true) - $killed_at < 5e9) {
		usleep(200);
	}
	$went_on = (hrtime(true) - $killed_at) / 1e6;
	$waiting();
	$stage->show(sprintf('process %d died with the lock; the first worker went on %.1f ms later', $owner, $went_on));
	$stage->check(counted($shmx) === $counted + $fpm->workers && shmx_info($shmx)['recoveries'] > $recoveries,
		'all of them got the lock, the first took it over from the dead');
}

/** The text of the warning that the call raises, or nothing. */
function warning_of(callable $call): string
{
	$warning = '';
	set_error_handler(function (int $level, string $message) use (&$warning): bool {
		$warning = $message;
		return true;
	});
	$call();
	restore_error_handler();
	return $warning;
}

/** How many the system still knows of these two: the segment and the semaphores that shmx_info() told of. */
function in_ipcs(array $info): int
{
	return preg_match("~^\S+ +$info[shmid] ~m", (string) shell_exec('ipcs -m'))
		+ preg_match("~^\S+ +$info[semid] ~m", (string) shell_exec('ipcs -s'));
}

function pids(array $answers): string
{
	$pids = array_unique(array_column($answers, 'pid'));
	return (count($pids) > 1 ? 'processes ' : 'process ') . implode(', ', $pids);
}

/** After a failure: the segment, if the demo did not come to remove it. */
function remove_leftover(int $key): void
{
	$shmx = @shmx_open($key, 'w', 0, 0);
	if ($shmx) {
		shmx_delete($shmx);
	}
}
