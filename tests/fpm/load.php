<?php
// php-fpm behind nginx under load, on shmx. Meanwhile workers are killed every few milliseconds, requests are made to
// run into php-fpm's own limit, php-fpm is reloaded, and command-line processes work on the same segments. Every request
// without an answer must be the one that a worker died in, and every answer must be right.
// Usage: load.php [--seconds N] [--on shmx,apcu]. Of the same load on APCu it only reports what happened.
require __DIR__ . '/../helpers.inc';
foreach (['values', 'stores', 'servers', 'account', 'beside'] as $part) {
	require __DIR__ . "/$part.inc";
}

const CONNECTIONS = 16;
/** What a page says that has found nothing wrong. */
const ALL_RIGHT = "ok\ndone\n";
/** Nobody may wait longer for a lock, in nanoseconds; not counting what the machine lets everybody wait. */
const LONGEST_WAIT = 250_000_000;

/** One load on one store, and what became of it. */
final class Load
{
	public readonly AccessLog $log;
	public readonly Deaths $deaths;
	public readonly Servers $servers;
	public readonly float $began;
	public bool $goesOn;
	/** Whether php-fpm's master had stopped to start workers, for which nobody but php-fpm is to blame. */
	public bool $masterStoodStill = false;
	/** wrk's own figures. */
	public array $wrk = [];
	private Program $traffic;
	private readonly string $folder;
	private array $processes = [];

	public function __construct(public readonly string $store, private readonly int $key, private readonly float $seconds,
		private readonly Cleanup $cleanup)
	{
		$this->folder = sys_get_temp_dir() . '/shmx-fpm-' . bin2hex(random_bytes(6));
		mkdir($this->folder);
		// Not private: the workers, who are somebody else, find their page here.
		chmod($this->folder, 0755);
		$cleanup->later(fn () => exec('rm -rf ' . escapeshellarg($this->folder)));
		$this->deaths = new Deaths();
		$this->servers = new Servers($this->folder, $store, $key, $cleanup);
	}

	public function run(): void
	{
		$this->servers->start();
		$said = $this->ask('fill');
		if ($said !== ALL_RIGHT) {
			throw new RuntimeException("the page does not answer, but says: $said\n" . $this->servers->said('fpm.log', 'fpm.out', 'nginx-error.log'));
		}
		$this->startBeside();
		$this->log = new AccessLog("$this->folder/access.log");
		$this->began = microtime(true);
		$threads = 2;
		$this->traffic = new Program(['wrk', "-t$threads", '-c' . CONNECTIONS, "-d{$this->seconds}s", '--timeout', '30s', '-s',
			__DIR__ . '/load.lua', "{$this->servers->url}?do=mix"], "$this->folder/wrk.out");
		$this->cleanup->later($this->traffic->end(...));
		$this->disturb();
		$this->finish();
	}

	/** Kills and reloads while wrk runs, and says how it goes. */
	private function disturb(): void
	{
		$end = $this->began + $this->seconds;
		$every = max(6.0, $this->seconds / 10);
		$reload = $this->began + $every / 2;
		$report = $this->began + 5;
		while ($this->traffic->isRunning() && microtime(true) < $end + 60) {
			if ($this->isReady() && microtime(true) > $reload && microtime(true) < $end - 1) {
				$this->reload();
				$reload += $every;
			}
			$this->log->read();
			$this->deaths->watchFpmLog("$this->folder/fpm.log");
			$workers = children($this->servers->fpm->pid);
			$this->deaths->watchKilled($workers);
			if (microtime(true) < $end && count($this->deaths->killed) < $this->killsAllowed()) {
				$this->kill($workers);
			}
			if (microtime(true) > $report) {
				say(sprintf('#   %s, %3.0f s: %s requests, %s without an answer, %s workers killed, %d reloads', $this->store,
					microtime(true) - $this->began, number_format($this->log->requests), number_format(count($this->log->failed)),
					number_format(count($this->deaths->killed)), count($this->deaths->reloads)));
				$report += 5;
			}
			// From 2 to 100 ms, as often of the order of 2 as of 50.
			usleep((int) (2000 * 50 ** (mt_rand() / mt_getrandmax())));
		}
	}

	/** On a busy machine no worker would live long enough to do anything: most requests are to get through. */
	private function killsAllowed(): float
	{
		return 10 + 2 * (microtime(true) - $this->began) + $this->log->requests / 4;
	}

	/** Some worker; of those that are to run into php-fpm's limit one in twenty. */
	private function kill(array $workers): void
	{
		if (!$workers) {
			return;
		}
		$pid = array_rand($workers);
		$slow = preg_match('/hold|wait/', (string) @file_get_contents("$this->folder/notes/$workers[$pid]"));
		// One that is still dying may be met again.
		$before = microtime(true);
		if ((!$slow || mt_rand(0, 19) === 0) && posix_kill($pid, SIGKILL)) {
			$this->deaths->killed[$workers[$pid]] ??= [$before, INF];
		}
	}

	private function reload(): void
	{
		$this->deaths->reloads[] = [microtime(true), INF];
		posix_kill($this->servers->fpm->pid, SIGUSR2);
	}

	/** Whether no reload is under way. Notes when the last one is over. */
	private function isReady(): bool
	{
		$last = array_key_last($this->deaths->reloads);
		if ($last !== null && $this->deaths->reloads[$last][1] === INF && $this->servers->timesReady() > $last + 1) {
			$this->deaths->reloads[$last][1] = microtime(true);
		}
		return $last === null || $this->deaths->reloads[$last][1] !== INF;
	}

	private function finish(): void
	{
		soon($this->isReady(...), 10);
		$this->goesOn = $this->answers();
		if (!$this->goesOn && $this->store === 'shmx') {
			say('#   php-fpm does not answer; its processes are: ' . $this->servers->whatFpmDoes());
			// Workers share a scoreboard with php-fpm's master, and one that is killed with its lock in hand leaves the master
			// spinning for ever, and any worker that is left: it starts no worker and hears no signal. That is php-fpm's own,
			// and told from anything else by this: the master lives, and there is no worker, or it never rests, and it does
			// nothing with shmx. The segments must be as good as ever when it is started again.
			$this->masterStoodStill = $this->servers->fpm->isRunning()
				&& (children($this->servers->fpm->pid) === [] || $this->servers->masterSpins());
			if ($this->masterStoodStill) {
				// Its log goes with it.
				$this->deaths->readFpmLog("$this->folder/fpm.log");
				$this->servers->restartFpm();
				$this->goesOn = $this->answers();
			}
		}
		$this->servers->stop();
		(new Ledger($this->key))->set(Ledger::OVER, 1);
		foreach ($this->processes as $process) {
			pcntl_waitpid($process, $status);
		}
		$this->processes = [];
		$this->log->end();
		$this->deaths->readFpmLog("$this->folder/fpm.log");
		$this->deaths->explain($this->log->failed, "$this->folder/notes", @file("$this->folder/nginx-error.log") ?: [],
			($this->found('machine')['longest'] ?? 0) / 1e9);
		$this->readWrk();
	}

	private function answers(): bool
	{
		for ($i = 0; $i < 3; $i++) {
			if ($this->ask('mix') === ALL_RIGHT) {
				return true;
			}
		}
		return false;
	}

	private function readWrk(): void
	{
		preg_match_all('/^WRK (.*) (\d+)$/m', file_get_contents("$this->folder/wrk.out"), $lines, PREG_SET_ORDER);
		foreach ($lines as [, $what, $count]) {
			$this->wrk[$what] = (int) $count;
		}
	}

	/** What wrk saw of wrong answers. */
	public function sample(): string
	{
		return implode("\n", preg_grep('/^WRK sample/', file("$this->folder/wrk.out")));
	}

	/** Nanoseconds of the longest call. A page may be killed while it waits for long; the process beside it is not. */
	public function waited(): float
	{
		return max($this->log->waited * 1000, $this->found('partner')['waited'] ?? INF);
	}

	public function ask(string $what): string
	{
		$options = stream_context_create(['http' => ['timeout' => 5, 'ignore_errors' => true]]);
		return (string) @file_get_contents("{$this->servers->url}?do=$what", false, $options);
	}

	private function startBeside(): void
	{
		$works = ['machine' => sleep_only(...)];
		if ($this->store === 'shmx') {
			$works += ['partner' => clear_and_warm(...), 'successor' => take_over(...)];
		}
		$this->cleanup->later(function () {
			foreach ($this->processes as $process) {
				posix_kill($process, SIGKILL);
				pcntl_waitpid($process, $status);
			}
		});
		foreach ($works as $name => $work) {
			$this->processes[] = beside($this->servers->user, "$this->folder/results/$name", fn ($hasParent) => $work($this->key, $hasParent));
		}
	}

	/** What a process beside has found. */
	public function found(string $name): array
	{
		return json_decode((string) @file_get_contents("$this->folder/results/$name"), true) ?? ['wrong' => ["$name has died"]];
	}

	public function report(): void
	{
		$log = $this->log;
		$deaths = $this->deaths;
		$n = number_format(...);
		say("# $this->store, $this->seconds seconds with " . CONNECTIONS . ' connections:');
		say(sprintf('#   requests             %s, %s/s; of the answers half came within %.1f ms, 99 %% within %.0f ms, all within %.1f s',
			$n($log->requests), $n($log->requests / $this->seconds), ($this->wrk['median'] ?? 0) / 1e3, ($this->wrk['p99'] ?? 0) / 1e3,
			($this->wrk['slowest'] ?? 0) / 1e6));
		say(sprintf('#   workers              %s killed (%s of them with a request), %s told by php-fpm to end (%s of them did not), %d reloads', $n(count($deaths->killed)),
			$n(($deaths->causes['killed in the page'] ?? 0) + ($deaths->causes['killed before the page'] ?? 0)), $n(count($deaths->terminated)),
			$n(count($deaths->deaf())), count($deaths->reloads)));
		say('#   answers              ' . figures($log->good, 'good ') . ($log->bad ? '; ' . figures($log->bad) : ''));
		say('#   without an answer    ' . $n(count($log->failed)) . ($deaths->causes ? ': ' . figures($deaths->causes) : ''));
		say(sprintf('#   a killed worker      was gone after at most %.0f ms; %d requests were taken by one meanwhile', 1e3 * $deaths->slowestToDie(), $deaths->takenDying));
		say("#   terminated, though nothing in the request takes long: {$n($deaths->heldUp)}");
		say(sprintf('#   longest call         %.1f ms by the clock, %.1f ms without the time for which it had no processor (a process that only sleeps: %.1f ms)',
			$log->longest / 1e3, $this->store === 'shmx' ? $this->waited() / 1e6 : $log->waited / 1e3, ($this->found('machine')['longest'] ?? 0) / 1e6));
		$this->reportSilences();
	}

	private function reportSilences(): void
	{
		$lengths = array_map(fn ($silence) => $silence[1] - $silence[0], $this->log->silences);
		say(sprintf('#   longer than 1 s without any answer of a page: %d times, %.1f s in all%s', count($lengths), array_sum($lengths),
			$lengths ? sprintf(', at most %.1f s', max($lengths)) : ''));
		foreach ($this->log->silences as [$begin, $end]) {
			say(sprintf('#     from %.1f s to %.1f s: %s', $begin - $this->began, $end - $this->began, $this->ending($begin, $end)));
		}
	}

	/** What ended a time in which no page answered: a reload if there was one shortly before. */
	private function ending(float $begin, float $end): string
	{
		foreach ($this->deaths->reloads as [$reload, $ready]) {
			if ($ready <= $end && $ready > $end - 1) {
				return $reload - $begin < 0.5 ? 'while php-fpm was reloaded' : 'until php-fpm was reloaded';
			}
		}
		return $end - $this->began > $this->seconds ? 'until the end' : 'ended without a reload';
	}
}

function say(string $line): void
{
	echo $line, "\n";
}

function figures(array $counts, string $before = ''): string
{
	arsort($counts);
	return implode(', ', array_map(fn ($what, $count) => number_format($count) . " $before$what", array_keys($counts), $counts));
}

function check_requests(Load $load, float $seconds): void
{
	$log = $load->log;
	$deaths = $load->deaths;
	ok($load->masterStoodStill || (array_sum($log->good) > max(3 * $seconds / share(), count($log->failed))
		&& count($deaths->killed) > $seconds / share() && count($deaths->terminated) > 0 && count($deaths->reloads) > 1),
		'there was a load, most of it was answered, and workers were killed, terminated and reloaded meanwhile');
	$wrong = array_diff_key($log->bad, array_flip(preg_grep('/^status/', array_keys($log->bad))));
	ok($wrong === [], 'every answer says that all it read was right, and no permanent variable missing', figures($wrong) . "\n" . $load->sample());
	ok($load->masterStoodStill || $deaths->unexplained === [],
		'every request without an answer was one that a worker died in', figures($deaths->causes) . "\n" . implode("\n", $deaths->unexplained));
	ok($deaths->heldUp === 0, 'php-fpm had to end no request but those that were made for it');
	ok($deaths->oddities() === '', 'no worker ended in another way, and none did not when it was told to',
		$deaths->oddities());
	$seen = $load->wrk['page ok'] ?? 0;
	ok(abs(array_sum($log->good) - $seen) <= CONNECTIONS + 3, 'wrk has got as many good answers as nginx logged', figures($load->wrk) . '; nginx: ' . array_sum($log->good) . "\n" . $load->sample());
}

function check_account(Load $load, int $key): void
{
	$store = new OnShmx($key);
	$log = $load->log;
	// Of a page without a body the header has said what it did.
	$failed = count($log->failed) - ($log->bad['status 200 without a body'] ?? 0);
	$extra = shmx_get_var($store->vars, 'counter') - $log->counted;
	say('# increments of requests without an answer: ' . $extra);
	ok($extra >= 0 && $extra <= $failed, 'the counter has every increment that was answered for, and none that nobody made', "$extra, $failed requests failed");

	$partner = $load->found('partner');
	ok($partner['wrong'] === [] && $partner['clears'] > 0, 'a command-line process cleared and warmed the cache, sent and received', implode("\n", $partner['wrong']));
	$took = [...$log->took, ...$partner['took'] ?? []];
	while (shmx_receive($store->jobs, $message, 0)) {
		$took[] = $message['id'];
	}
	$lost = count(array_diff_key(array_flip([...$log->sent, ...$partner['sent'] ?? []]), array_flip($took)));
	say(sprintf('# %s messages were received, %d went with their receivers; the cache was cleared %d times', number_format(count($took)), $lost, $partner['clears'] ?? 0));
	ok(count($took) === count(array_unique($took)), 'no message was received twice');
	ok($lost <= count($log->failed), 'no message is lost but those that a worker died with', "$lost");
}

function check_waits(Load $load): void
{
	$machine = $load->found('machine')['longest'] ?? 0;
	ok($load->waited() < LONGEST_WAIT * share() + $machine, 'no call waited long', $load->waited() / 1e6 . ' ms');
	$successor = $load->found('successor') + ['deaths' => 0, 'longest' => INF];
	say(sprintf('# %d workers died with a lock that another process was waiting for, who had it at most %.1f ms after their last sign of life',
		$successor['deaths'], $successor['longest'] / 1e6));
	ok(($load->masterStoodStill || $successor['deaths'] > 0) && $successor['longest'] < LONGEST_WAIT * share() + $machine, 'the lock of a dead worker was had soon', json_encode($successor));
}

function check_segments(Load $load, int $key): void
{
	$store = new OnShmx($key);
	$ledger = new Ledger($key);
	$names = [VARS => 'variables', CACHE => 'cache', BYTES => 'bytes', JOBS => 'queue', EMPTY_QUEUE => 'empty queue', HELD => 'held'];
	$recoveries = array_map(fn ($which) => shmx_info(open_segment($key, $which))['recoveries'], array_flip($names));
	say('# locks taken over from the dead: ' . array_sum($recoveries) . '; ' . figures($recoveries, 'in '));
	report_figures($load->log->requests, count($load->deaths->killed), array_sum($recoveries), $load->waited() / 1e6,
		($load->found('machine')['longest'] ?? 0) / 1e6, (int) $load->masterStoodStill);
	ok($load->masterStoodStill || array_sum($recoveries) > 0, 'workers died in their calls');
	$wrong = [];
	for ($i = 0; $i < PERMANENTS; $i++) {
		if ((generation("permanent $i", $store->get("permanent $i")) ?? -1) < $ledger->get(Ledger::GENERATIONS + $i)) {
			$wrong[] = "permanent $i";
		}
	}
	ok($wrong === [], 'afterwards each permanent variable is there, with its last value', implode(', ', $wrong));
	$queue = open_segment($key, EMPTY_QUEUE);
	ok(shmx_send($queue, 'at last') && shmx_receive($queue, $message, 1) && $message === 'at last', 'a queue goes on whose receivers have died waiting');
	ok($load->goesOn, 'and php-fpm answers, on the same segments');
}

function delete_segments(int $key): void
{
	foreach (SIZES as $which => $size) {
		shmx_delete(open_segment($key, $which));
	}
}

function end_with(string $message): never
{
	echo "Bail out! $message\n";
	exit(1);
}

$options = getopt('', ['seconds:', 'on:'], $rest) + ['seconds' => '12', 'on' => 'shmx'];
$seconds = (float) $options['seconds'];
$stores = explode(',', $options['on']);
if ($seconds < 10 || $rest !== $argc || array_diff($stores, ['shmx', 'apcu'])) {
	end_with('usage: load.php [--seconds N] [--on shmx,apcu], N at least 10');
}
ini_set('memory_limit', '1G');
enter_own_namespace();
$cleanup = new Cleanup();
$key = test_key(__FILE__);
$cleanup->later(fn () => remove_test_keys(__FILE__));
remove_test_keys(__FILE__);
echo '1..', array_sum(array_map(fn ($store) => ['shmx' => 16, 'apcu' => 1][$store], $stores)), "\n";

foreach ($stores as $store) {
	new Ledger($key, true);
	try {
		$load = new Load($store, $key, $seconds, $cleanup);
		$load->run();
	} catch (RuntimeException $e) {
		end_with($e->getMessage());
	}
	$load->report();
	if ($store === 'shmx') {
		check_requests($load, $seconds);
		check_account($load, $key);
		check_waits($load);
		check_segments($load, $key);
		delete_segments($key);
	} else {
		say('#   when nobody killed any more, it ' . ($load->goesOn ? 'answered' : 'still did not answer'));
		ok($load->log->requests > 0, 'the same load ran on APCu');
	}
	shmop_delete(shmop_open($key + LEDGER, 'w', 0, 0));
}
