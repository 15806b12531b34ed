--TEST--
a put that finds no room says what it needs and what there is, and changes nothing
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 20000);

/** [code, needed, available] of the refusal, or null. */
function refusal(callable $call): ?array
{
	try {
		$call();
		return null;
	} catch (ShmxException $e) {
		if (!preg_match('/^The (?:segment is full: the variable needs (\d+) bytes and (\d+) are available; only variables with a time to live give way'
			. '|variable is too large for the segment: it needs (\d+) bytes and at most (\d+) can be had with its time to live)$/', $e->getMessage(), $found)) {
			echo $e->getMessage(), "\n";
		}
		[$needed, $available] = array_values(array_filter(array_slice($found, 1), strlen(...)));
		return [error_name($e->getCode()), (int) $needed, (int) $available];
	}
}

echo "full\n";
$count = 0;
$old = str_repeat('o', 500);
while (!($refusal = refusal(fn () => shmx_put_var($shmx, "fill $count", $old)))) {
	$count++;
}
// A record is 32 bytes, then the key and the value, each filled up to a multiple of 8.
var_dump($refusal[0], $refusal[1] === 32 + 8 + 504, $refusal[2] < $refusal[1], $count > 20);
var_dump(shmx_has_var($shmx, "fill $count"), count(shmx_keys($shmx)) === $count);
show(
	fn () => refusal(fn () => shmx_put_var($shmx, 'fill 3', str_repeat('n', 3000)))[0],
	fn () => refusal(fn () => shmx_cas_var($shmx, 'fill 3', $old, str_repeat('n', 3000)))[0],
	fn () => refusal(fn () => shmx_add_var($shmx, 'added', str_repeat('n', 1000)))[0],
	fn () => shmx_has_var($shmx, 'added'),
	fn () => shmx_get_var($shmx, 'fill 3') === $old,
);
echo "what is said to be available can be had\n";
$wrong = 0;
for ($round = 0; $round < 20; $round++) {
	$refusal = refusal(fn () => shmx_put_var($shmx, 'r', str_repeat('r', 2000)));
	if ($refusal !== null) {
		$room = $refusal[2] - 32 - 8;
		$wrong += $room > 0 && refusal(fn () => shmx_put_var($shmx, 'r', str_repeat('r', $room))) !== null;
	}
	shmx_remove_var($shmx, 'r');
	shmx_remove_var($shmx, "fill $round");
}
var_dump($wrong);
echo "a counter that is not there needs room too\n";
shmx_clear($shmx);
for ($i = 0; !refusal(fn () => shmx_put_var($shmx, $i, null)); $i++) {
}
var_dump(refusal(fn () => shmx_inc_var($shmx, 'counter'))[0], shmx_has_var($shmx, 'counter'));
var_dump(refusal(fn () => shmx_put_var($shmx, 0, true)), shmx_get_var($shmx, 0));

echo "too large: what is said to be had at most can be had, and not a byte more\n";
shmx_clear($shmx);
shmx_put_var($shmx, 'key', 'old');
$huge = str_repeat('h', 20000);
show(
	fn () => refusal(fn () => shmx_put_var($shmx, 'key', $huge))[0],
	fn () => refusal(fn () => shmx_put_var($shmx, 'key', $huge, SHMX_EVICTABLE))[0],
	fn () => refusal(fn () => shmx_add_var($shmx, 'new', $huge))[0],
	fn () => refusal(fn () => shmx_cas_var($shmx, 'key', 'old', $huge))[0],
	fn () => shmx_get_var($shmx, 'key'),
	fn () => shmx_put_var($shmx, 'key', 'new'),
);
foreach ([[0, 20000], [0, 3000], [0, 1 << 20], [SHMX_EVICTABLE, 20000]] as $number => [$ttl, $size]) {
	$shmx = shmx_open(test_key(__FILE__, 1 + $number), 'n', 0600, $size);
	$most = refusal(fn () => shmx_put_var($shmx, 'k', str_repeat('h', $size), $ttl))[2] - 40;
	show(
		fn () => refusal(fn () => shmx_put_var($shmx, 'k', str_repeat('h', $most), $ttl)),
		fn () => refusal(fn () => shmx_put_var($shmx, 'k', str_repeat('h', $most + 1), $ttl)) === ['SHMX_E_TOO_LARGE', $most + 48, $most + 40],
		fn () => $most > $size * ($ttl ? 0.8 : 0.19),
	);
}
echo "a segment too small for anything\n";
$tiny = shmx_open(0, 'n', 0600, 8);
show(fn () => refusal(fn () => shmx_put_var($tiny, 'k', 1))[0], fn () => shmx_get_var($tiny, 'k'), fn () => shmx_keys($tiny), fn () => shmx_clear($tiny),
	fn () => shmx_remove_var($tiny, 'k'));
shmx_delete($tiny);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
full
string(11) "SHMX_E_FULL"
bool(true)
bool(true)
bool(true)
bool(false)
bool(true)
'SHMX_E_FULL'
'SHMX_E_FULL'
'SHMX_E_FULL'
false
true
what is said to be available can be had
int(0)
a counter that is not there needs room too
string(11) "SHMX_E_FULL"
bool(false)
NULL
bool(true)
too large: what is said to be had at most can be had, and not a byte more
'SHMX_E_TOO_LARGE'
'SHMX_E_TOO_LARGE'
'SHMX_E_TOO_LARGE'
'SHMX_E_TOO_LARGE'
'old'
true
null
true
true
null
true
true
null
true
true
null
true
true
a segment too small for anything
'SHMX_E_TOO_LARGE'
null
[]
null
false
