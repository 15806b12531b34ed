<?php
// Which lines and branches of our C files the tests reach, from what gcc --coverage counted in the folders that are named.
// One file is compiled several times, with PHP and without: what any of its builds counted counts.
//
// Each line of floors 0 to 3 that was never reached must be explained in tests/coverage.txt, and each explanation there
// must be about such a line. Prints the table and what is wrong, as TAP; writes the annotated files and the list of
// all unreached lines to .build/coverage.

// shmx.c is shown and not judged.
const JUDGED = '~^shmx_(?!arginfo)\w+\.[ch]$~';
const SHOWN = '~^shmx(_(?!arginfo)\w+)?\.[ch]$~';
const EXPLANATIONS = 'tests/coverage.txt';
const TARGET = '.build/coverage';

chdir(dirname(__DIR__));

/** What gcov says about all objects below a folder, one at a time. */
function reports(string $folder): Generator
{
	$files = new RecursiveIteratorIterator(new RecursiveDirectoryIterator($folder, FilesystemIterator::SKIP_DOTS));
	foreach ($files as $file) {
		if ($file->getExtension() === 'gcno') {
			$gcov = 'gcov --json-format --stdout --branch-probabilities ' . escapeshellarg($file->getFilename());
			$json = shell_exec('cd ' . escapeshellarg($file->getPath()) . " && $gcov 2>/dev/null");
			yield json_decode($json, true, flags: JSON_THROW_ON_ERROR);
		}
	}
}

/**
 * Counts by file: `lines` by number, `branches` by line and place in it.
 * A line whose branches differ between builds, for the sake of a macro, has those of the build that has most.
 */
function collect(array $folders): array
{
	$found = [];
	foreach ($folders as $folder) {
		foreach (reports($folder) as $report) {
			foreach ($report['files'] as $file) {
				$name = basename($file['file']);
				if (!preg_match(SHOWN, $name) || !file_exists($name)) {
					continue;
				}
				$found[$name] ??= ['lines' => [], 'branches' => []];
				$into = &$found[$name];
				foreach ($file['lines'] as $line) {
					$number = $line['line_number'];
					$into['lines'][$number] = ($into['lines'][$number] ?? 0) + $line['count'];
					foreach ($line['branches'] as $place => $branch) {
						$counts = &$into['branches'][$number][count($line['branches'])];
						$counts[$place] = ($counts[$place] ?? 0) + $branch['count'];
						unset($counts);
					}
				}
				unset($into);
			}
		}
	}
	foreach ($found as &$file) {
		ksort($file['lines']);
		foreach ($file['branches'] as &$builds) {
			krsort($builds);
			$builds = reset($builds);
		}
		unset($builds);
	}
	unset($file);
	ksort($found);
	return $found;
}

/** [first line, last line] by name, by the braces in column one: gcov does not name what is always inlined. */
function functions(array $source): array
{
	$found = [];
	$head = '';
	$first = 1;
	foreach ($source as $number => $line) {
		if ($line === "{\n" && preg_match('~(\w+)\(~', $head, $part)) {
			$name = $part[1];
		} elseif ($line === "}\n" && isset($name)) {
			$found[$name] = [$first, $number];
			unset($name);
		}
		if (isset($name)) {
			continue;
		}
		if (preg_match('~^\w~', $line)) {
			$head = '';
			$first = $number;
		}
		$head .= $line;
	}
	return $found;
}

function function_at(array $functions, int $line): string
{
	foreach ($functions as $name => [$first, $last]) {
		if ($line >= $first && $line <= $last) {
			return $name;
		}
	}
	return '';
}

/**
 * The explanations: each is the file, the function, lines quoted from it, one after the other, and a reason. `-` stands
 * before the quoted lines that nothing reaches, `?` before those that only some runs reach.
 */
function explanations(): array
{
	$found = [];
	foreach (preg_split('~\n\s*\n~', trim(file_get_contents(EXPLANATIONS))) as $text) {
		$text = preg_replace('~^#.*\n?~m', '', $text);
		if (trim($text) === '') {
			continue;
		}
		if (!preg_match('~^(\S+), (\w+):\n((?:[-? ] .*\n)+)-> \S~', $text, $part)) {
			throw new Exception("not an explanation:\n$text");
		}
		$quoted = array_map(fn ($line) => [$line[0], trim(substr($line, 1))], explode("\n", rtrim($part[3], "\n")));
		$found[] = ['file' => $part[1], 'function' => $part[2], 'quoted' => $quoted];
	}
	return $found;
}

/** The numbers of the lines at which a quotation begins in a function. */
function places(array $source, array $within, array $quoted): array
{
	$found = [];
	for ($line = $within[0]; $line + count($quoted) - 1 <= $within[1]; $line++) {
		foreach ($quoted as $i => [, $text]) {
			if (trim($source[$line + $i] ?? '') !== $text) {
				continue 2;
			}
		}
		$found[] = $line;
	}
	return $found;
}

/** Checks the explanations. Returns what is wrong with them; notes the lines that they excuse in $excused[file][line]. */
function judge(array $explanations, array $found, array $sources, array $functions, array &$excused): array
{
	$wrong = [];
	foreach ($explanations as ['file' => $name, 'function' => $function, 'quoted' => $quoted]) {
		$where = "$name, $function: " . $quoted[0][1];
		$within = $functions[$name][$function] ?? null;
		$places = $within === null ? [] : places($sources[$name], $within, $quoted);
		if (count($places) !== 1) {
			$wrong[] = "$where\n" . ($places === [] ? 'is not there any more' : 'is there more than once: quote more');
			continue;
		}
		$claims = 0;
		foreach ($quoted as $i => [$mark, $text]) {
			$line = $places[0] + $i;
			$count = $found[$name]['lines'][$line] ?? null;
			if ($mark === ' ') {
				continue;
			}
			$claims++;
			if ($count === null) {
				$wrong[] = "$name:$line: $text\nis explained, and is no code";
			} elseif ($mark === '-' && $count > 0) {
				$wrong[] = "$name:$line: $text\nis explained, and is reached";
			}
			$excused[$name][$line] = true;
		}
		if ($claims === 0) {
			$wrong[] = "$where\nhas no line with - or ?";
		}
	}
	return $wrong;
}

function share(int $part, int $whole): string
{
	return $whole === 0 ? '-' : sprintf('%.1f', floor(1000 * $part / $whole) / 10);
}

function table(array $found): string
{
	$format = "%-18s %14s %7s %14s %7s\n";
	$text = sprintf($format, 'file', 'lines', '%', 'branches', '%');
	$sums = [0, 0, 0, 0];
	foreach ($found as $name => $file) {
		$branches = array_merge(...array_values($file['branches']));
		$figures = [count(array_filter($file['lines'])), count($file['lines']), count(array_filter($branches)), count($branches)];
		if (preg_match(JUDGED, $name)) {
			$sums = array_map(fn ($a, $b) => $a + $b, $sums, $figures);
		}
		$rows[$name] = $figures;
	}
	foreach ([...$rows, 'floors 0 to 3' => $sums] as $name => [$lines, $all_lines, $branches, $all_branches]) {
		$text .= sprintf($format, $name, "$lines of $all_lines", share($lines, $all_lines), "$branches of $all_branches",
			share($branches, $all_branches));
	}
	return $text;
}

/** A source with its counts: ##### was never reached, !2/4 is a line that took two of its four branches. */
function annotate(array $file, array $source, array $excused): string
{
	$text = '';
	foreach ($source as $number => $line) {
		$count = $file['lines'][$number] ?? null;
		$branches = $file['branches'][$number] ?? [];
		$taken = count(array_filter($branches));
		$text .= rtrim(sprintf('%12s %6s %5d %s',
			$count === null ? '' : ($count > 0 ? $count : (isset($excused[$number]) ? '-----' : '#####')),
			$count && $taken < count($branches) ? "!$taken/" . count($branches) : '', $number, rtrim($line))) . "\n";
	}
	return $text;
}

$found = collect(array_slice($argv, 1));
if ($found === []) {
	fwrite(STDERR, "nothing was counted\n");
	exit(1);
}
foreach ($found as $name => $file) {
	$lines = file($name);
	$sources[$name] = array_combine(range(1, count($lines)), $lines);
	$functions[$name] = functions($sources[$name]);
}
$excused = [];
$wrong = judge(explanations(), $found, $sources, $functions, $excused);
$unreached = '';
$accepted = [];
foreach ($found as $name => $file) {
	foreach (array_filter($file['lines'], fn ($count) => $count === 0) as $number => $count) {
		$line = "$name:$number: " . function_at($functions[$name], $number) . ': ' . trim($sources[$name][$number]);
		$explained = isset($excused[$name][$number]);
		$unreached .= $line . ($explained ? '  (explained)' : '') . "\n";
		if (preg_match(JUDGED, $name)) {
			if ($explained) {
				$accepted[] = $line;
			} else {
				$wrong[] = "$line\nis not reached and not explained";
			}
		}
	}
}

@mkdir(TARGET, 0777, true);
foreach ($found as $name => $file) {
	file_put_contents(TARGET . "/$name.txt", annotate($file, $sources[$name], $excused[$name] ?? []));
}
file_put_contents(TARGET . '/unreached.txt', $unreached);
file_put_contents(TARGET . '/table.txt', table($found));

echo preg_replace('~^~m', '# ', rtrim(table($found))), "\n";
echo "#\n# not reached, for the reasons in ", EXPLANATIONS, ":\n";
foreach ($accepted as $line) {
	echo "# $line\n";
}
echo '#', $wrong === [] ? '' : "\n# wrong:", "\n";
foreach ($wrong as $text) {
	echo preg_replace('~^~m', '# ', $text), "\n";
}
echo $wrong === [] ? 'ok' : 'not ok', " 1 - each line that no test reaches is explained, and no other\n1..1\n";
exit((int) ($wrong !== []));
