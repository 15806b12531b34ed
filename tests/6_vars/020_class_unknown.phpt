--TEST--
an object whose class is not there comes back as __PHP_Incomplete_Class, and can be put again
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(test_key(__FILE__), 'n', 0600, 100000);

$child = new Child(function () use ($shmx) {
	eval('class OnlyThere { public $a = 1; }
		enum EnumOnlyThere { case One; }');
	shmx_put_var($shmx, 'object', new OnlyThere());
	shmx_put_var($shmx, 'enum', EnumOnlyThere::One);
});
$child->wait();
$object = shmx_get_var($shmx, 'object');
var_dump($object::class);
shmx_put_var($shmx, 'object', $object);
show(fn () => serialize(shmx_get_var($shmx, 'object')));
// unserialize() warns of an enum that it does not know, and finds no value.
show(fn () => shmx_get_var($shmx, 'enum'), fn () => shmx_has_var($shmx, 'enum'));

echo "with an autoloader the class is there\n";
spl_autoload_register(function ($class) use ($shmx) {
	echo "autoload $class\n";
	shmx_get_var($shmx, 'object', null);
	eval("class $class { public \$a = 0; }");
});
show(fn () => shmx_get_var($shmx, 'object')->a, fn () => shmx_get_var($shmx, 'object')::class);
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
string(22) "__PHP_Incomplete_Class"
'O:9:"OnlyThere":1:{s:1:"a";i:1;}'
Warning: shmx_get_var(): Class 'EnumOnlyThere' not found; ShmxException SHMX_E_DAMAGED: The variable cannot be unserialized: this script lacks an enum that it holds, its objects are nested too deeply, or the segment is damaged
true
with an autoloader the class is there
autoload OnlyThere
1
'OnlyThere'
