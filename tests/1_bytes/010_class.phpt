--TEST--
cannot_construct_class_via_new: a Shmx comes from shmx_open() and cannot be copied, kept or extended
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0600, 16);
$other = shmx_open(0, 'n', 0600, 16);
shmx_delete($shmx);
shmx_delete($other);
show(
	fn () => new Shmx(),
	fn () => (new ReflectionClass('Shmx'))->newInstanceWithoutConstructor(),
	fn () => clone $shmx,
	fn () => serialize($shmx),
	fn () => unserialize('O:4:"Shmx":0:{}'),
	fn () => unserialize('C:4:"Shmx":0:{}'),
	fn () => $shmx->property = 1,
	fn () => $shmx == $shmx,
	fn () => $shmx == $other,
	fn () => (new ReflectionClass('Shmx'))->isFinal(),
	fn () => (new ReflectionClass('ShmxException'))->isFinal(),
	fn () => is_subclass_of('ShmxException', 'RuntimeException'),
);
var_dump($shmx);
?>
--EXPECT--
Error: Cannot directly construct Shmx, use shmx_open() instead
ReflectionException: Class Shmx is an internal class marked as final that cannot be instantiated without invoking its constructor
Error: Trying to clone an uncloneable object of class Shmx
Exception: Serialization of 'Shmx' is not allowed
Exception: Unserialization of 'Shmx' is not allowed
Exception: Unserialization of 'Shmx' is not allowed
Error: Cannot create dynamic property Shmx::$property
true
false
true
true
true
object(Shmx)#1 (0) {
}
