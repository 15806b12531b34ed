<?php
// Every ```php example in README.md and docs/ runs as it would when pasted into
// a file of its own, and prints what the ```text block right below it says. An
// example without such a block must end well and complain about nothing.
// In the expected text, %d stands for a number and %s for the rest of a line.

$top = dirname(__DIR__, 2);
$examples = [];
foreach (["$top/README.md", ...glob("$top/docs/*.md")] as $page) {
	preg_match_all('~^```php\n(.*?)^```\n(?:\s*^```text\n(.*?)^```$)?~ms', file_get_contents($page), $found,
		PREG_SET_ORDER | PREG_OFFSET_CAPTURE | PREG_UNMATCHED_AS_NULL);
	foreach ($found as $example) {
		$line = substr_count(file_get_contents($page), "\n", 0, $example[0][1]) + 1;
		$examples[substr($page, strlen($top) + 1) . " line $line"] = [$example[1][0], $example[2][0] ?? null];
	}
}

echo '1..', count($examples), "\n";
$number = 0;
foreach ($examples as $where => [$code, $expected]) {
	$number++;
	$file = tempnam(sys_get_temp_dir(), 'shmx-docs-');
	file_put_contents($file, str_starts_with($code, '<?php') ? $code : "<?php\n$code");
	exec(getenv('SHMX_PHP') . ' ' . getenv('SHMX_PHP_FLAGS') . ' ' . escapeshellarg($file) . ' 2>&1', $output, $status);
	unlink($file);
	$printed = implode("\n", $output);
	$output = [];

	$pattern = strtr(preg_quote(rtrim((string) $expected), '~'), ['%d' => '\d+', '%s' => '.+']);
	$right = $expected === null
		? !preg_match('~^(PHP )?(Warning|Notice|Deprecated|Fatal error|Parse error):~m', $printed)
		: preg_match("~^$pattern$~D", rtrim($printed)) === 1;
	$good = $status === 0 && $right;
	echo $good ? 'ok' : 'not ok', " $number - the example at $where runs as pasted\n";
	if (!$good) {
		echo preg_replace('~^~m', '# ', "exit status $status, printed:\n$printed\nexpected:\n$expected"), "\n";
	}
}
