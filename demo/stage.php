<?php
// What every section of the demo needs: numbered steps, checks that count, forked children, and a cleaning up that
// happens whatever happens.

final class Stage
{
	public readonly string $folder;
	private readonly int $owner;
	private int $step = 0;
	private int $wrong = 0;
	private array $cleanups = [];
	private array $children = [];

	public function __construct()
	{
		$this->owner = getmypid();
		// Not private: php-fpm's workers, who are somebody else, find their script here.
		$this->folder = sys_get_temp_dir() . '/shmx-demo-' . bin2hex(random_bytes(6));
		mkdir($this->folder);
		chmod($this->folder, 0755);
		register_shutdown_function($this->cleanUp(...));
		pcntl_async_signals(true);
		foreach ([SIGINT, SIGTERM, SIGHUP] as $signal) {
			pcntl_signal($signal, fn () => exit(1));
		}
	}

	public function step(string $title): void
	{
		$this->step++;
		echo "\n$this->step. $title\n";
	}

	public function show(string $line): void
	{
		echo "   $line\n";
	}

	public function check(bool $right, string $what): void
	{
		echo $right ? '   ok: ' : '   WRONG: ', $what, "\n";
		$this->wrong += (int) !$right;
	}

	/** What the demo cannot go on without. */
	public function need(bool $right, string $what): void
	{
		if (!$right) {
			$this->check(false, $what);
			exit($this->end());
		}
	}

	public function later(callable $cleanup): void
	{
		$this->cleanups[] = $cleanup;
	}

	public function fork(callable $work): int
	{
		$pid = pcntl_fork();
		if ($pid === 0) {
			$work();
			exit(0);
		}
		$this->need($pid > 0, 'fork a child');
		return $this->children[$pid] = $pid;
	}

	/** How the child ended: its exit status, or minus the signal that killed it. */
	public function wait(int $pid): int
	{
		pcntl_waitpid($pid, $status);
		unset($this->children[$pid]);
		return pcntl_wifsignaled($status) ? -pcntl_wtermsig($status) : pcntl_wexitstatus($status);
	}

	public function kill(int $pid): void
	{
		posix_kill($pid, SIGKILL);
		$this->wait($pid);
	}

	public function end(): int
	{
		echo $this->wrong ? "\n$this->wrong things were not as they should be.\n" : "\nEverything was as it should be.\n";
		return (int) ($this->wrong > 0);
	}

	private function cleanUp(): void
	{
		// A forked child inherits this function and must not clean up for its parent.
		if (getmypid() !== $this->owner) {
			return;
		}
		foreach ($this->children as $pid) {
			$this->kill($pid);
		}
		foreach (array_reverse($this->cleanups) as $cleanup) {
			$cleanup();
		}
		array_map(unlink(...), glob("$this->folder/*"));
		rmdir($this->folder);
	}
}
