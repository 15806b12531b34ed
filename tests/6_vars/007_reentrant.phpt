--TEST--
user code that runs inside of a call may make every other call on the same segment
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 1000000);

/** Does something while it is serialized, unserialized or destroyed. */
final class Actor
{
	public static array $on = [];
	public static array $said = [];

	public function __construct(public string $name) {}

	private static function act(string $event): void
	{
		if (isset(self::$on[$event])) {
			$do = self::$on[$event];
			unset(self::$on[$event]);
			self::$said[] = "$event: " . outcome($do);
		}
	}

	public function __serialize(): array
	{
		self::act('serialize');
		return [$this->name];
	}

	public function __unserialize(array $data): void
	{
		[$this->name] = $data;
		self::act('unserialize');
	}

	public function __destruct()
	{
		self::act('destroy');
	}
}

/** Gets or puts an actor while that does something else on the segment. */
function scene(string $event, callable $do): string
{
	$shmx = shmx_open(test_key(__FILE__), 'w', 0, 0);
	shmx_put_var($shmx, 'actor', [new Actor('stored'), 'more']);
	shmx_put_var($shmx, 'x', 'plain');
	Actor::$said = [];
	Actor::$on = [$event => fn () => $do($shmx)];
	$said = match ($event) {
		'serialize' => outcome(fn () => shmx_put_var($shmx, 'actor', [new Actor('put'), 'after'])),
		'unserialize' => outcome(fn () => shmx_get_var($shmx, 'actor')[0]->name),
		'destroy' => outcome(function () use ($shmx) {
			shmx_get_var($shmx, 'actor');
			return 'gone';
		}),
	};
	Actor::$on = [];
	$other = shmx_open(test_key(__FILE__), 'w', 0, 0);
	$lock = outcome(fn () => shmx_lock($other, 1) && shmx_unlock($other));
	return implode('; ', [...Actor::$said, "call: $said", 'then: ' . outcome(fn () => shmx_get_var($other, 'actor', ['none'])[0]->name ?? 'none'),
		"lock: $lock"]);
}

$does = [
	'put' => fn ($shmx) => shmx_put_var($shmx, 'x', 'other'),
	'put the same' => fn ($shmx) => shmx_put_var($shmx, 'actor', [new Actor('nested'), str_repeat('n', 1000)]),
	'get the same' => fn ($shmx) => count((array) shmx_get_var($shmx, 'actor')),
	'remove the same' => fn ($shmx) => shmx_remove_var($shmx, 'actor'),
	'clear' => fn ($shmx) => shmx_clear($shmx),
	'fill' => function ($shmx) {
		for ($i = 0; $i < 2000; $i++) {
			shmx_put_var($shmx, "fill $i", str_repeat('f', 2000), SHMX_EVICTABLE);
		}
		return 'filled';
	},
	'swap' => fn ($shmx) => shmx_cas_var($shmx, 'x', 'plain', [1]),
	'count' => fn ($shmx) => shmx_inc_var($shmx, 'count'),
	'keys' => fn ($shmx) => count(shmx_keys($shmx)) > 1,
	'lock' => fn ($shmx) => shmx_lock($shmx) && shmx_unlock($shmx),
	'close' => fn ($shmx) => shmx_close($shmx),
	'throw' => fn ($shmx) => throw new LogicException('thrown'),
];
foreach (['serialize', 'unserialize', 'destroy'] as $event) {
	echo "-- $event\n";
	foreach ($does as $name => $do) {
		shmx_clear($shmx);
		echo "$name: ", scene($event, $do), "\n";
	}
}

echo "-- an exception that goes through\n";
final class Thrower
{
	public function __serialize(): array
	{
		throw new LogicException('while serialized');
	}
}
show(fn () => shmx_put_var($shmx, 'actor', ['a', new Thrower()]), fn () => shmx_put_var($shmx, 'actor', 'plain'), fn () => shmx_get_var($shmx, 'actor'));

echo "-- delete\n";
shmx_put_var($shmx, 'actor', new Actor('stored'));
Actor::$on = ['unserialize' => fn () => shmx_delete($shmx)];
show(fn () => shmx_get_var($shmx, 'actor')->name, fn () => shmx_put_var($shmx, 'actor', 'after'), fn () => shmx_get_var($shmx, 'actor'));
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
-- serialize
put: serialize: true; call: true; then: 'put'; lock: true
put the same: serialize: true; call: true; then: 'put'; lock: true
get the same: serialize: 2; call: true; then: 'put'; lock: true
remove the same: serialize: true; call: true; then: 'put'; lock: true
clear: serialize: null; call: true; then: 'put'; lock: true
fill: serialize: 'filled'; call: true; then: 'put'; lock: true
swap: serialize: true; call: true; then: 'put'; lock: true
count: serialize: 1; call: true; then: 'put'; lock: true
keys: serialize: true; call: true; then: 'put'; lock: true
lock: serialize: true; call: true; then: 'put'; lock: true
close: serialize: null; call: Error: Shared memory segment has already been closed; then: 'stored'; lock: true
throw: serialize: LogicException: thrown; call: true; then: 'put'; lock: true
-- unserialize
put: unserialize: true; call: 'stored'; then: 'stored'; lock: true
put the same: unserialize: true; call: 'stored'; then: 'nested'; lock: true
get the same: unserialize: 2; call: 'stored'; then: 'stored'; lock: true
remove the same: unserialize: true; call: 'stored'; then: 'none'; lock: true
clear: unserialize: null; call: 'stored'; then: 'none'; lock: true
fill: unserialize: 'filled'; call: 'stored'; then: 'stored'; lock: true
swap: unserialize: true; call: 'stored'; then: 'stored'; lock: true
count: unserialize: 1; call: 'stored'; then: 'stored'; lock: true
keys: unserialize: true; call: 'stored'; then: 'stored'; lock: true
lock: unserialize: true; call: 'stored'; then: 'stored'; lock: true
close: unserialize: null; call: 'stored'; then: 'stored'; lock: true
throw: unserialize: LogicException: thrown; call: 'stored'; then: 'stored'; lock: true
-- destroy
put: destroy: true; call: 'gone'; then: 'stored'; lock: true
put the same: destroy: true; call: 'gone'; then: 'nested'; lock: true
get the same: destroy: 2; call: 'gone'; then: 'stored'; lock: true
remove the same: destroy: true; call: 'gone'; then: 'none'; lock: true
clear: destroy: null; call: 'gone'; then: 'none'; lock: true
fill: destroy: 'filled'; call: 'gone'; then: 'stored'; lock: true
swap: destroy: true; call: 'gone'; then: 'stored'; lock: true
count: destroy: 1; call: 'gone'; then: 'stored'; lock: true
keys: destroy: true; call: 'gone'; then: 'stored'; lock: true
lock: destroy: true; call: 'gone'; then: 'stored'; lock: true
close: destroy: null; call: 'gone'; then: 'stored'; lock: true
throw: destroy: LogicException: thrown; call: 'gone'; then: 'stored'; lock: true
-- an exception that goes through
LogicException: while serialized
true
'plain'
-- delete
'stored'
true
'after'
