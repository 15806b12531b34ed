<?php
// What valgrind found in the logs that are named, less what means nothing: the lost blocks of a process that was killed,
// which never came to give back what PHP made at its start, and of one that a fatal error ended, after which PHP drops a
// request's memory in one piece. Everything else about such a process counts. Ends with 1 if anything is left.

// Who made, in the lost blocks, what only such processes lose: PHP's start, and the message of the fatal error.
const TELLTALE = '~ (php_module_startup|zend_error_noreturn) ~';

$found = false;
foreach (array_slice($argv, 1) as $file) {
	$processes = [];
	foreach (file($file) as $line) {
		if (preg_match('~^==(\d+)== ?(.*)~', $line, $part)) {
			$processes[$part[1]] = ($processes[$part[1]] ?? '') . $part[2] . "\n";
		} else {
			$processes[0] = ($processes[0] ?? '') . $line;
		}
	}
	foreach ($processes as $process => $text) {
		$reports = preg_split('~\n\n+~', $text, flags: PREG_SPLIT_NO_EMPTY);
		$lost = preg_grep('~^[\d,]+( \([^)]*\))? bytes in [\d,]+ blocks are .* lost~', $reports);
		if (preg_grep(TELLTALE, $lost)) {
			$reports = array_diff_key($reports, $lost);
		}
		foreach ($reports as $report) {
			if (trim($report) !== '') {
				echo "$file, process $process:\n", trim($report), "\n\n";
				$found = true;
			}
		}
	}
}
exit((int) $found);
