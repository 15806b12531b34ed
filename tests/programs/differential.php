<?php
// Calls ext/shmop and shmx with the same generated arguments and compares what both do: result, exception, message, and
// the segment that is left. Usage: differential.php [seed [calls]]
//
// Where shmx differs on purpose the comparison says so by name and counts it; everything else must be the same.
require __DIR__ . '/../helpers.inc';

$seed = (int) ($argv[1] ?? random_int(1, 1 << 30));
$calls = (int) ($argv[2] ?? 20000);
remove_test_keys_at_end(__FILE__);
echo "1..3\n# seed $seed, $calls calls\n";

/** The same life of a few keys, led by both extensions side by side. */
final class Twins
{
	public array $differences = [];
	public array $deliberate = [];
	public array $done = [];
	/** Pairs of open handles. */
	private array $handles = [];

	public function __construct(private int $keys) {}

	public function step(): void
	{
		$random = mt_rand(0, 99);
		if ($this->handles === [] || $random < 35) {
			$this->open();
			return;
		}
		$which = array_rand($this->handles);
		match (true) {
			$random < 55 => $this->compare('read', $which, [self::position(), self::position()]),
			$random < 80 => $this->compare('write', $which, [self::data(), self::position()]),
			$random < 85 => $this->compare('size', $which, []),
			$random < 90 => $this->compare('delete', $which, []),
			$random < 93 => $this->close($which),
			default => $this->forget($which),
		};
		if (count($this->handles) > 20) {
			$this->forget(array_key_first($this->handles));
		}
	}

	private function open(): void
	{
		$number = mt_rand(0, 5);
		$mode = self::one(['a', 'w', 'c', 'n', 'a', 'w', 'c', 'n', 'a', 'w', 'c', 'n', '', 'x', 'ac', "c\0", 'C']);
		$permissions = self::one([0600, 0644, 0666, 0600, 0644, 0666, 0, 0400, 0200, 0604, 0602, 0606, 0444, 0700, 0755, 0777,
			mt_rand(0, 0777), mt_rand(0, 0777), 01600, 02644, -1, mt_rand(), PHP_INT_MIN]);
		$size = self::one([1, 16, 100, 4096, 5000, 1 << 16, 1 << 16, 0, -1, PHP_INT_MIN, PHP_INT_MAX, PHP_INT_MAX - 8192,
			1 << 52, mt_rand(1, 1 << 16), mt_rand(1, 1 << 16)]);
		if (mt_rand(0, 99) === 0) {
			$this->impossibleKey($mode, $permissions, $size);
			return;
		}
		// shmop hands bits above the low nine to the kernel, where they are flags; shmx leaves them out.
		if ($permissions !== ($permissions & 0777)) {
			$this->count('permissions beyond nine bits');
		}
		$keys = $number === 0 ? [0, 0] : [$this->keys + $number, $this->keys + 100 + $number];
		$there = self::segments();
		$shmop = $this->call('shmop_open', [$keys[0], $mode, $permissions & 0777, $size]);
		// shmop asks a segment that is there for the permissions that a new one would get.
		if (str_contains($shmop[0], 'attach or create shared memory segment "Permission denied"')) {
			$this->count('permissions of a new segment asked of an old one');
			$shmop = $this->call('shmop_open', [$keys[0], $mode, 0, $size]);
		}
		$left = array_diff(self::segments(), $there);
		$shmx = $this->call('shmx_open', [$keys[1], $mode, $permissions, $size]);
		$leftByShmx = array_diff(self::segments(), $there, $left);
		if (str_contains($shmop[0], 'Cannot allocate memory') && $size > PHP_INT_MAX - 8192) {
			$this->count('with the header no size at all');
			$shmop[0] = strtr($shmop[0], ['Cannot allocate memory' => 'Invalid argument']);
		}
		$this->check('open', [$number, $mode, decoct($permissions), $size], $shmop, $shmx);
		if ($shmop[1] && $shmx[1]) {
			$this->handles[] = [$shmop[1], $shmx[1], $number === 0];
			return;
		}
		foreach ($left as $shmid) {
			$this->count('shmop leaves behind what it could not open');
			exec("ipcrm -m $shmid");
		}
		if ($leftByShmx !== []) {
			$this->differences[] = "a failed shmx_open left a segment behind: $shmx[0]";
		}
	}

	private function impossibleKey(string $mode, int $permissions, int $size): void
	{
		$this->count('key beyond key_t');
		$key = self::one([1 << 31, -(1 << 31) - 1, 1 << 32, PHP_INT_MAX, PHP_INT_MIN]);
		$said = $this->call('shmx_open', [$key, $mode, $permissions, $size])[0];
		if ($said !== 'ValueError: shmx_open(): Argument #1 ($key) is out of range') {
			$this->differences[] = "key $key: $said";
		}
	}

	private function compare(string $name, int $which, array $arguments): void
	{
		[$shmop, $shmx] = $this->handles[$which];
		$this->check($name, $arguments, $this->call("shmop_$name", [$shmop, ...$arguments]),
			$this->call("shmx_$name", [$shmx, ...$arguments]));
	}

	private function close(int $which): void
	{
		$this->count('shmx_close closes');
		[$shmop, $shmx, $private] = $this->handles[$which];
		unset($this->handles[$which]);
		if ($private) {
			shmop_delete($shmop);
			shmx_delete($shmx);
		}
		shmx_close($shmx);
		$name = self::one(['read', 'write', 'size', 'delete', 'close']);
		$arguments = ['read' => [0, 0], 'write' => ['', 0]][$name] ?? [];
		$said = $this->call("shmx_$name", [$shmx, ...$arguments])[0];
		if ($said !== 'Error: Shared memory segment has already been closed') {
			$this->differences[] = "$name on a closed handle: $said";
		}
	}

	private function forget(int $which): void
	{
		[$shmop, $shmx, $private] = $this->handles[$which];
		unset($this->handles[$which]);
		if ($private) {
			shmop_delete($shmop);
			shmx_delete($shmx);
		}
	}

	public function end(): void
	{
		array_map($this->forget(...), array_keys($this->handles));
	}

	/** [what is said, the value] */
	private function call(string $function, array $arguments): array
	{
		$value = null;
		$said = outcome(function () use ($function, $arguments, &$value) {
			$value = $function(...$arguments);
			return is_string($value) ? md5($value) . ' ' . strlen($value) : $value;
		});
		return [$said, $value];
	}

	private function check(string $name, array $arguments, array $shmop, array $shmx): void
	{
		$expected = strtr($shmop[0], ['shmop' => 'shmx', 'Shmop' => 'Shmx']);
		// After the system's own words shmx may say what to do about it.
		$found = preg_replace('/(segment (?:information )?"[A-Z][^":]*): .*(?="; false$)/', '$1', $shmx[0]);
		$kind = $name . ' ' . (preg_match('/^\w*(Error|Warning)(?=:)/', $expected, $word) ? $word[0] : 'value');
		$this->done[$kind] = ($this->done[$kind] ?? 0) + 1;
		if ($expected !== $found) {
			$shown = array_map(fn ($value) => is_string($value) && strlen($value) > 20 ? strlen($value) . ' bytes' : $value, $arguments);
			$this->differences[] = "$name(" . json_encode($shown) . ")\n  shmop: $shmop[0]\n  shmx:  $shmx[0]";
		}
	}

	private function count(string $what): void
	{
		$this->deliberate[$what] = ($this->deliberate[$what] ?? 0) + 1;
	}

	/** The ids of the segments that this process may have made. */
	private static function segments(): array
	{
		return array_column(array_filter(kernel_segments(), fn ($segment) => $segment['cpid'] === getmypid()), 'shmid');
	}

	private static function one(array $values): mixed
	{
		return $values[mt_rand(0, count($values) - 1)];
	}

	private static function position(): int
	{
		return self::one([0, 0, 1, 15, 16, 17, 99, 100, 101, 4095, 4096, 4097, 65535, 65536, -1, PHP_INT_MAX, PHP_INT_MIN,
			mt_rand(0, 70000), mt_rand(0, 200), mt_rand()]);
	}

	private static function data(): string
	{
		$length = self::one([0, 1, 2, 16, 100, 4095, 4096, 4097, 70000, mt_rand(0, 300)]);
		return substr(str_repeat(md5((string) mt_rand(), true), intdiv($length, 16) + 1), 0, $length);
	}

	/** Makes the segments that another user is to try: both sides, with each of the permissions. */
	public static function prepare(int $keys): void
	{
		foreach ([0600, 0604, 0602, 0606, 0666] as $number => $permissions) {
			shmop_write(shmop_open($keys + $number + 1, 'n', $permissions, 5000), 'of another user', 0);
			shmx_write(shmx_open($keys + 100 + $number + 1, 'n', $permissions, 5000), 'of another user', 0);
		}
	}
}

function run(int $keys, int $seed, int $calls): array
{
	mt_srand($seed);
	$twins = new Twins($keys);
	for ($i = 0; $i < $calls && count($twins->differences) < 5; $i++) {
		$twins->step();
	}
	$twins->end();
	return [$twins->differences, $twins->deliberate, $twins->done, $i];
}

function report(string $who, array $result, int $calls): void
{
	[$differences, $deliberate, $done, $made] = $result;
	ksort($done);
	ok($differences === [] && $made === $calls, "ext/shmop and shmx do the same in $calls calls, as $who", implode("\n", $differences));
	echo "# compared: ", urldecode(http_build_query($done, '', ', ')), "\n";
	echo "# deliberate differences: ", urldecode(http_build_query($deliberate, '', ', ')), "\n";
}

umask(0);
$key = test_key(__FILE__);
$root = posix_geteuid() === 0;
report($root ? 'root' : 'this user', run($key, $seed, $calls), $calls);
remove_test_keys(__FILE__);
if ($root) {
	Twins::prepare($key);
	report('another user on segments of root', unprivileged(fn () => run($key, $seed, intdiv($calls, 2))), intdiv($calls, 2));
	remove_test_keys(__FILE__);
	report('another user on segments of its own', unprivileged(fn () => run($key, $seed, intdiv($calls, 2))), intdiv($calls, 2));
} else {
	echo "ok 2 - as another user # SKIP needs root\nok 3 - as another user # SKIP needs root\n";
}
