<?php
// Long random sequences of all calls on variables, by two handles and a second process in turn, against a plain PHP array:
// after each call its result, every key and every value are compared. Usage: vars_model.php [seed [calls]]
require __DIR__ . '/../helpers.inc';

$seed = (int) ($argv[1] ?? random_int(1, 1 << 30));
$calls = (int) ($argv[2] ?? 3000);
remove_test_keys_at_end(__FILE__);

/** Segments, the number of keys that are used on them, and the longest string: more than there is room for. */
const SEGMENTS = [[1000, 12, 60], [4096, 60, 200], [20000, 100, 1500], [20000, 400, 100], [200000, 150, 12000]];

echo '1..', count(SEGMENTS) + 1, "\n# seed $seed, $calls calls on each of ", count(SEGMENTS), " segments\n";

final class Thing
{
	public function __construct(public mixed $value, private array $more = []) {}
}

enum Suit
{
	case Hearts;
	case Spades;
}

function random_bytes_of(int $length): string
{
	return $length === 0 ? '' : substr(str_repeat(pack('N', mt_rand()), intdiv($length, 4) + 1), 0, $length);
}

function random_scalar(int $longest): mixed
{
	return match (mt_rand(0, 11)) {
		0 => null,
		1 => (bool) mt_rand(0, 1),
		2, 3, 4 => mt_rand(-5, 5),
		5 => [PHP_INT_MAX, PHP_INT_MIN, PHP_INT_MAX - 1, 1 << 40][mt_rand(0, 3)],
		6 => [0.0, -0.0, NAN, INF, -INF, 1.5, mt_rand() / 7][mt_rand(0, 6)],
		default => random_bytes_of(mt_rand(0, mt_rand(0, $longest))),
	};
}

function random_array(int $longest, int $depth): array
{
	$array = [];
	for ($i = mt_rand(0, 8); $i > 0; $i--) {
		$value = $depth > 0 && mt_rand(0, 3) === 0 ? random_array($longest, $depth - 1) : random_scalar(intdiv($longest, 8));
		match (mt_rand(0, 3)) {
			0 => $array['k' . mt_rand(0, 9)] = $value,
			1 => $array[mt_rand(-3, 50)] = $value,
			default => $array[] = $value,
		};
	}
	if (mt_rand(0, 3) === 0) {
		unset($array[0], $array[2]);
	}
	return $array;
}

/** A value, and whether it takes PHP's serializer to store it. */
function random_value(int $longest): array
{
	switch (mt_rand(0, 13)) {
		case 0:
			return [new Thing(random_scalar($longest), random_array($longest, 1)), true];
		case 1:
			return [[Suit::Hearts, new ArrayObject(random_array($longest, 0)), 'd' => new DateTimeImmutable('@' . mt_rand())], true];
		case 2:
			$shared = random_scalar($longest);
			return [['a' => &$shared, 'b' => &$shared], true];
		case 3:
		case 4:
		case 5:
			return [random_array($longest, 2), false];
		default:
			return [random_scalar($longest), false];
	}
}

/** What a variable should be. */
final class Expected
{
	public function __construct(public string $bytes, public bool $serialized, public bool $permanent) {}

	public static function of(array $value, bool $permanent): self
	{
		return new self(serialize($value[0]), $value[1], $permanent);
	}

	public function value(): mixed
	{
		return unserialize($this->bytes);
	}

	/** As shmx_cas_var() compares. */
	public function equals(self $other): bool
	{
		return $this->serialized === $other->serialized
			&& ($this->serialized ? $this->bytes === $other->bytes : $this->value() === $other->value());
	}
}

/** Makes one call; returns what it said, with values serialized: NAN and -0.0 are told apart. */
function make_call(Shmx $shmx, string $name, array $arguments): string
{
	try {
		$result = ("shmx_$name")($shmx, ...$arguments);
		if ($name === 'keys') {
			sort($result);
		}
		return serialize($result);
	} catch (ShmxException $e) {
		return error_name($e->getCode()) . preg_replace('/\D+/', ' ', $e->getMessage());
	} catch (ArithmeticError $e) {
		return $e::class;
	}
}

final class Model
{
	/** @var array<string|int, Expected> */
	private array $variables = [];
	public array $seen = [];
	public ?string $wrong = null;
	private string $last = '';

	/** @param array<callable> $actors each makes a call in its own way */
	public function __construct(private Shmx $shmx, private array $actors, private int $keys, private int $longest) {}

	private function key(): string|int
	{
		$number = mt_rand(0, $this->keys - 1);
		return match ($number % 5) {
			0 => $number,
			1 => "key $number",
			2 => "\0$number",
			3 => (string) $number,
			4 => $number === 4 ? '' : str_repeat('long ', $number % 7) . $number,
		};
	}

	private function call(string $name, mixed ...$arguments): string
	{
		$said = $this->actors[mt_rand(0, 9) === 0 ? 2 : mt_rand(0, 1)]($name, $arguments);
		$outcome = "$name " . (preg_match('/^(SHMX_E_\w+|ArithmeticError)/', $said, $found) ? $found[0] : 'done');
		$this->seen[$outcome] = ($this->seen[$outcome] ?? 0) + 1;
		$this->last = $name . '(' . substr(json_encode(array_map(fn ($argument) => substr(serialize($argument), 0, 100), $arguments),
			JSON_INVALID_UTF8_SUBSTITUTE), 0, 500) . ") said $said";
		return $said;
	}

	private function expect(string $said, mixed $result): bool
	{
		if ($said !== serialize($result)) {
			$this->wrong ??= "$this->last, expected " . serialize($result);
			return false;
		}
		return true;
	}

	/** Whether a call was refused for room; checks that it had reason to be. */
	private function isRefused(string $said, bool $permanent): bool
	{
		if (!preg_match('/^SHMX_E_(FULL|TOO_LARGE) (\d+) (\d+)/', $said, $found)) {
			return false;
		}
		[, $code, $needed, $available] = $found;
		$info = shmx_info($this->shmx);
		// Moving needs two records of the largest size, and a sixteenth of the log or one more such record is left.
		$largest = array_reduce($this->variables, fn ($most, $variable) => $variable->permanent ? max($most, strlen($variable->bytes) + 100) : $most,
			(int) $needed) * 1.13;
		$reason = $code === 'TOO_LARGE'
			? $needed > $info['capacity'] * ($permanent ? 0.2 : 0.9)
			: $info['permanent_bytes'] + $needed + 3 * $largest + $info['capacity'] / 16 > $info['capacity'];
		if ($needed <= $available || !$reason) {
			$this->wrong ??= "$this->last, without reason: " . json_encode($info);
		}
		return true;
	}

	private static function recordOf(?Expected $expected): ?int
	{
		$value = $expected?->permanent ? $expected->value() : null;
		return is_string($value) ? strlen($value) + 7 & ~7 : null;
	}

	private function store(string $name): void
	{
		$key = $this->key();
		$value = random_value($this->longest);
		$ttl = [0, 0, SHMX_EVICTABLE, 1000][mt_rand(0, 3)];
		$old = $this->variables[$key] ?? null;
		$new = Expected::of($value, $ttl === 0);
		$said = $this->call($name, $key, $value[0], $ttl);
		if ($name === 'add_var' && $old !== null) {
			if (!str_starts_with($said, 'SHMX_E_TOO_LARGE')) {
				$this->expect($said, false);
			}
		} elseif ($this->isRefused($said, $ttl === 0)) {
			if (self::recordOf($old) !== null && self::recordOf($new) !== null && self::recordOf($new) <= self::recordOf($old)) {
				$this->wrong ??= "$this->last, and it is no larger than what it was to replace";
			}
		} elseif ($this->expect($said, true)) {
			$this->variables[$key] = $new;
		}
	}

	private function swap(): void
	{
		$key = $this->key();
		$old = $this->variables[$key] ?? null;
		$guess = $old !== null && mt_rand(0, 2) ? $old : Expected::of(random_value(20), true);
		$value = random_value($this->longest);
		$said = $this->call('cas_var', $key, $guess->value(), $value[0]);
		$equal = $old !== null && $old->equals($guess);
		if (!$this->isRefused($said, $old?->permanent ?? false) && $this->expect($said, $equal) && $equal) {
			$this->variables[$key] = Expected::of($value, $old->permanent);
		}
	}

	private function count(): void
	{
		$key = $this->key();
		$step = [1, 1, -1, 0, mt_rand(-9, 9), PHP_INT_MAX, PHP_INT_MIN][mt_rand(0, 6)];
		$ttl = [0, SHMX_EVICTABLE][mt_rand(0, 1)];
		$old = $this->variables[$key] ?? null;
		$said = $this->call('inc_var', $key, $step, $ttl);
		$sum = $old === null ? $step : (is_int($old->value()) ? $old->value() + $step : null);
		if ($sum === null || is_float($sum)) {
			if (!str_starts_with($said, $sum === null ? 'SHMX_E_TYPE' : 'ArithmeticError')) {
				$this->wrong ??= $this->last;
			}
		} elseif (!($old === null && $this->isRefused($said, $ttl === 0)) && $this->expect($said, $sum)) {
			$this->variables[$key] = new Expected(serialize($sum), false, $old?->permanent ?? $ttl === 0);
		}
	}

	private function clear(): void
	{
		if (mt_rand(0, 29) === 0) {
			$this->expect($this->call('clear'), null);
			$this->variables = [];
		}
	}

	private function remove(): void
	{
		$key = $this->key();
		$this->expect($this->call('remove_var', $key), isset($this->variables[$key]));
		unset($this->variables[$key]);
	}

	private function read(): void
	{
		$key = $this->key();
		$expected = $this->variables[$key] ?? null;
		$this->expect($this->call('get_var', $key, 'default'), $expected === null ? 'default' : $expected->value());
		$this->expect($this->call('has_var', $key), $expected !== null);
	}

	/** All that is there is as expected, all that is expected is there; what may be dropped and is gone is forgotten. */
	private function compare(): void
	{
		foreach ($this->variables as $key => $expected) {
			$value = serialize(shmx_get_var($this->shmx, $key, 'not there'));
			if ($value === $expected->bytes) {
				continue;
			}
			if ($expected->permanent || shmx_has_var($this->shmx, $key)) {
				$this->wrong ??= "$this->last; then under " . json_encode($key) . ' stands ' . substr($value, 0, 200) . ' instead of '
					. substr($expected->bytes, 0, 200);
				return;
			}
			unset($this->variables[$key]);
		}
		$keys = shmx_keys($this->shmx);
		$info = shmx_info($this->shmx);
		$expected = array_keys($this->variables);
		sort($keys);
		sort($expected);
		$permanents = count(array_filter($this->variables, fn ($variable) => $variable->permanent));
		if ($keys !== $expected) {
			$this->wrong ??= "$this->last; then the keys are " . json_encode($keys) . ' instead of ' . json_encode($expected);
		} elseif (isset($info['entries']) && ($info['entries'] !== count($keys) || $info['bytes_live'] < 32 * count($keys)
			|| $info['permanent_bytes'] < 32 * $permanents || $info['bytes_live'] > $info['bytes_used'] || $info['bytes_used'] > $info['capacity']
			|| ($permanents === count($keys)) !== ($info['permanent_bytes'] === $info['bytes_live']))) {
			$this->wrong ??= "$this->last; then " . count($keys) . ' keys are there, and ' . json_encode($info);
		}
	}

	public function step(): void
	{
		$locked = mt_rand(0, 19) === 0;
		// Under a lock only its own handle can write.
		$actors = $this->actors;
		if ($locked) {
			shmx_lock($this->shmx);
			$this->actors = [$actors[0], $actors[0], $actors[0]];
		}
		for ($i = $locked ? 3 : 1; $i > 0; $i--) {
			match (mt_rand(0, 19)) {
				0, 1, 2, 3, 4, 5, 6, 7 => $this->store('put_var'),
				8, 9, 10 => $this->store('add_var'),
				11, 12 => $this->swap(),
				13, 14, 15 => $this->count(),
				16, 17 => $this->remove(),
				18 => $this->read(),
				19 => $this->clear(),
			};
			$this->compare();
		}
		if ($locked) {
			$this->actors = $actors;
			shmx_unlock($this->shmx);
		}
	}
}

foreach (SEGMENTS as $number => [$size, $keys, $longest]) {
	mt_srand($seed + $number);
	$key = test_key(__FILE__, $number);
	$shmx = shmx_open($key, 'n', 0600, $size);
	$other = shmx_open($key, 'w', 0, 0);
	$child = new Child(function ($parent) use ($key) {
		$shmx = shmx_open($key, 'w', 0, 0);
		// All of the calls together may take long; one that hangs does not.
		while ($call = $parent->hear()) {
			pcntl_alarm(60 * slowness());
			$parent->say(make_call($shmx, ...$call));
		}
	});
	$model = new Model($shmx, [
		fn ($name, $arguments) => make_call($shmx, $name, $arguments),
		fn ($name, $arguments) => make_call($other, $name, $arguments),
		function ($name, $arguments) use ($child) {
			$child->say([$name, $arguments]);
			return $child->hear() ?? 'the other process is gone';
		},
	], $keys, $longest);
	for ($i = 0; $i < $calls && $model->wrong === null; $i++) {
		$model->step();
	}
	$child->kill();
	$info = shmx_info($shmx);
	shmx_delete($shmx);
	ok($model->wrong === null, "$i calls on a segment of $size bytes do what they do on an array", "seed $seed, call $i: $model->wrong");
	ksort($model->seen);
	echo '# ', urldecode(http_build_query($model->seen, '', ', ')), "\n# $info[evictions] evictions, $info[moved_bytes] bytes moved\n";
	$seen[] = $model->seen + ['evictions' => $info['evictions'], 'moved' => $info['moved_bytes']];
}
$missing = array_filter(['put_var done', 'put_var SHMX_E_FULL', 'put_var SHMX_E_TOO_LARGE', 'cas_var done', 'inc_var SHMX_E_TYPE',
	'inc_var ArithmeticError', 'clear done', 'evictions', 'moved'], fn ($what) => array_sum(array_column($seen, $what)) === 0);
ok($calls < 500 || $missing === [], 'the calls met a full segment, values too large, dropped and moved variables', implode(', ', $missing));
