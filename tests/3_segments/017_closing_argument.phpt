--TEST--
an argument that closes the handle while it is made into a string is noticed
--EXTENSIONS--
shmx
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$shmx = shmx_open(0, 'n', 0600, 100);
shmx_delete($shmx);
$closer = new class($shmx) {
	public function __construct(private $shmx) {}

	public function __toString(): string
	{
		shmx_close($this->shmx);
		return 'text';
	}
};
show(fn () => shmx_write($shmx, $closer, 0), fn () => shmx_size($shmx));
?>
--EXPECT--
Error: Shared memory segment has already been closed
Error: Shared memory segment has already been closed
