--TEST--
the second argument of shmx_receive is set, whatever it was
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 4096);

final class Typed
{
	public int $number = 7;
	public ?string $text = 't';
}

foreach ([1, 'two', [3], 'four', 'five', 'six', 'seven'] as $value) {
	shmx_send($shmx, $value);
}
shmx_receive($shmx, $fresh);
$array = ['old' => true];
shmx_receive($shmx, $array['new']);
$reference = &$array['old'];
shmx_receive($shmx, $reference);
var_dump($fresh, $array);
$typed = new Typed();
show(
	// The message is gone: what is received cannot be put back.
	fn () => shmx_receive($shmx, $typed->number),
	fn () => $typed->number,
	fn () => shmx_receive($shmx, $typed->text),
	fn () => $typed->text,
	fn () => shmx_pending($shmx),
);
// The old value goes when the new one is there, so that its destructor meets no half-destroyed one.
final class Last
{
	public function __construct(public string $name) {}
	public function __destruct()
	{
		global $object, $seen;
		echo "$this->name destroyed, the variable is ", brief($object), "\n";
		$seen = $object;
		$object = 'set by the destructor';
	}
}
$object = new Last('object');
shmx_receive($shmx, $object);
var_dump($object, $seen);
$object = [new Last('array'), 'beside'];
var_dump(shmx_receive($shmx, $empty, 0), shmx_receive($shmx, $object, 0), $object, $seen);
// Nothing there: null. A handle that is the output is no trouble.
$object = 'before';
var_dump(shmx_receive($shmx, $fresh, 0), $fresh, shmx_receive($shmx, $fresh, 0), $fresh, shmx_receive($shmx, $object, 0.001), $object);
shmx_send($shmx, 'last');
shmx_delete($shmx);
$handle = $shmx;
unset($shmx);
var_dump(shmx_receive($handle, $handle), $handle);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
int(1)
array(2) {
  ["old"]=>
  &array(1) {
    [0]=>
    int(3)
  }
  ["new"]=>
  string(3) "two"
}
TypeError: Cannot assign string to reference held by property Typed::$number of type int
7
true
'five'
2
object destroyed, the variable is 'six'
string(21) "set by the destructor"
string(3) "six"
array destroyed, the variable is null
bool(true)
bool(false)
string(21) "set by the destructor"
NULL
bool(false)
NULL
bool(false)
NULL
bool(false)
NULL
bool(true)
string(4) "last"
