<?php
/* Raw bytes, beside ext/shmop by itself and beside ext/shmop in a System V semaphore, which is what shmx replaces. */

const BYTES_SIZES = [64, 4 << 10, 64 << 10, 1 << 20, 16 << 20];
/* "No slower" of two calls that make the same system calls is a matter of chance below this. */
const BYTES_NOISE = 0.03;

function measure_bytes(Bench $bench): void {
	$semaphore = sem_get(0);
	$bench->finally(fn() => sem_remove($semaphore));
	foreach (BYTES_SIZES as $size) {
		$shmx = $bench->segment($size);
		$shmop = shmop_open(0, 'n', 0600, $size);
		$bench->finally(fn() => shmop_delete($shmop));
		$data = random_bytes($size);
		must(shmx_write($shmx, $data, 0) === $size && shmx_read($shmx, 0, $size) === $data, 'shmx gives back what it got');
		must(shmop_write($shmop, $data, 0) === $size, 'shmop takes all');
		measure_writes($bench, $shmx, $shmop, $semaphore, $data);
		measure_reads($bench, $shmx, $shmop, $semaphore, $size);
	}
	measure_locks($bench, $semaphore);
	measure_opening($bench);
}

function measure_writes(Bench $bench, Shmx $shmx, Shmop $shmop, SysvSemaphore $semaphore, string $data): void {
	$bench->compare('write ' . bytes(strlen($data)),
		static function (int $n) use ($shmx, $data) {
			for ($i = 0; $i < $n; $i++) {
				shmx_write($shmx, $data, 0);
			}
		}, [
			'shmop_write in a semaphore' => [static function (int $n) use ($shmop, $semaphore, $data) {
				for ($i = 0; $i < $n; $i++) {
					sem_acquire($semaphore);
					shmop_write($shmop, $data, 0);
					sem_release($semaphore);
				}
			}, strlen($data) === 64 ? 1 / 12 : null],
			'shmop_write, unguarded' => [static function (int $n) use ($shmop, $data) {
				for ($i = 0; $i < $n; $i++) {
					shmop_write($shmop, $data, 0);
				}
			}, 2.0],
		]);
}

/* Without them shmx can make a large string no faster than PHP does. */
function huge_pages_are_on(): bool {
	return preg_match('/\[(always|madvise)]/', (string) @file_get_contents('/sys/kernel/mm/transparent_hugepage/enabled')) === 1;
}

function measure_reads(Bench $bench, Shmx $shmx, Shmop $shmop, SysvSemaphore $semaphore, int $size): void {
	$bench->compare('read ' . bytes($size),
		static function (int $n) use ($shmx, $size) {
			for ($i = 0; $i < $n; $i++) {
				shmx_read($shmx, 0, $size);
			}
		}, [
			'shmop_read in a semaphore' => [static function (int $n) use ($shmop, $semaphore, $size) {
				for ($i = 0; $i < $n; $i++) {
					sem_acquire($semaphore);
					shmop_read($shmop, 0, $size);
					sem_release($semaphore);
				}
			}, $size === 64 ? 1 / 12 : null],
			'shmop_read, unguarded' => [static function (int $n) use ($shmop, $size) {
				for ($i = 0; $i < $n; $i++) {
					shmop_read($shmop, 0, $size);
				}
			}, match (true) { $size <= 4 << 10 => 1.25, $size >= 16 << 20 && huge_pages_are_on() => 0.25, default => null }],
		]);
}

function measure_locks(Bench $bench, SysvSemaphore $semaphore): void {
	$shmx = $bench->segment(64);
	$bench->compare('lock and unlock',
		static function (int $n) use ($shmx) {
			for ($i = 0; $i < $n; $i++) {
				shmx_lock($shmx);
				shmx_unlock($shmx);
			}
		}, [
			'sem_acquire, sem_release' => [static function (int $n) use ($semaphore) {
				for ($i = 0; $i < $n; $i++) {
					sem_acquire($semaphore);
					sem_release($semaphore);
				}
			}, 1 / 12],
		]);
}

function measure_opening(Bench $bench): void {
	// A private segment could not be opened again, so these two have keys.
	$key = 0x62650000 | (getmypid() & 0xfffe);
	$shmx = $bench->segment(64 << 10, $key);
	$shmop = shmop_open($key | 1, 'c', 0600, 64 << 10);
	$bench->finally(fn() => shmop_delete($shmop));
	shmx_write($shmx, 'x', 0);
	$peer = static function (int $n) use ($key) {
		for ($i = 0; $i < $n; $i++) {
			$handle = shmop_open($key | 1, 'w', 0, 0);
			unset($handle);
		}
	};
	$bench->compare('open and free',
		static function (int $n) use ($key) {
			for ($i = 0; $i < $n; $i++) {
				$handle = shmx_open($key, 'w', 0, 0);
				unset($handle);
			}
		}, ['shmop_open, free' => [$peer, 1.0, BYTES_NOISE]]);
	$bench->compare('open and shmx_close',
		static function (int $n) use ($key) {
			for ($i = 0; $i < $n; $i++) {
				$handle = shmx_open($key, 'w', 0, 0);
				shmx_close($handle);
			}
		}, ['shmop_open, free' => [$peer, null]]);
}

return [
	'title' => 'Bytes: shmx_write and shmx_read, which are guarded and never torn, beside ext/shmop',
	'functions' => ['shmx_write', 'shmop_write', 'sem_acquire'],
	'configurations' => ['' => [[], []]],
	'measure' => measure_bytes(...),
];
