--TEST--
phpinfo() has a table of its own
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
ob_start();
(new ReflectionExtension('shmx'))->info();
$said = ob_get_clean();
echo preg_replace('/^(Version|Segment format) => .+/m', '$1 => ...', $said);
?>
--EXPECT--
shmx

shmx support => enabled
Version => ...
Segment format => ...
Shared memory => System V

Directive => Local Value => Master Value
shmx.lock_timeout => 5 => 5
shmx.writers => 1023 => 1023
