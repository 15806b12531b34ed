<?php
// A queue: a parent hands jobs to forked workers and collects what they make of them, and one worker is killed over a job.

const QUEUE_JOBS = 300;
const QUEUE_WORKERS = 4;

function queue(Stage $stage, Fpm $fpm): void
{
	$stage->step('A parent makes two queues, for jobs and for results, and forks ' . QUEUE_WORKERS . ' workers');
	$jobs = shmx_open(0, 'n', 0600, 16384);
	$results = shmx_open(0, 'n', 0600, 16384);
	$stage->need($jobs && $results, 'create two segments');
	$stage->later(fn () => array_map(shmx_delete(...), [$jobs, $results]));
	$workers = [];
	for ($i = 0; $i < QUEUE_WORKERS; $i++) {
		$workers[] = $stage->fork(fn () => work_off($jobs, $results));
	}
	$deadline = hrtime(true) + 5e9;
	while ((shmx_info($jobs)['receivers_waiting'] ?? 0) < QUEUE_WORKERS && hrtime(true) < $deadline) {
		usleep(1000);
	}
	$before = array_sum(array_map(ticks(...), $workers));
	usleep(200_000);
	$stage->check(array_sum(array_map(ticks(...), $workers)) === $before, 'they wait for work, and use no processor time');

	$stage->step('It sends ' . QUEUE_JOBS . ' jobs, and a worker is killed with kill -9 while it works on one');
	$worked = $twice = [];
	$got = [];
	$killed = $workers[0];
	$wrong = 0;
	$lost = 0;
	$sent = 0;
	while (count($got) < QUEUE_JOBS && hrtime(true) < $deadline + 20e9) {
		// What has room is handed out; what has come back is collected.
		while ($sent < QUEUE_JOBS && shmx_send($jobs, job($sent))) {
			$sent++;
		}
		if (shmx_receive($results, $result, 0.3)) {
			isset($got[$result['number']]) && $twice[] = $result['number'];
			$got[$result['number']] = true;
			$wrong += (int) ($result['sum'] !== crc32(job($result['number'])['text']));
			$worked[$result['worker']] = ($worked[$result['worker']] ?? 0) + 1;
		} elseif ($sent === QUEUE_JOBS && shmx_pending($jobs) === 0) {
			// Nobody works any more, so what is missing died with its worker: once more.
			$missing = array_diff(range(0, QUEUE_JOBS - 1), array_keys($got));
			$lost += count($missing);
			foreach ($missing as $number) {
				shmx_send($jobs, job($number), 1);
			}
		}
		if (in_array($killed, $workers, true) && count($got) >= QUEUE_JOBS / 3) {
			$stage->kill($killed);
			array_shift($workers);
			$killed_after = count($got);
		}
	}
	$stage->show("process $killed died after " . ($killed_after ?? 0) . ' results; results by worker: ' . implode(', ', $worked));
	$stage->check(!in_array($killed, $workers, true) && count($got) === QUEUE_JOBS && $wrong === 0,
		'there is a right result for each of the ' . QUEUE_JOBS . ' jobs');
	$stage->check($twice === [], 'none was done twice');
	$stage->check($lost <= 1, "the dead worker took $lost job with it, which was sent again");

	$stage->step('Each worker is told to end');
	foreach ($workers as $worker) {
		shmx_send($jobs, null, 1);
	}
	$ends = array_map($stage->wait(...), $workers);
	$stage->check($ends === array_fill(0, QUEUE_WORKERS - 1, 0), 'all have ended of themselves');
	$stage->check(shmx_pending($jobs) + shmx_pending($results) === 0, 'and nothing is left in the queues');
}

function job(int $number): array
{
	return ['number' => $number, 'text' => str_repeat("job $number, ", 5 + $number % 50)];
}

/** Until it receives null: takes a job, works on it for a millisecond or two, sends what came out. */
function work_off(Shmx $jobs, Shmx $results): void
{
	while (shmx_receive($jobs, $job) && $job !== null) {
		usleep(1500);
		shmx_send($results, ['number' => $job['number'], 'sum' => crc32($job['text']), 'worker' => getmypid()], -1);
	}
}

/** Clock ticks of processor time that a process has used. */
function ticks(int $pid): int
{
	$fields = explode(' ', substr(strrchr(file_get_contents("/proc/$pid/stat"), ')'), 2));
	return $fields[11] + $fields[12];
}
