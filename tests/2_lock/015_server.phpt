--TEST--
in a server that lives on, the end of a request gives back its lock
--EXTENSIONS--
shmx
pcntl
posix
--FILE--
<?php
require __DIR__ . '/../helpers.inc';
$key = test_key(__FILE__);
$shmx = shmx_open($key, 'n', 0600, 64);
$page = __DIR__ . '/015_server.page.php';
file_put_contents($page, '<?php
ini_set("display_errors", "0");
$shmx = shmx_open(' . $key . ', "w", 0600, 0);
shmx_lock($shmx);
shmx_lock($shmx);
$GLOBALS["cycle"] = [&$GLOBALS["cycle"], $shmx];
echo "locked ", getmypid(), "\n";
flush();
match ($_GET["end"]) {
	"end" => null,
	"exit" => exit,
	"exception" => throw new Exception,
	"fatal" => eval("class Shmx extends Shmx {}"),
	"memory" => str_repeat("x", 1 << 28),
};
');

function serve(string $page): array
{
	$socket = stream_socket_server('tcp://127.0.0.1:0');
	$address = stream_socket_get_name($socket, false);
	fclose($socket);
	$command = [...explode(' ', PHP_BINARY . ' ' . trim(getenv('SHMX_PHP_FLAGS') ?: getenv('TEST_PHP_EXTRA_ARGS'))), '-S', $address, $page];
	$server = proc_open($command, [1 => ['file', '/dev/null', 'w'], 2 => ['file', '/dev/null', 'w']], $pipes);
	for ($i = 0; $i < 400 * slowness() && !($up = @stream_socket_client("tcp://$address")); $i++) {
		usleep(50_000);
	}
	return [$server, $address];
}

[$server, $address] = serve($page);
register_shutdown_function(function () use ($server, $page) {
	proc_terminate($server);
	unlink($page);
});
$pids = [];
foreach (['end', 'exit', 'exception', 'fatal', 'memory'] as $end) {
	$said = (string) file_get_contents("http://$address/?end=$end", false, stream_context_create(['http' => ['ignore_errors' => true]]));
	$pids[] = strstr($said, ' ');
	echo $end, ': ', strtok($said, ' '), ', then ', shmx_lock($shmx, 10) ? 'free' : 'locked', "\n";
	shmx_unlock($shmx);
}
echo count(array_unique($pids)), " process\n";
?>
--CLEAN--
<?php
require __DIR__ . '/../helpers.inc';
remove_test_keys(__FILE__);
?>
--EXPECT--
end: locked, then free
exit: locked, then free
exception: locked, then free
fatal: locked, then free
memory: locked, then free
1 process
