<?php
// A php-fpm of the demo's own: static workers on a socket in the demo's folder, asked over FastCGI with cgi-fcgi.

final class Fpm
{
	private const START_SECONDS = 10;

	private mixed $process = null;
	public readonly string $socket;

	public function __construct(private readonly Stage $stage, public readonly int $workers)
	{
		$this->socket = "$stage->folder/fpm.sock";
		foreach (['worker.php', 'page.php', 'cache.php'] as $file) {
			copy(__DIR__ . "/$file", "$stage->folder/$file");
			chmod("$stage->folder/$file", 0644);
		}
		$stage->later($this->stop(...));
	}

	/** Whom the workers run as. */
	public function user(): string
	{
		if (posix_geteuid() !== 0) {
			return posix_getpwuid(posix_geteuid())['name'];
		}
		return posix_getpwnam('www-data') ? 'www-data' : 'nobody';
	}

	public function start(): void
	{
		$folder = $this->stage->folder;
		$user = $this->user();
		$group = posix_getgrgid(posix_getpwnam($user)['gid'])['name'];
		file_put_contents("$folder/fpm.conf", <<<CONF
			[global]
			daemonize = no
			error_log = $folder/fpm.log
			[demo]
			user = $user
			group = $group
			listen = $this->socket
			listen.mode = 0600
			pm = static
			pm.max_children = $this->workers
			catch_workers_output = yes
			CONF);
		$flags = explode(' ', getenv('SHMX_PHP_FLAGS'));
		$this->process = proc_open(
			[getenv('SHMX_FPM'), '-y', "$folder/fpm.conf", ...$flags],
			[['file', '/dev/null', 'r'], ['file', "$folder/fpm.out", 'w'], ['file', "$folder/fpm.out", 'w']],
			$pipes,
		);
		$give_up = microtime(true) + self::START_SECONDS;
		while (!file_exists($this->socket) && microtime(true) < $give_up) {
			usleep(10_000);
		}
		$this->stage->need(file_exists($this->socket), "start php-fpm:\n" . @file_get_contents("$folder/fpm.out")
			. @file_get_contents("$folder/fpm.log"));
	}

	public function stop(): void
	{
		if ($this->process !== null) {
			proc_terminate($this->process, SIGTERM);
			proc_close($this->process);
			$this->process = null;
		}
	}

	/** Sends one request and does not wait: a function that waits for the answer. */
	public function ask(string $action, array $arguments): callable
	{
		$query = http_build_query(['action' => $action] + $arguments);
		$process = proc_open(['cgi-fcgi', '-bind', '-connect', $this->socket], [1 => ['pipe', 'w']], $pipes, null, [
			'PATH' => getenv('PATH'),
			'REQUEST_METHOD' => 'GET',
			'SCRIPT_FILENAME' => "{$this->stage->folder}/worker.php",
			'QUERY_STRING' => $query,
		]);
		return function () use ($process, $pipes, $action): array {
			$answer = stream_get_contents($pipes[1]);
			fclose($pipes[1]);
			proc_close($process);
			[, $body] = explode("\r\n\r\n", $answer, 2) + [1 => ''];
			$result = json_decode($body, true);
			$this->stage->need(is_array($result), "an answer of php-fpm to \"$action\", which was:\n$answer");
			return $result;
		};
	}

	/** The same request as many times as there are workers, all under way at once. */
	public function ask_all(string $action, array $arguments): callable
	{
		$waiting = [];
		for ($i = 0; $i < $this->workers; $i++) {
			$waiting[] = $this->ask($action, $arguments);
		}
		return fn (): array => array_map(fn (callable $answer) => $answer(), $waiting);
	}
}
