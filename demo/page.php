<?php
// What the demo shares: one page of 4,096 bytes that proves itself, a counter, and a large area.

const PAGE_AT = 0;
const PAGE_SIZE = 4096;
const COUNTER_AT = 4096;
const LARGE_AT = 8192;
const LARGE_SIZE = 16 * 1024 * 1024;
const SEGMENT_SIZE = LARGE_AT + LARGE_SIZE;

/** A page: its version, a text filled up with it, and a checksum over both. */
function page(int $version): string
{
	$body = pack('P', $version) . str_pad('', PAGE_SIZE - 12, "version $version, ");
	return $body . pack('V', crc32($body));
}

/** The version of a page that is whole; null where bytes of two versions are mixed. */
function page_version(string $page): ?int
{
	['version' => $version] = unpack('Pversion', $page);
	return $page === page($version) ? $version : null;
}

/** Adds one, `$times` times; returns the longest that one addition took, in milliseconds. */
function count_up(Shmx $shmx, int $times): float
{
	$worst = 0.0;
	for ($i = 0; $i < $times; $i++) {
		$began = hrtime(true);
		shmx_lock($shmx);
		['count' => $count] = unpack('Pcount', shmx_read($shmx, COUNTER_AT, 8));
		shmx_write($shmx, pack('P', $count + 1), COUNTER_AT);
		shmx_unlock($shmx);
		$worst = max($worst, (hrtime(true) - $began) / 1e6);
	}
	return $worst;
}

function counted(Shmx $shmx): int
{
	return unpack('Pcount', shmx_read($shmx, COUNTER_AT, 8))['count'];
}
