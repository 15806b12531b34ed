--TEST--
shmx_inc_var counts ints only, and never beyond what an int holds
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

show(
	fn () => shmx_inc_var($shmx, 'new'),
	fn () => shmx_inc_var($shmx, 'new', 0),
	fn () => shmx_inc_var($shmx, 'other', -5),
	fn () => shmx_inc_var($shmx, 'zero', 0),
	fn () => shmx_get_var($shmx, 'zero'),
);
echo "the ends\n";
shmx_put_var($shmx, 'max', PHP_INT_MAX - 1);
shmx_put_var($shmx, 'min', PHP_INT_MIN + 1);
show(
	fn () => shmx_inc_var($shmx, 'max') === PHP_INT_MAX,
	fn () => shmx_inc_var($shmx, 'max'),
	fn () => shmx_inc_var($shmx, 'max', PHP_INT_MAX),
	fn () => shmx_get_var($shmx, 'max') === PHP_INT_MAX,
	fn () => shmx_inc_var($shmx, 'max', PHP_INT_MIN),
	fn () => shmx_inc_var($shmx, 'min', -1) === PHP_INT_MIN,
	fn () => shmx_inc_var($shmx, 'min', -1),
	fn () => shmx_inc_var($shmx, 'min', PHP_INT_MIN),
	fn () => shmx_get_var($shmx, 'min') === PHP_INT_MIN,
	fn () => shmx_inc_var($shmx, 'min', PHP_INT_MAX),
);
echo "what is no int\n";
foreach ([null, true, 1.0, '1', '', [1], new stdClass()] as $value) {
	shmx_put_var($shmx, 'key', $value);
	show(fn () => shmx_inc_var($shmx, 'key'));
	if (shmx_get_var($shmx, 'key') != $value) {
		echo "changed\n";
	}
}
$code = 0;
try {
	shmx_inc_var($shmx, 'key');
} catch (ShmxException $e) {
	$code = $e->getCode();
}
var_dump($code === SHMX_E_TYPE, $e instanceof RuntimeException, $e->getPrevious());
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
1
1
-5
0
0
the ends
true
ArithmeticError: The sum is too large for an int
ArithmeticError: The sum is too large for an int
true
-1
true
ArithmeticError: The sum is too large for an int
ArithmeticError: The sum is too large for an int
true
-1
what is no int
ShmxException SHMX_E_TYPE: The variable is not an int
ShmxException SHMX_E_TYPE: The variable is not an int
ShmxException SHMX_E_TYPE: The variable is not an int
ShmxException SHMX_E_TYPE: The variable is not an int
ShmxException SHMX_E_TYPE: The variable is not an int
ShmxException SHMX_E_TYPE: The variable is not an int
ShmxException SHMX_E_TYPE: The variable is not an int
bool(true)
bool(true)
NULL
