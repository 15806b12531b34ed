--TEST--
of values that another user may have put there, those that PHP serializes are refused, and no others
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';

final class Gadget
{
	public static int $revived = 0;
	public function __wakeup(): void
	{
		self::$revived++;
	}
}

enum Suit
{
	case Hearts;
}

function nested(int $levels, mixed $value): mixed
{
	return $levels === 0 ? $value : nested($levels - 1, [$value]);
}

$one = 1;
$values = [
	'null' => null,
	'false' => false,
	'true' => true,
	'an int' => PHP_INT_MIN,
	'a float' => -0.5,
	'NAN' => NAN,
	'a string' => "bytes \0 \xff",
	'an empty string' => '',
	'what looks serialized' => serialize(new Gadget()),
	'an empty array' => [],
	'a list' => [1, 2.5, 'three', null, true],
	'a map' => ['a' => 1, 5 => ['b' => [false]]],
	'arrays 512 deep' => nested(512, 'x'),
	'a reference that nobody shares' => [&$unshared],
	'an object' => new Gadget(),
	'an object in an array' => ['a' => [new Gadget()]],
	'an object of PHP\'s' => new ArrayObject([1]),
	'an enum' => Suit::Hearts,
	'an enum in an array' => [Suit::Hearts],
	'a shared reference' => [&$one, &$one],
	'a reference to the array itself' => [],
	'arrays 513 deep' => nested(513, 'x'),
];
unset($unshared);
$values['a reference to the array itself'][0] = &$values['a reference to the array itself'];

function look(callable $read, mixed $value): string
{
	try {
		$back = $read();
	} catch (ShmxException $e) {
		return error_name($e->getCode());
	}
	// Serialized, for NAN is not itself.
	return serialize($back) === serialize($value) ? 'the value' : 'SOMETHING ELSE';
}

umask(0);
$key = test_key(__FILE__);
foreach ([0666 => 'everybody may write', 0600 => 'one\'s own', 0400 => 'one\'s own, forbidden'] as $permissions => $title) {
	$variables = shmx_open($key, 'n', $permissions | 0600, 200_000);
	$queue = shmx_open($key + 1, 'n', $permissions | 0600, 200_000);
	if ($permissions === 0400) {
		shmx_allow_objects($variables, false);
		shmx_allow_objects($queue, false);
	}
	echo "$title\n";
	Gadget::$revived = 0;
	foreach ($values as $name => $value) {
		shmx_put_var($variables, 'key', $value);
		shmx_send($queue, $value);
		$results = array_unique([
			look(fn () => shmx_get_var($variables, 'key'), $value),
			look(fn () => shmx_receive($queue, $message, 0) ? $message : 'none', $value),
		]);
		printf("  %s: %s\n", $name, implode(' / ', $results));
		// Neither compares by reviving, nor says whether there is something.
		if (!shmx_has_var($variables, 'key') || ($value === $value && !shmx_cas_var($variables, 'key', $value, 1))) {
			echo "  $name is not compared\n";
		}
	}
	echo '  ', shmx_pending($queue), ' messages left, ', Gadget::$revived, " revived\n";
	shmx_delete($variables);
	shmx_delete($queue);
}
// What contains itself.
unset($values, $value);
gc_collect_cycles();
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
everybody may write
  null: the value
  false: the value
  true: the value
  an int: the value
  a float: the value
  NAN: the value
  a string: the value
  an empty string: the value
  what looks serialized: the value
  an empty array: the value
  a list: the value
  a map: the value
  arrays 512 deep: the value
  a reference that nobody shares: the value
  an object: SHMX_E_UNTRUSTED
  an object in an array: SHMX_E_UNTRUSTED
  an object of PHP's: SHMX_E_UNTRUSTED
  an enum: SHMX_E_UNTRUSTED
  an enum in an array: SHMX_E_UNTRUSTED
  a shared reference: SHMX_E_UNTRUSTED
  a reference to the array itself: SHMX_E_UNTRUSTED
  arrays 513 deep: SHMX_E_UNTRUSTED
  0 messages left, 0 revived
one's own
  null: the value
  false: the value
  true: the value
  an int: the value
  a float: the value
  NAN: the value
  a string: the value
  an empty string: the value
  what looks serialized: the value
  an empty array: the value
  a list: the value
  a map: the value
  arrays 512 deep: the value
  a reference that nobody shares: the value
  an object: the value
  an object in an array: the value
  an object of PHP's: the value
  an enum: the value
  an enum in an array: the value
  a shared reference: the value
  a reference to the array itself: the value
  arrays 513 deep: the value
  0 messages left, 4 revived
one's own, forbidden
  null: the value
  false: the value
  true: the value
  an int: the value
  a float: the value
  NAN: the value
  a string: the value
  an empty string: the value
  what looks serialized: the value
  an empty array: the value
  a list: the value
  a map: the value
  arrays 512 deep: the value
  a reference that nobody shares: the value
  an object: SHMX_E_UNTRUSTED
  an object in an array: SHMX_E_UNTRUSTED
  an object of PHP's: SHMX_E_UNTRUSTED
  an enum: SHMX_E_UNTRUSTED
  an enum in an array: SHMX_E_UNTRUSTED
  a shared reference: SHMX_E_UNTRUSTED
  a reference to the array itself: SHMX_E_UNTRUSTED
  arrays 513 deep: SHMX_E_UNTRUSTED
  0 messages left, 0 revived
