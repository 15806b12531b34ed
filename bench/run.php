<?php
/*
 * shmx beside what it replaces: a table a subject, each row with its target. Run it as ./dev bench, or as
 *
 *   php -d extension=shmop ... -d extension=shmx.so bench/run.php [options] [subject...]
 *
 * This file reads the arguments, starts a worker for each set of extensions and settings that a subject asks for, and
 * prints what the workers measured. The measuring is in bench.php, the subjects are in subjects/, one file each.
 */
require __DIR__ . '/bench.php';
require __DIR__ . '/peers.php';

const USAGE = <<<'TEXT'
	usage: ./dev bench [options] [subject...]

	  --rounds N       rounds of each comparison, 41 unless told
	  --short          a few seconds in all: fewer rounds, smaller sizes, and targets that only a regression misses
	  --tap            prints TAP
	  --markdown FILE  writes the tables there too
	  --no-check       exits with 0 whatever was measured

	subjects:

	TEXT;

function subjects(): array {
	$subjects = [];
	foreach (['bytes', 'variables', 'scale', 'zipf', 'cores', 'queue'] as $name) {
		$subjects[$name] = require __DIR__ . "/subjects/$name.php";
	}
	return $subjects;
}

function usage(array $subjects): string {
	$text = USAGE;
	foreach ($subjects as $name => $subject) {
		$text .= sprintf("  %-10s %s\n", $name, $subject['title']);
	}
	return $text;
}

function parse_arguments(array $arguments, array $subjects): array {
	$options = ['rounds' => null, 'short' => false, 'tap' => false, 'markdown' => null, 'check' => true, 'subjects' => []];
	while (($argument = array_shift($arguments)) !== null) {
		if ($argument === '--rounds' && (int) ($arguments[0] ?? 0) > 0) {
			$options['rounds'] = (int) array_shift($arguments);
		} elseif ($argument === '--markdown' && isset($arguments[0])) {
			$options['markdown'] = array_shift($arguments);
		} elseif ($argument === '--short' || $argument === '--tap') {
			$options[substr($argument, 2)] = true;
		} elseif ($argument === '--no-check') {
			$options['check'] = false;
		} elseif (isset($subjects[$argument])) {
			$options['subjects'][] = $argument;
		} else {
			fwrite(STDERR, ($argument === '--help' ? '' : "what is $argument?\n\n") . usage($subjects));
			exit($argument === '--help' ? 0 : 2);
		}
	}
	$options['subjects'] = $options['subjects'] ?: array_keys($subjects);
	$options['rounds'] ??= $options['short'] ? 5 : 41;
	return $options;
}

/* PHP as it runs now, with this extension loaded and whatever else stands on its own command line. */
function php_command(): array {
	if (getenv('SHMX_PHP_FLAGS')) {
		return [getenv('SHMX_PHP') ?: PHP_BINARY, ...explode(' ', getenv('SHMX_PHP_FLAGS'))];
	}
	$command = file_get_contents('/proc/self/cmdline');
	return explode("\0", substr($command, 0, strpos($command, "\0" . $_SERVER['argv'][0] . "\0")));
}

/* Runs one configuration of a subject in a process of its own; calls back with each row and each remark. */
function run_worker(string $subject, string $configuration, array $extensions, array $settings, array $options,
		callable $take): void {
	$command = php_command();
	foreach ($extensions as $extension) {
		$file = extension_file($extension);
		if ($file === null) {
			$take(['what' => "beside $extension", 'skipped' => 'it is not to be had here']);
		} elseif ($file !== '') {
			array_push($command, '-d', "extension=$file");
		}
	}
	foreach (['memory_limit' => '-1'] + $settings as $name => $value) {
		array_push($command, '-d', "$name=$value");
	}
	array_push($command, __DIR__ . '/worker.php', $subject, $configuration, (string) $options['rounds'],
		$options['short'] ? 'short' : 'full');
	$process = proc_open($command, [0 => ['file', '/dev/null', 'r'], 1 => ['pipe', 'w']], $pipes);
	while (($line = fgets($pipes[1])) !== false) {
		$row = json_decode($line, true);
		$take(is_array($row) ? $row : ['remark' => rtrim($line)]);
	}
	$status = proc_close($process);
	if ($status !== 0) {
		$take(['what' => "the worker for $subject $configuration", 'broken' => "ended with status $status"]);
	}
}

/* null where the row only tells, else whether its target is met. */
function verdict(array $row, bool $short): ?bool {
	if (isset($row['broken'])) {
		return false;
	}
	if (!isset($row['target'])) {
		return null;
	}
	$slack = $short ? SHORT_SLACK : 1.0;
	$at_least = $row['at_least'] ?? false;
	// A short run may have met somebody else's work in most of its few rounds: what a regression is shows in the best one too.
	$ratio = $short ? $row[$at_least ? 'high' : 'low'] ?? $row['ratio'] : $row['ratio'];
	return $at_least ? $ratio >= $row['target'] / $slack : $ratio <= $row['target'] * $slack * (1 + ($row['noise'] ?? 0));
}

function figure(float $value): string {
	return $value < 0.995 ? sprintf('%.3f', $value) : sprintf($value < 99.5 ? '%.2f' : '%.0f', $value);
}

/* The cells of a row: what, shmx, peer, its figure, ratio, min..max, target, verdict. */
function cells(array $row, bool $short): array {
	if (isset($row['broken'])) {
		return [$row['what'], '', '', $row['broken'], '', '', '', 'MISS'];
	}
	$target = '';
	if (isset($row['target'])) {
		$target = ($row['at_least'] ?? false ? '>= ' : '<= ') . figure($row['target'])
			. (isset($row['noise']) ? sprintf(' +%d%%', 100 * $row['noise']) : '');
	}
	return [
		$row['what'],
		$row['shmx'],
		$row['peer'] ?? '',
		$row['theirs'] ?? '',
		isset($row['ratio']) ? figure($row['ratio']) : '',
		isset($row['low']) ? figure($row['low']) . '..' . figure($row['high']) : '',
		$target,
		match (verdict($row, $short)) { true => 'ok', false => 'MISS', null => '' },
	];
}

const HEADINGS = ['what', 'shmx', 'peer', 'peer takes', 'ratio', 'min..max', 'target', ''];
const WIDTHS = [27, 12, 25, 12, 8, 15, 12, 4];
const RIGHT_ALIGNED = [1, 3, 4];

function print_cells(array $cells): void {
	$line = '';
	foreach ($cells as $column => $cell) {
		$line .= str_pad($cell, WIDTHS[$column], ' ', in_array($column, RIGHT_ALIGNED) ? STR_PAD_LEFT : STR_PAD_RIGHT) . '  ';
	}
	echo rtrim($line), "\n";
}

function markdown(string $title, array $rows, array $remarks, bool $short): string {
	$text = "## $title\n\n| " . implode(' | ', HEADINGS) . " |\n|" . str_repeat(' --- |', count(HEADINGS)) . "\n";
	foreach ($rows as $row) {
		$text .= '| ' . implode(' | ', cells($row, $short)) . " |\n";
	}
	foreach ($remarks as $remark) {
		$text .= "\n$remark\n";
	}
	return "$text\n";
}

function machine(): string {
	preg_match('~^model name\s*:\s*(.*)$~m', (string) @file_get_contents('/proc/cpuinfo'), $model);
	return sprintf('PHP %s%s%s, %s, %s processors%s', PHP_VERSION, PHP_ZTS ? ' ZTS' : '', PHP_DEBUG ? ' debug' : '',
		php_uname('s') . ' ' . php_uname('r'), trim((string) shell_exec('nproc')), isset($model[1]) ? " ($model[1])" : '');
}

$subjects = subjects();
$options = parse_arguments(array_slice($argv, 1), $subjects);
if (!extension_loaded('shmx')) {
	fwrite(STDERR, "shmx is not loaded: run this as ./dev bench\n");
	exit(2);
}
pcntl_async_signals(true);
// The workers get the signal too and remove their segments.
pcntl_signal(SIGINT, fn() => exit(130));

$how = sprintf('Median of %d rounds, all sides in each round; ratio = shmx / peer, median of the rounds\' ratios. '
	. 'Figures are processor time a call; that of an empty PHP loop is taken off both sides.', $options['rounds']);
if ($options['short']) {
	$how .= sprintf(' A short run: a target counts as missed when every round misses it by more than a factor %g.', SHORT_SLACK);
}
$markdown = "# Measurements\n\n" . machine() . ".\n$how\n\n";
$count = $missed = $skipped = 0;
if (!$options['tap']) {
	echo machine(), "\n$how\n";
}
foreach ($options['subjects'] as $name) {
	$rows = $remarks = [];
	$show = function (array $row) use (&$rows, &$remarks, &$count, &$missed, &$skipped, $options, $name) {
		if (isset($row['remark'])) {
			$remarks[] = $row['remark'];
			echo $options['tap'] ? '# ' : '', $row['remark'], "\n";
			return;
		}
		if (isset($row['skipped'])) {
			$skipped++;
			$remarks[] = "{$row['what']}: not measured: {$row['skipped']}";
			echo $options['tap'] ? 'ok ' . ++$count . " - $name: {$row['what']} # SKIP {$row['skipped']}\n" : end($remarks) . "\n";
			return;
		}
		$rows[] = $row;
		$good = verdict($row, $options['short']);
		$cells = cells($row, $options['short']);
		$missed += $good === false;
		if (!$options['tap']) {
			print_cells($cells);
		} elseif ($good !== null) {
			printf("%s %d - %s: %s\n", $good ? 'ok' : 'not ok', ++$count, $name,
				rtrim("$cells[0], $cells[1]; $cells[2] $cells[3]; ratio $cells[4], target $cells[6]"
				. ($options['short'] ? ' with a factor ' . SHORT_SLACK . ' of slack' : '')));
		}
	};
	if (!$options['tap']) {
		echo "\n{$subjects[$name]['title']}\n\n";
		print_cells(HEADINGS);
	}
	$missing = array_filter($subjects[$name]['functions'], fn($function) => !function_exists($function));
	if ($missing) {
		$show(['what' => 'all of it', 'skipped' => 'there is no ' . implode(', no ', $missing)]);
	} else {
		foreach ($subjects[$name]['configurations'] as $configuration => [$extensions, $settings]) {
			run_worker($name, $configuration, $extensions, $settings, $options, $show);
		}
	}
	$markdown .= markdown($subjects[$name]['title'], $rows, $remarks, $options['short']);
}
if ($options['tap']) {
	echo "1..$count\n";
} else {
	echo "\n", $missed ? "targets missed: $missed" : 'all targets met', $skipped ? "; not measured: $skipped" : '', "\n";
}
if ($options['markdown'] !== null) {
	file_put_contents($options['markdown'], $markdown);
}
exit($options['check'] && $missed ? 1 : 0);
