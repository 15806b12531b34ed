<?php
// Every storm of tests/ at once, round after round: bytes, variables, a queue, segments that come and go, and php-fpm behind
// nginx that is reloaded. Says how each round went; at the end what all of them came to, and whether anything was wrong.
// Usage: storm.php MINUTES, with the environment that ./dev gives to test programs.

const ROUND = 60;
/** It may end late, after all its patience. Seconds. */
const LONGEST_ROUND = 15 * ROUND;
/** So many processes want a processor at once: the owner of a lock may wait for one, and those who wait for the lock with it. */
const PROCESSES = 30;
const PROGRAMS = [
	'bytes' => ['programs/storm.php'],
	'variables' => ['programs/vars_storm.php'],
	'queue' => ['programs/queue_storm.php'],
	'lives' => ['programs/life_storm.php'],
	'php-fpm' => ['fpm/load.php', '--seconds', ROUND],
];

/** A program of a round, and what it said. */
final class Storm
{
	private mixed $process;
	private mixed $output;
	private string $said = '';

	public function __construct(public readonly string $name, array $command)
	{
		[$script, $arguments] = [$command[0], array_slice($command, 1)];
		$this->output = tmpfile();
		$this->process = proc_open([...isolation(), getenv('SHMX_PHP'), ...explode(' ', getenv('SHMX_PHP_FLAGS')), __DIR__ . "/../tests/$script", ...$arguments],
			[['file', '/dev/null', 'r'], $this->output, $this->output], $pipes, null,
			['SHMX_STORM_SECONDS' => (string) ROUND, 'SHMX_STORM_SHARE' => (string) share_of_a_processor()] + getenv());
	}

	/** Looks now and then: a signal's handler runs in between, and a storm that hangs is told to end. */
	public function wait(): void
	{
		$end = microtime(true) + LONGEST_ROUND;
		$said = '';
		while (($state = proc_get_status($this->process))['running']) {
			usleep(20_000);
			if ($said === '' && microtime(true) > $end) {
				$said = "\nnot ok - it did not end by itself";
				$this->end();
			}
		}
		proc_close($this->process);
		$this->process = null;
		rewind($this->output);
		$status = $state['signaled'] ? "signal $state[termsig]" : "exit status $state[exitcode]";
		$this->said = stream_get_contents($this->output) . ($status === 'exit status 0' ? '' : "\nnot ok - $status") . $said;
	}

	public function end(): void
	{
		if ($this->process !== null) {
			proc_terminate($this->process, SIGTERM);
		}
	}

	/** calls, kills, recoveries, longest_stall, machine_stall, fpm_standstills. */
	public function figures(): array
	{
		preg_match('/^# figures (.*)$/m', $this->said, $found);
		return json_decode($found[1] ?? '', true) ?? array_fill_keys(['calls', 'kills', 'recoveries', 'longest_stall', 'machine_stall', 'fpm_standstills'], 0);
	}

	public function invariants(): int
	{
		return preg_match_all('/^ok /m', $this->said);
	}

	/** What went wrong, or nothing: a plan that was not kept is wrong too. */
	public function failure(): string
	{
		preg_match('/^1\.\.(\d+)/m', $this->said, $plan);
		$bad = preg_match('/^not ok|^Bail out/m', $this->said) || $this->invariants() !== (int) ($plan[1] ?? -1);
		// A comment each, or it would be counted as more tests than there are.
		return $bad ? preg_replace('/^/m', '# ', "--- $this->name\n$this->said") . "\n" : '';
	}
}

/** What gives a storm System V objects of its own. As root it does that itself. */
function isolation(): array
{
	static $isolation;
	if ($isolation === null) {
		exec('unshare --user --map-current-user --ipc true 2>/dev/null', $unused, $status);
		$isolation = posix_geteuid() !== 0 && $status === 0 ? ['unshare', '--user', '--map-current-user', '--ipc'] : [];
	}
	return $isolation;
}

/** How many processes share a processor: so many times what it takes alone may a call take. */
function share_of_a_processor(): int
{
	return (int) ceil(PROCESSES / max(1, (int) shell_exec('nproc')));
}

/** One line of figures: they add up, but for the longest stall. */
function line(array $figures): string
{
	return sprintf('%11s calls %7s kills %7s taken over   longest stall %5.0f ms (the machine\'s own %4.0f ms)', number_format($figures['calls']),
		number_format($figures['kills']), number_format($figures['recoveries']), $figures['longest_stall'], $figures['machine_stall']);
}

function add(array $sum, array $figures): array
{
	foreach ($figures as $name => $figure) {
		$sum[$name] = str_ends_with($name, 'stall') ? max($sum[$name] ?? 0, $figure) : ($sum[$name] ?? 0) + $figure;
	}
	return $sum;
}

function say(string $line): void
{
	echo $line, "\n";
}

$minutes = (int) $argv[1];
$running = [];
pcntl_async_signals(true);
foreach ([SIGINT, SIGTERM] as $signal) {
	pcntl_signal($signal, function () use (&$running) {
		array_map(fn ($storm) => $storm->end(), $running);
		exit(1);
	});
}
$begun = microtime(true);
$sums = array_fill_keys(array_keys(PROGRAMS), []);
$invariants = $rounds = $failed = 0;
do {
	$rounds++;
	$running = array_map(fn ($name) => new Storm($name, PROGRAMS[$name]), array_keys(PROGRAMS));
	$round = [];
	$failures = '';
	foreach ($running as $storm) {
		$storm->wait();
		$sums[$storm->name] = add($sums[$storm->name], $storm->figures());
		$round = add($round, $storm->figures());
		$invariants += $storm->invariants();
		$failures .= $storm->failure();
	}
	$running = [];
	say(sprintf('# %4.0f min %s', (microtime(true) - $begun) / 60, line($round)));
	// At once, for whoever watches; it goes on, for what else there may be to see.
	if ($failures !== '') {
		$failed++;
		say($failures);
	}
} while (microtime(true) - $begun < 60 * $minutes);

say("\n# " . sprintf('%.0f minutes, %d rounds, %s invariants held', (microtime(true) - $begun) / 60, $rounds, number_format($invariants)));
$all = [];
foreach ($sums as $name => $figures) {
	say(sprintf('# %-10s %s', $name, line($figures)));
	$all = add($all, $figures);
}
say(sprintf('# %-10s %s', 'all', line($all)));
// See tests/fpm/load.php: a lock of its own. What nobody answered in such a round is not held against shmx.
say("# php-fpm's own master stood still in $all[fpm_standstills] rounds");
say("1..1\n" . ($failed === 0 ? 'ok' : 'not ok') . ' 1 - every invariant held in every round' . ($failed === 0 ? '' : ", but in $failed of $rounds"));
