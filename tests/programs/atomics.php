<?php
// The tables of docs/concurrency.md list every access to an atomic word that stands in the sources, and no other: the
// word, the function, load, store, add or compare-and-swap, and the order. Each row names a partner. And each function
// that a model speaks of is one of the sources.
//
// It knows the sources' habits, not C: a function begins and ends in the first column, every access is an atomic_ call
// or one of the helpers below, and the last member named in an expression says which word is meant. Two accesses of one
// kind to one word in one function are one.
require __DIR__ . '/../helpers.inc';

// What they do to a word is their callers' doing. Each file has its own.
const HELPERS = ['load', 'store', 'step', 'in_this_order'];

// Functions that say where a word is; of word_at(), the place that is asked for says it.
const WORDS_OF = ['known_slot' => ['known_segments'], 'bucket_of' => ['bucket'], 'number_of' => ['value'],
	'link_place' => ['bucket'], 'unlink_place' => ['bucket', 'link'], 'mark_place' => ['form']];

// These stand in an intent as well, and are intent.head and so on there.
const IN_INTENT_TOO = ['head', 'tail', 'lap_end', 'counts'];

// Pointers to structures with atomic words: behind them, nothing but an atomic call may touch one.
const HOLDERS = ['header', 'identity', 'write', 'line', 'counters', 'root', 'log', 'record', 'intent', 'stripe', 'group'];

$top = dirname(__DIR__, 2);
$sources = $functions = $accesses = $bare = [];
// What shmx_racing.h makes of its names is for a race detector; elsewhere its load is an atomic one like any other.
foreach (array_diff(glob("$top/shmx*.[ch]"), ["$top/shmx_racing.h"]) as $file) {
	$sources[] = preg_replace(['~/\*.*?\*/~s', '~//.*~', '~"(\\\\.|[^"\\\\])*"~', '~\bSHMX_RACING_LOAD\(~'],
		['', '', '""', 'atomic_load_explicit('], file_get_contents($file));
}
// In a structure, or in the first column; the rest are pointers of functions.
preg_match_all('~^(?:\t|static )_Atomic [\w ]*?(\w+)(?:\[\w+\])?;|\) _Atomic \w+ (\w+);~m', implode($sources), $declared);
$fields = array_filter([...$declared[1], ...$declared[2]]);
foreach ($sources as $source) {
	preg_match_all('~^(?:\w[^;{}#]*?)\b(\w+)\([^;{}]*\)\n\{\n(.*?)^\}~ms', $source, $found, PREG_SET_ORDER);
	$bodies = array_column($found, 2, 1);
	$functions += $bodies;
	$helpers = [];
	foreach (array_intersect_key($bodies, array_flip(HELPERS)) as $name => $body) {
		[[, , $helpers[$name][0], $helpers[$name][1]]] = accesses($body, []);
	}
	foreach (array_diff_key($bodies, $helpers) as $name => $body) {
		foreach (accesses($body, $helpers) as [$begin, $expression, $access, $order]) {
			foreach ($expression === null ? ['fence'] : words($expression, $body) as $word) {
				$accesses["$word: $access in $name, $order"] = true;
			}
			$bodies[$name] = substr_replace($bodies[$name], str_repeat(' ', strlen((string) $expression)), $begin,
				strlen((string) $expression));
		}
		foreach (touched($bodies[$name], $fields) as $mention) {
			$bare[] = "$mention in $name";
		}
	}
}

// The rows of the tables: | `word`, … | load: `function`, … | order | partner |
$page = file_get_contents("$top/docs/concurrency.md");
preg_match_all('~^\| ([^|]+) \| (load|store|add|compare-and-swap|signal fence|fence): ([^|]+) \| ([a-z_]+(?:, else [a-z_]+)?) '
	. '\|([^|]*)\|$~m', $page, $rows, PREG_SET_ORDER);
$told = $unpaired = [];
foreach ($rows as [$row, $words, $access, $where, $order, $partner]) {
	preg_match_all('~`([\w.]+)`~', $words, $words);
	preg_match_all('~`([\w.]+)`~', $where, $where);
	foreach ($words[1] ?: ['fence'] as $word) {
		foreach ($where[1] as $function) {
			$told["$word: $access in $function, $order"] = true;
		}
	}
	if (trim($partner) === '') {
		$unpaired[] = $row;
	}
}

$named = [];
foreach (glob("$top/docs/model/*.pml") as $model) {
	preg_match_all('~/\*.*?\*/~s', file_get_contents($model), $comments);
	preg_match_all('~\b([a-z]\w*)\(\)~', implode($comments[0]), $calls);
	foreach ($calls[1] as $call) {
		$named[$call][] = basename($model);
	}
}

if (($argv[1] ?? '') === '--list') {
	ksort($accesses);
	echo implode("\n", array_keys($accesses)), "\n";
	exit;
}
$words = array_unique(array_map(fn ($access) => strtok($access, ':'), array_keys($accesses)));
$untouched = array_filter($fields, fn ($field) => !preg_grep("~^(\w+\.)?$field\$~", $words));

echo "1..6\n";
ok_all(array_keys(array_diff_key($accesses, $told)), 'every atomic access of the sources is in a table of docs/concurrency.md');
ok_all(array_keys(array_diff_key($told, $accesses)), 'every access that the tables tell of is in the sources');
ok_all($unpaired, 'every row says what the access pairs with');
ok_all($bare, 'no atomic word is touched without an atomic call');
ok_all($untouched, 'every word that is declared atomic is accessed as one');
ok_all(array_keys(array_diff_key($named, $functions)), 'every function that a model names is in the sources');

function ok_all(array $wrong, string $promise): void
{
	ok($wrong === [], $promise, implode("\n", $wrong));
}

/**
 * The accesses in a function's body: where the first argument begins, the expression that points to the word (null for a
 * fence), the kind, the order.
 */
function accesses(string $body, array $helpers): array
{
	$found = [];
	$names = implode('|', array_keys($helpers)) ?: '(?!)';
	preg_match_all("~\b(?:zend_)?atomic_(\w+)\(|(?<!->|\.)\b($names)\(~", $body, $calls,
		PREG_SET_ORDER | PREG_OFFSET_CAPTURE | PREG_UNMATCHED_AS_NULL);
	foreach ($calls as $call) {
		$begin = $call[0][1] + strlen($call[0][0]);
		$arguments = arguments($body, $begin);
		if (isset($call[2][0])) {
			[$access, $order] = $helpers[$call[2][0]];
		} else {
			$access = match (1) {
				preg_match('~^compare_exchange~', $call[1][0]) => 'compare-and-swap',
				preg_match('~^fetch_add~', $call[1][0]) => 'add',
				preg_match('~^(bool_)?(load|store)(_|$)~', $call[1][0], $kind) => $kind[2],
				preg_match('~^thread_fence~', $call[1][0]) => 'fence',
				preg_match('~^signal_fence~', $call[1][0]) => 'signal fence',
				default => $call[1][0],
			};
			$order = implode(', else ', preg_filter('~^\s*memory_order_(\w+)$~', '$1', $arguments)) ?: 'seq_cst';
		}
		$found[] = [$begin, str_ends_with($access, 'fence') ? null : $arguments[0], $access, $order];
	}
	return $found;
}

/** What touches an atomic word in a body without its atomic calls. Taking its address does not. */
function touched(string $body, array $fields): array
{
	$holders = implode('|', HOLDERS);
	preg_match_all("~(?<!&|&\*|\w|->|\.)(?:\w+(?:\[\w+\])?(?:->|\.))*"
		. "(?:(?:$holders)(?:->|\.)|torn\[[^]]+\]\.|entry->)(\w+)~", $body, $mentions);
	return array_intersect_key($mentions[0], array_intersect($mentions[1], $fields));
}

/** The arguments of the call whose parenthesis opens before $begin. */
function arguments(string $text, int $begin): array
{
	$arguments = [''];
	for ($depth = 0, $at = $begin; $depth > 0 || $text[$at] !== ')'; $at++) {
		$depth += ['(' => 1, '[' => 1, ')' => -1, ']' => -1][$text[$at]] ?? 0;
		if ($depth === 0 && $text[$at] === ',') {
			$arguments[] = '';
		} else {
			$arguments[array_key_last($arguments)] .= $text[$at];
		}
	}
	return $arguments;
}

/** The words that an expression points to. */
function words(string $expression, string $body): array
{
	if (preg_match('~\?(.*):(.*)~s', $expression, $branches)) {
		return [...words($branches[1], $body), ...words($branches[2], $body)];
	}
	if (preg_match('~\bEG\((\w+)\)~', $expression, $global)) {
		return [$global[1]];
	}
	if (preg_match('~\bword_at\(.*->(\w+)\)~', $expression, $place)
		|| preg_match('~\b(\w+)\([^()]*(?:\([^()]*\)[^()]*)*\)\s*$~', $expression, $place)) {
		return WORDS_OF[$place[1]] ?? ["?$expression"];
	}
	if (!preg_match('~(?:(\w+)(?:\[[^]]*\])?(?:->|\.))?(\w+)(?:\[[^]]*\])?\s*$~', $expression, $member)) {
		return ["?$expression"];
	}
	[, $holder, $word] = $member;
	if ($holder !== '') {
		return [($holder === 'intent' && in_array($word, IN_INTENT_TOO, true) ? 'intent.' : '') . $word];
	}
	// A pointer of the function's own: what it was set to first. One that was handed in bears the word's name.
	if (preg_match("~_Atomic \w+ \*$word = ([^;]+);~", $body, $set)) {
		return words($set[1], $body);
	}
	return [$word];
}
