<?php
/*
 * Everything PHP has, there and back through the codec. Prints TAP. SHMX_CODEC_SMALL=1 makes it
 * short enough for valgrind.
 */

ini_set('memory_limit', '1G');
mt_srand((int) (getenv('SHMX_CODEC_SEED') ?: 20240607));
$small = (bool) getenv('SHMX_CODEC_SMALL');

const TYPE_ARRAY = 7;
const TYPE_SERIALIZED = 8;

$tests = 0;
function ok(bool $good, string $promise): void {
	global $tests, $failed;
	$tests++;
	if (!$good) {
		$failed = true;
	}
	echo $good ? 'ok' : 'not ok', " $tests - $promise\n";
}

function note(string $text): void {
	echo '# ', str_replace("\n", "\n# ", $text), "\n";
}

/* Identical in everything that PHP code can see: type, order, bits of floats. */
function same(mixed $one, mixed $other): bool {
	if (is_float($one) && is_float($other)) {
		return pack('d', $one) === pack('d', $other);
	}
	if (!is_array($one) || !is_array($other)) {
		return $one === $other;
	}
	if (count($one) !== count($other) || shmx_codec_test_next($one) !== shmx_codec_test_next($other)) {
		return false;
	}
	for (reset($one), reset($other); ($key = key($one)) !== null; next($one), next($other)) {
		if ($key !== key($other) || !same(current($one), current($other))) {
			return false;
		}
	}
	return true;
}

/* The first round meets keys for the first time, the second remembers them, the third has them. */
function returns(mixed $value, int $type = 0): bool {
	$bytes = shmx_codec_test_encode($value);
	if ($type && ord($bytes[0]) !== $type) {
		return false;
	}
	for ($round = 0; $round < 3; $round++) {
		if (!same($value, shmx_codec_test_decode($bytes))) {
			return false;
		}
	}
	return same($value, shmx_codec_test_decode(shmx_codec_test_encode($value, false), false));
}

function refuses(string $bytes): bool {
	try {
		shmx_codec_test_decode($bytes);
		return false;
	} catch (Exception $e) {
		return $e->getCode() === 1;
	}
}

/* --- scalars --- */

ok(returns(null, 1) && returns(false, 2) && returns(true, 3), 'null and bools come back');
ok(array_product(array_map('returns', [0, 1, -1, PHP_INT_MAX, PHP_INT_MIN, 2147483647, 2147483648, -2147483648, -2147483649])) == 1, 'ints come back, to the last one');
$floats = [0.0, -0.0, 1.5, -1.5, INF, -INF, NAN, PHP_FLOAT_MIN, PHP_FLOAT_MAX, PHP_FLOAT_EPSILON, 5e-324, 0.1 + 0.2, unpack('d', "\1\0\0\0\0\0\xf8\xff")[1]];
ok(array_product(array_map('returns', $floats)) == 1, 'floats come back bit by bit: -0.0, NAN and its payload, INF, denormals');
$strings = ['', 'a', "\0", "\xff", 'ab', "a\0b", str_repeat('x', 127), str_repeat('x', 128), str_repeat("\x80", 70000), 'ünïcödé'];
ok(array_product(array_map('returns', $strings)) == 1, 'strings come back: empty, of one byte, with NUL bytes, long');

/* --- arrays --- */

ok(returns([], TYPE_ARRAY), 'the empty array comes back');
foreach ([[null], [true, false, null], [1, 2, 3, 4, 5], [1.5, -0.0, NAN, INF, 2.0], $floats, $strings, [1, 2, 3, '4'], [1, 2, 3.0, 4, 5], range(1, 100), range(1, 63), range(1, 64), ['a', 'b'], [[]], [[[]]], [[], []], array_fill(0, 64, 'xy'), array_fill(0, 5000, null), [PHP_INT_MIN, 1, 2, PHP_INT_MAX], [1 << 40, 1]] as $i => $list) {
	$lists[] = returns($list, TYPE_ARRAY);
}
ok(!in_array(false, $lists, true), 'lists come back: of one type, mixed, short and long');
$holes = range(0, 9);
unset($holes[3], $holes[7]);
$cut = [1, 2, 3];
unset($cut[2]);
$emptied = [1, 2, 3];
unset($emptied[0], $emptied[1], $emptied[2]);
$popped = [1, 2, 3];
array_pop($popped);
$popped_empty = [1];
array_pop($popped_empty);
$unset_first = ['a' => 1, 'b' => 2];
unset($unset_first['a']);
ok(returns($holes, TYPE_ARRAY) && returns($cut, TYPE_ARRAY) && returns($emptied, TYPE_ARRAY) && returns($popped, TYPE_ARRAY) && returns($popped_empty, TYPE_ARRAY) && returns([$popped_empty, []], TYPE_ARRAY) && returns($unset_first, TYPE_ARRAY), 'arrays with holes come back');
$back = shmx_codec_test_decode(shmx_codec_test_encode($cut));
$back[] = 'x';
$emptied_back = shmx_codec_test_decode(shmx_codec_test_encode($emptied));
$emptied_back[] = 'x';
ok($back === [0 => 1, 1 => 2, 3 => 'x'] && $emptied_back === [3 => 'x'], 'the next free index is kept, as copying the array would');
ok(returns([5 => 'a', 3 => 'b', -7 => 'c', PHP_INT_MIN => 'd'], TYPE_ARRAY) && returns([PHP_INT_MAX => 1], TYPE_ARRAY) && returns([-5 => 1]), 'int keys come back in their order, negative and extreme');
ok(returns(['5' => 'int', '05' => 'string', '-0' => 's', '9223372036854775808' => 's', '' => 'empty', ' ' => 's', "\0" => 's', 'a' => 1]), 'numeric-string keys come back as PHP has them');
ok(returns(['a' => 1, 5 => 2, 'b' => 3, 6 => 4]), 'mixed keys come back');
$long = [str_repeat('k', 253) => 1, str_repeat('k', 254) => 2, str_repeat('k', 255) => 3, str_repeat('k', 70000) => 4, str_repeat('k', 64) => 5, str_repeat('k', 65) => 6];
ok(returns($long), 'long keys come back');
foreach ([1, 7, 8, 9, 63, 64, 65, 255, 256, 1000, 20000] as $size) {
	$map = [];
	for ($i = 0; $i < $size; $i++) {
		$map["key $size $i"] = $i % 3 ? "value $i" : $i;
	}
	$maps[] = returns($map, TYPE_ARRAY);
}
ok(!in_array(false, $maps, true), 'maps of 1 to 20,000 string keys come back');

$collide = [];
for ($i = 0; $i < 256; $i++) {
	$collide[strtr(sprintf('%08b', $i), ['0' => 'Ez', '1' => 'FY'])] = $i;
}
ok(returns($collide, TYPE_ARRAY), 'keys of one and the same hash come back');
$apart = [];
for ($i = 0; $i < 1000; $i++) {
	$apart[$i << 20] = $i;
}
ok(returns($apart, TYPE_ARRAY), 'int keys of one chain come back');

$rows = [];
for ($i = 0; $i < 1000; $i++) {
	$rows[] = ['id' => $i, 'name' => "name $i", 'price' => $i / 7, 'tags' => ['red', 'green', "t$i"], 'more' => ['id' => $i, 'x' => null]];
}
ok(returns($rows, TYPE_ARRAY), 'rows of one shape come back');
$decoded = json_decode(json_encode($rows), true);
ok(returns($decoded, TYPE_ARRAY) && strlen(shmx_codec_test_encode($decoded)) < 1000 * 90, 'rows whose keys are equal strings, not the same ones, share a shape too');
$odd = $rows;
foreach ($odd as $i => &$row) {
	if ($i % 5 == 1) {
		$row = array_reverse($row, true);
	} elseif ($i % 5 == 2) {
		unset($row['price']);
	} elseif ($i % 5 == 3) {
		$row[7] = 'seven';
	}
}
unset($row);
ok(returns($odd, TYPE_ARRAY), 'rows of several shapes, with holes and int keys among them, come back');
$append = [];
$append['k1'] = 1;
$fill = array_flip(['k1']);
ok(returns([$append, $fill, $append, $fill], TYPE_ARRAY), 'maps that differ only in the index an append would get after a negative one are not of one shape');
$many = [];
for ($i = 0; $i < 600; $i++) {
	$many[] = ["k$i" => $i, 'k' . ($i + 1) => 'v'];
	$many[] = ['k' . ($i % 300) => $i, 'k' . ($i % 300 + 1) => 'v'];
}
ok(returns($many, TYPE_ARRAY), 'more shapes than there are numbers for them come back');
function tree(int $depth): array {
	return ['name' => "n$depth", 'children' => $depth ? [tree($depth - 1), tree($depth - 1)] : []];
}
ok(returns(tree(8), TYPE_ARRAY), 'a tree whose nodes have the shape of the node they lie in comes back');
$shared = [];
for ($i = 0; $i < 2000; $i++) {
	$shared[] = $strings[$i % 10];
	$shared[] = "shared " . ($i % 400);
}
foreach ($shared as $string) {
	$twice[] = $string;
	$twice[] = $string;
}
ok(returns($shared, TYPE_ARRAY) && returns($twice, TYPE_ARRAY), 'strings that repeat come back');
$deep = 'bottom';
for ($i = 0; $i < 512; $i++) {
	$deep = $i % 2 ? [$deep] : ['k' => $deep, 'l' => $i];
}
ok(returns($deep, TYPE_ARRAY), 'arrays 512 levels deep come back');
$deeper = [$deep];
ok(returns($deeper, TYPE_SERIALIZED), 'arrays deeper than that go through serialize()');
$deepest = [];
for ($i = 0; $i < 20000; $i++) {
	$deepest = [$deepest];
}
try {
	shmx_codec_test_encode($deepest);
	$thrown = false;
} catch (ValueError $e) {
	$thrown = true;
}
$through_references = [];
for ($i = 0; $i < 20000; $i++) {
	$outer = [];
	$outer[0] = &$through_references;
	unset($through_references);
	$through_references = $outer;
	unset($outer);
}
try {
	shmx_codec_test_encode($through_references);
	$thrown = false;
} catch (ValueError $e) {
	$thrown = $thrown && true;
}
unset($deepest, $deeper, $deep, $through_references);
ok($thrown, 'arrays deeper than PHP would unserialize are a ValueError, not a C stack that overflows');

$impossible = shmx_codec_test_with_next(['a' => 1, 5 => 2], 3);
$bytes = shmx_codec_test_encode($impossible);
ok($bytes[0] === chr(TYPE_SERIALIZED) && shmx_codec_test_decode($bytes) === ['a' => 1, 5 => 2], 'an array whose next free index is taken, which PHP code cannot make, goes through serialize()');

/* --- what PHP can do with a decoded array --- */

function work_over(array $array): void {
	$copy = $array;
	$copy['added'] = 1;
	unset($copy['added']);
	foreach ($copy as $key => &$element) {
		if (is_array($element)) {
			work_over($element);
			$element['x'] = 1;
		} else {
			$element = [$element];
		}
	}
	unset($element);
	for ($i = 0; $i < 20; $i++) {
		$copy["more $i"] = $i;
	}
	unset($copy["more 3"]);
	ksort($copy, SORT_STRING);
	try {
		$copy[] = 'next';
	} catch (Error) {
	}
	$keys = array_flip(array_keys($array));
	if (count($keys) !== count($array)) {
		throw new LogicException('keys');
	}
	foreach ($keys as $key => $_) {
		if (!array_key_exists($key, $array)) {
			throw new LogicException("key $key is not found");
		}
	}
}
foreach ([$rows, $odd, $holes, $long, $collide, $lists, [], $emptied] as $array) {
	$before = shmx_codec_test_encode($array);
	$decoded = shmx_codec_test_decode($before);
	work_over($decoded);
	$intact[] = same($decoded, $array) && shmx_codec_test_encode($decoded) !== '' && same($array, shmx_codec_test_decode($before));
}
ok(!in_array(false, $intact, true), 'decoded arrays can be copied, changed, sorted and searched like any other');

/* --- what goes through serialize() --- */

final class Plain {
	public $a = 1;
	protected $b = [1, 2];
	private ?Plain $c = null;
	public function link(): static {
		$this->c = $this;
		return $this;
	}
}
final class Custom {
	public static int $woken = 0;
	public function __construct(public mixed $inner = null) {
	}
	public function __serialize(): array {
		/* Encoding within an encoding. */
		return ['inner' => shmx_codec_test_encode([$this->inner, range(1, 50), ['k' => 'v']])];
	}
	public function __unserialize(array $data): void {
		self::$woken++;
		$this->inner = shmx_codec_test_decode($data['inner'])[0];
	}
}
final class Refuses {
	public function __serialize(): array {
		throw new DomainException('not me');
	}
}
final class RefusesBack {
	public function __unserialize(array $data): void {
		throw new DomainException('not back');
	}
}
final class Wakes {
	public function __wakeup(): void {
		throw new DomainException('not awake');
	}
}
final class Dies {
	public static int $died = 0;
	public function __destruct() {
		self::$died++;
		shmx_codec_test_decode(shmx_codec_test_encode(['a' => [1, 2, 3, 4]]));
	}
}
enum Suit: string {
	case Hearts = 'h';
	case Spades = 's';
}
/** Multiplies as C's uint64_t does: numbers of eight bytes, the lowest first. */
function times(string $a, string $b): string {
	$product = '';
	for ($at = $carry = 0; $at < 8; $at++) {
		for ($i = 0; $i <= $at; $i++) {
			$carry += ord($a[$i]) * ord($b[$at - $i]);
		}
		$product .= chr($carry & 255);
		$carry >>= 8;
	}
	return $product;
}
/** A record of what serialize() wrote, with the checksum that docs/format.md describes. */
function serialized(string $bytes): string {
	$sum = strrev(hex2bin('9e3779b97f4a7c15')) ^ pack('VV', strlen($bytes), 0);
	foreach ($bytes === '' ? [] : str_split($bytes, 8) as $word) {
		$sum = times($sum ^ str_pad($word, 8, "\0"), strrev(hex2bin('d6e8feb86659fd93')));
		$sum ^= substr($sum, 4) . "\0\0\0\0";
	}
	return chr(TYPE_SERIALIZED) . $sum . $bytes;
}
function by_serializer(mixed $value): bool {
	$bytes = shmx_codec_test_encode($value);
	return $bytes === serialized(serialize($value)) && serialize(shmx_codec_test_decode($bytes)) === serialize($value);
}
$object = new Plain;
ok(by_serializer($object) && by_serializer([$object, 'x' => [$object]]) && by_serializer((new Plain)->link()), 'objects are as serialize() has them');
$back = shmx_codec_test_decode(shmx_codec_test_encode([$object, 'x' => [$object]]));
ok($back[0] === $back['x'][0], 'an object that is in a value twice is one object again');
ok(shmx_codec_test_decode(shmx_codec_test_encode(['s' => Suit::Spades]))['s'] === Suit::Spades, 'an enum comes back as the case it is');
$back = shmx_codec_test_decode(shmx_codec_test_encode(new Custom(['a' => 1, 'b' => [2, new Custom(3)]])));
ok($back->inner['b'][1]->inner === 3 && Custom::$woken === 2, '__serialize and __unserialize may use the codec themselves');
$a = [1, 'k' => 2];
$a['self'] = &$a['k'];
ok(by_serializer($a), 'two references to one value stay references');
$back = shmx_codec_test_decode(shmx_codec_test_encode($a));
$back['self'] = 'changed';
ok($back['k'] === 'changed', 'and a change through one is seen through the other');
$lonely = [1, 2, 3];
foreach ($lonely as &$element) {
}
unset($element);
ok(shmx_codec_test_encode($lonely)[0] === chr(TYPE_ARRAY) && shmx_codec_test_decode(shmx_codec_test_encode($lonely)) === [1, 2, 3], 'a reference that nobody shares is its value');
$cycle = ['a' => 1];
$cycle['me'] = &$cycle;
$back = shmx_codec_test_decode(shmx_codec_test_encode($cycle));
ok($back['me']['me']['me']['a'] === 1, 'an array that contains itself comes back');
unset($cycle, $back, $a);
$handle = fopen('php://memory', 'r');
ok(by_serializer($handle) && by_serializer([$handle]), 'a resource is what serialize() makes of it');
foreach ([fn() => 1, [fn() => 1], (function () { yield 1; })(), new class { }, new ReflectionClass('Plain'), new SplFixedArray(0)] as $value) {
	try {
		$expected = serialize($value);
	} catch (Throwable $e) {
		$expected = get_class($e) . $e->getMessage();
	}
	try {
		$got = substr(shmx_codec_test_encode($value), 9);
	} catch (Throwable $e) {
		$got = get_class($e) . $e->getMessage();
	}
	$alike[] = $got === $expected;
}
ok(!in_array(false, $alike, true), 'closures, generators, anonymous classes throw what serialize() throws');
foreach ([fn() => shmx_codec_test_encode([1, new Refuses]), fn() => shmx_codec_test_decode(serialized('O:11:"RefusesBack":0:{}')), fn() => shmx_codec_test_decode(serialized('a:1:{i:0;O:5:"Wakes":0:{}}'))] as $call) {
	try {
		$call();
		$domain[] = false;
	} catch (DomainException) {
		$domain[] = true;
	}
}
ok(!in_array(false, $domain, true), "what __serialize, __unserialize and __wakeup throw arrives");
$missing = shmx_codec_test_decode(serialized('O:7:"Missing":1:{s:1:"a";i:1;}'));
ok($missing instanceof __PHP_Incomplete_Class && shmx_codec_test_encode($missing) === serialized('O:7:"Missing":1:{s:1:"a";i:1;}'), '__PHP_Incomplete_Class comes back as it was');
$back = shmx_codec_test_decode(shmx_codec_test_encode([new Dies, new Dies]));
unset($back);
ok(Dies::$died >= 2, 'a destructor may use the codec');
set_error_handler(fn() => true);
ok(refuses(serialized('i:1')) && refuses(serialized('')) && refuses(serialized('i:1;i:2;')) && refuses(serialized('a:1:{i:0;R:7;}')), 'bytes that serialize() did not write are refused');
restore_error_handler();
$bytes = shmx_codec_test_encode(new Custom(['a' => 1, 'b' => 'twelve bytes']));
$woken = Custom::$woken;
for ($at = 1; $at < strlen($bytes); $at++) {
	foreach (["\0", "\xff", chr(ord($bytes[$at]) ^ 1)] as $byte) {
		if ($byte !== $bytes[$at]) {
			$caught[] = refuses(substr_replace($bytes, $byte, $at, 1));
		}
	}
	$caught[] = refuses(substr($bytes, 0, $at));
}
ok(!in_array(false, $caught, true) && Custom::$woken === $woken, 'serialized bytes with any one of them changed, or cut off, never reach the unserializer');

/* --- bytes that nobody wrote --- */

$u32 = fn(int $n) => pack('V', $n);
$i64 = fn(int $n) => pack('VV', $n, $n >> 32);
$a = chr(TYPE_ARRAY);
$key = fn(string $k, int $hint = 0) => chr(strlen($k)) . pack('V', $hint) . $k;
ok(refuses('') && refuses("\0") && refuses("\x09") && refuses("\xff") && refuses("\1x") && refuses("\4") && refuses("\4" . 'seven b') && refuses("\5" . 'nine byte'), 'a scalar of the wrong length and a type that is none are refused');
ok(refuses($a) && refuses("$a\0") && refuses("$a\1") && refuses("$a\4\0\0\0\0") && refuses("$a\x0a\0"), 'what is no array, or has bytes left over, is refused');
ok(refuses("$a\x0b" . $u32(-1)) && refuses("$a\x0c" . $u32(0x20000000) . str_repeat("\0", 80)) && refuses("$a\x10" . $u32(0x3fffffff) . str_repeat("\0", 80)) && refuses("$a\x0b" . $u32(3) . "\1\1"), 'a count beyond the input is refused before anything is allocated for it');
$hash = fn(int $count, int $next, string $entries) => chr(TYPE_ARRAY) . "\x10" . $u32($count) . $i64($next) . $entries;
ok(refuses($hash(2, 0, $key('ab') . "\1" . $key('ab') . "\1")) && refuses($hash(2, 9, "\xff" . $i64(5) . "\1\xff" . $i64(5) . "\1")), 'a key met twice is refused');
ok(refuses("$a\x0e\2" . $key('ab') . $key('ab', 7) . "\1\1"), 'in a shape too');
ok(refuses($hash(1, 5, "\xff" . $i64(5) . "\1")) && !refuses($hash(1, 6, "\xff" . $i64(5) . "\1")), 'a next free index that is taken is refused');
$memory = memory_get_usage();
$value = shmx_codec_test_decode("$a\x0b" . $u32(10_000) . str_repeat("\x40", 10_000));
ok($value === array_fill(0, 10_000, []) && memory_get_usage() - $memory < 1 << 20, 'an empty list takes no table of its own, whatever it is written as');
/* What takes the most memory for its bytes: tables of 8 places with one in use, and counts that nothing stands behind. */
$times = fn(int $bytes, string $row) => "\x0b" . $u32(intdiv(60_000, $bytes)) . str_repeat($row, intdiv(60_000, $bytes));
$maps = "\x0e\1" . $key('ab') . "\1" . str_repeat(str_repeat("\x0f\0", 510) . "\1", 58);
$largest = [
	'lists of one' => $times(511, str_repeat("\x41", 510) . "\1"),
	'lists of one beside each other' => $times(2, "\x41\1"),
	'maps of one' => "\x0b" . $u32(59) . $maps,
	'lists of two' => $times(3, "\x42\1\1"),
	'counts' => str_repeat("\x0b" . $u32(50_000), 400) . str_repeat("\1", 58_000),
	'counts of maps' => str_repeat("\x10" . $u32(6_000) . $i64(0) . $key('ab'), 400) . str_repeat("\1", 58_000),
	'counts of 64' => str_repeat("\x7f", 511) . str_repeat("\1", 30_000),
];
foreach ($largest as $name => $bytes) {
	memory_reset_peak_usage();
	$memory = memory_get_usage();
	try {
		$value = shmx_codec_test_decode($a . $bytes);
	} catch (Exception) {
	}
	$factor = intdiv(memory_get_peak_usage() - $memory, strlen($bytes));
	// A debug build's allocator adds to each of them.
	ok($factor < (PHP_DEBUG ? 384 : 256), "$name take less than 256 bytes for each of theirs: $factor");
	unset($value);
}
$value = shmx_codec_test_decode("$a\x10" . $u32(1) . "\0\0\0\x80\0\0\0\0\xff" . $i64(2147483647) . "\1");
ok($value === [2147483647 => null], 'the last int key of 32 bits is read whatever the width of an int');
$value = shmx_codec_test_decode("$a\x10" . $u32(1) . "\0\0\0\0\0\0\0\x80" . $key('ab') . "\1");
$value[] = 'appended';
ok($value === ['ab' => null, 'appended'], 'and so is an array that had no int key yet');
$value = shmx_codec_test_decode($hash(2, 0, $key('wrong', 1) . "\2" . $key('hints', 2) . "\3"));
ok(isset($value['wrong']) && $value['hints'] === true, 'a wrong hint beside a key changes nothing');
for ($i = 0; $i < 4; $i++) {
	$value = shmx_codec_test_decode($hash(2, 0, $key("same$i", 77) . "\2" . $key("hint$i", 77) . "\3"));
	$hinted[] = $value === ["same$i" => false, "hint$i" => true];
	$value = shmx_codec_test_decode($hash(2, 0, $key("same0", 77) . "\2" . $key("hint$i", 77) . "\3"));
	$hinted[] = $value === ["same0" => false, "hint$i" => true];
}
ok(!in_array(false, $hinted, true), 'one hint for many keys changes nothing');
ok(refuses("$a\x0f\0") && refuses("$a\x42\x0e\1" . $key('ab') . "\1\x0f\1\1") && refuses("$a\x41\x09\0") && refuses("$a\x42\x08" . $u32(2) . "hi\x09\1"), 'a shape or a string that was not written before is refused');
ok(shmx_codec_test_decode("$a\x42\x0e\1" . $key('ab') . "\1\x0f\0\2") === [['ab' => null], ['ab' => false]], 'one that was is not');
ok(refuses($a . str_repeat("\x41", 513) . "\1") && !refuses($a . str_repeat("\x41", 511) . "\x0a"), 'nesting beyond the limit is refused');
ok(refuses($a . str_repeat("\x41", 5000000)), 'nesting of millions is refused');
$numbered = fn(int $count) => "$a\x0b" . $u32($count) . str_repeat("\x08" . $u32(2) . 'hi', $count);
ok(shmx_codec_test_decode($numbered(256)) === array_fill(0, 256, 'hi') && refuses($numbered(257)), 'more strings to be named again than there are numbers for them are refused');
ok(refuses($a . str_repeat("\x0e\1\2\0\0\0\0ab", 600) . "\1"), 'as it is through shapes');

$victims = [
	'list' => [1, 'ab', 2.5, null, [true, false], [1, 2, 3, 4], [1.0, 2.0, 3.0, 4.0], 1 << 40, 'x', ''],
	'rows' => array_slice($rows, 0, 3),
	'hash' => ['abc' => 1, 7 => 'seven', 'long' . str_repeat('k', 260) => [], -3 => [3 => 1]],
	'shapes' => [['p' => 'shared', 'qq' => 1], ['p' => 'shared', 'qq' => ['p' => 'shared', 'qq' => []]], ['zz' => 'shared']],
	'string' => 'a string',
	'int' => 12345,
];
foreach ($victims as $name => $victim) {
	$bytes = shmx_codec_test_encode($victim);
	$valid = shmx_codec_test_damage($bytes, 0, $small ? 60 : strlen($bytes));
	ok(same($victim, shmx_codec_test_decode($bytes)), "$name: cut at every length, every byte set to every value: a value or a refusal ($valid were values)");
}

$random_bytes = 0;
for ($i = 0; $i < ($small ? 2000 : 200000); $i++) {
	$bytes = $a . chr([0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x41, 0x42, 0x45][mt_rand(0, 8)]);
	for ($j = mt_rand(0, 40); $j > 0; $j--) {
		$bytes .= chr(mt_rand(0, 2) ? mt_rand(0, 16) : [0x42, 0x44, 0x80, 0x81, 0x82, 0xff, 0, mt_rand(0, 255)][mt_rand(0, 7)]);
	}
	$random_bytes += (int) refuses($bytes);
}
ok($random_bytes > 0, "random bytes: a value or a refusal ($random_bytes of $i refused)");

/* --- random values --- */

function random_string(): string {
	static $pool = ['id', 'name', 'x', '', 'tags', '12', '012', 'a longer string than most of the others here'];
	return mt_rand(0, 2) ? $pool[mt_rand(0, count($pool) - 1)] : substr(md5((string) mt_rand()), 0, mt_rand(0, 32)) . str_repeat('.', mt_rand(0, 20) ? 0 : mt_rand(0, 400));
}
function random_value(int $depth): mixed {
	switch (mt_rand(0, $depth > 0 ? 12 : 7)) {
		case 0: return null;
		case 1: return (bool) mt_rand(0, 1);
		case 2: return mt_rand(-200, 200);
		case 3: return mt_rand() * mt_rand() - mt_rand();
		case 4: return [NAN, INF, -0.0, 1.5, 1e300][mt_rand(0, 4)];
		case 5: return mt_rand() / 7;
		case 6:
		case 7: return random_string();
		case 8:
			$array = [];
			for ($i = mt_rand(0, 12); $i > 0; $i--) {
				$array[] = random_value($depth - 1);
			}
			return $array;
		case 9:
			$array = [];
			for ($i = mt_rand(0, 80); $i > 0; $i--) {
				$array[] = $i & 1 || mt_rand(0, 30) ? $i : null;
			}
			return $array;
		case 10:
			$array = [];
			for ($i = mt_rand(0, 12); $i > 0; $i--) {
				$array[random_string()] = random_value($depth - 1);
			}
			return $array;
		case 11:
			$rows = [];
			$keys = array_unique([random_string(), random_string(), random_string()]);
			for ($i = mt_rand(0, 8); $i > 0; $i--) {
				$row = [];
				foreach ($keys as $key) {
					$row[$key] = random_value(mt_rand(0, 3) ? 0 : $depth - 1);
				}
				$rows[] = $row;
			}
			return $rows;
		default:
			$array = [];
			for ($i = mt_rand(0, 12); $i > 0; $i--) {
				mt_rand(0, 1) ? $array[mt_rand(-20, 20)] = random_value($depth - 1) : $array[random_string()] = random_value($depth - 1);
				if (!mt_rand(0, 3)) {
					unset($array[array_key_first($array)]);
				}
			}
			return $array;
	}
}
$wrong = 0;
$written = 0;
for ($i = 0; $i < ($small ? 300 : 30000) && !$wrong; $i++) {
	$value = random_value(4);
	$bytes = shmx_codec_test_encode($value, (bool) ($i & 1));
	$back = shmx_codec_test_decode($bytes, (bool) ($i & 2));
	$written += strlen($bytes);
	if (!same($value, $back) || serialize($back) !== serialize($value) || $bytes[0] === chr(TYPE_SERIALIZED)) {
		$wrong++;
		note(var_export($value, true));
	}
	if ($i % 10 == 0 && is_array($back)) {
		work_over($back);
	}
}
ok(!$wrong, "$i random values come back, $written bytes of them");
$wrong = 0;
for ($i = 0; $i < ($small ? 30 : 3000) && !$wrong; $i++) {
	$value = random_value(4);
	if (is_array($value)) {
		$bytes = shmx_codec_test_encode($value);
		for ($j = 0; $j < 20; $j++) {
			$damaged = $bytes;
			for ($k = mt_rand(1, 4); $k > 0; $k--) {
				$damaged[mt_rand(1, strlen($bytes) - 1)] = chr(mt_rand(0, 1) ? mt_rand(0, 16) : mt_rand(0, 255));
			}
			try {
				$back = shmx_codec_test_decode($damaged);
				$wrong += (int) !same($back, shmx_codec_test_decode(shmx_codec_test_encode($back)));
				if (is_array($back)) {
					work_over($back);
				}
			} catch (Exception) {
			}
		}
	}
}
ok(!$wrong, 'random values with random damage: a value that is good in every way, or a refusal');

/* --- bytes that change while they are read --- */

$storm = ['rows' => array_slice($rows, 0, 20), 'victims' => $victims, 'map' => array_flip(array_map(fn($i) => "key$i", range(0, 99)))];
foreach ($storm as $name => $value) {
	$counts = shmx_codec_test_storm(shmx_codec_test_encode($value), $small ? 0.2 : 0.5, mt_rand());
	ok(is_array($counts), "$name, while another thread writes into it: {$counts[0]} values and {$counts[1]} refusals, each sound");
}

/* --- keys that are remembered --- */

$before = memory_get_usage();
for ($i = 0; $i < ($small ? 2 : 30); $i++) {
	$map = [];
	for ($j = 0; $j < 10000; $j++) {
		$map["flood $i $j"] = $j;
	}
	$flooded[] = returns($map);
}
unset($map);
ok(!in_array(false, $flooded, true) && memory_get_usage() - $before < 1 << 20, 'more keys than are remembered come back all the same');

ok(shmx_codec_test_flood(100) && !shmx_codec_test_flood(100000), 'a request that met far too many keys leaves the next one an empty memory, another all it has');

/* Leak checkers would take these for leaks. */
gc_collect_cycles();
echo "1..$tests\n";
exit(empty($failed) ? 0 : 1);
