--TEST--
wrong arguments throw and change nothing
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 200000);

shmx_put_var($shmx, 'stays', 1);
$long = str_repeat('k', 65537);
show(
	fn () => shmx_put_var($shmx, 'stays', 2, -1),
	fn () => shmx_put_var($shmx, 'stays', 2, PHP_INT_MIN),
	fn () => shmx_add_var($shmx, 'new', 2, -1),
	fn () => shmx_inc_var($shmx, 'stays', 1, -1),
	fn () => shmx_put_var($shmx, $long, 1),
	fn () => shmx_add_var($shmx, $long, 1),
	fn () => shmx_get_var($shmx, $long),
	fn () => shmx_has_var($shmx, $long),
	fn () => shmx_remove_var($shmx, $long),
	fn () => shmx_inc_var($shmx, $long),
	fn () => shmx_cas_var($shmx, $long, 1, 2),
	fn () => shmx_put_var($shmx, [], 1),
	fn () => shmx_put_var($shmx, new stdClass(), 1),
	fn () => shmx_put_var($shmx, null, 1),
	fn () => shmx_put_var($shmx, 'stays', 1, 'soon'),
	fn () => shmx_put_var($shmx, 'stays'),
	fn () => shmx_cas_var($shmx, 'stays', 1),
	fn () => shmx_put_var('stays', 1, 2),
	fn () => shmx_inc_var($shmx, 'stays', 'one'),
	fn () => shmx_inc_var($shmx, 'stays', 1.5),
	fn () => shmx_keys(),
	fn () => shmx_get_var($shmx, 'stays'),
);
shmx_close($shmx);
echo "closed\n";
show(
	fn () => shmx_put_var($shmx, 'stays', 1),
	fn () => shmx_add_var($shmx, 'stays', 1),
	fn () => shmx_get_var($shmx, 'stays'),
	fn () => shmx_has_var($shmx, 'stays'),
	fn () => shmx_remove_var($shmx, 'stays'),
	fn () => shmx_inc_var($shmx, 'stays'),
	fn () => shmx_cas_var($shmx, 'stays', 1, 2),
	fn () => shmx_keys($shmx),
	fn () => shmx_clear($shmx),
);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
ValueError: shmx_put_var(): Argument #4 ($ttl) must be greater than or equal to 0
ValueError: shmx_put_var(): Argument #4 ($ttl) must be greater than or equal to 0
ValueError: shmx_add_var(): Argument #4 ($ttl) must be greater than or equal to 0
ValueError: shmx_inc_var(): Argument #4 ($ttl) must be greater than or equal to 0
ValueError: shmx_put_var(): Argument #2 ($key) must be at most 65536 bytes long
ValueError: shmx_add_var(): Argument #2 ($key) must be at most 65536 bytes long
ValueError: shmx_get_var(): Argument #2 ($key) must be at most 65536 bytes long
ValueError: shmx_has_var(): Argument #2 ($key) must be at most 65536 bytes long
ValueError: shmx_remove_var(): Argument #2 ($key) must be at most 65536 bytes long
ValueError: shmx_inc_var(): Argument #2 ($key) must be at most 65536 bytes long
ValueError: shmx_cas_var(): Argument #2 ($key) must be at most 65536 bytes long
TypeError: shmx_put_var(): Argument #2 ($key) must be of type string|int, array given
TypeError: shmx_put_var(): Argument #2 ($key) must be of type string|int, stdClass given
Deprecated: shmx_put_var(): Passing null to parameter #2 ($key) of type string|int is deprecated; true
TypeError: shmx_put_var(): Argument #4 ($ttl) must be of type int, string given
ArgumentCountError: shmx_put_var() expects at least 3 arguments, 2 given
ArgumentCountError: shmx_cas_var() expects exactly 4 arguments, 3 given
TypeError: shmx_put_var(): Argument #1 ($shmx) must be of type Shmx, string given
TypeError: shmx_inc_var(): Argument #3 ($step) must be of type int, string given
Deprecated: Implicit conversion from float 1.5 to int loses precision; 2
ArgumentCountError: shmx_keys() expects exactly 1 argument, 0 given
2
closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
