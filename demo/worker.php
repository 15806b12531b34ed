<?php
// What a php-fpm worker does when the demo asks. It is served from the demo's folder, beside copies of page.php and
// cache.php.

require __DIR__ . '/page.php';
require __DIR__ . '/cache.php';

$key = (int) $_GET['key'];
$times = (int) ($_GET['times'] ?? 1);
$answer = ['pid' => getmypid(), 'user' => posix_getpwuid(posix_geteuid())['name']];

switch ($_GET['action']) {
	case 'read':
		$shmx = shmx_open($key, 'a', 0, 0);
		$answer += ['mixed' => 0, 'versions' => []];
		for ($i = 0; $i < $times; $i++) {
			$version = page_version(shmx_read($shmx, PAGE_AT, PAGE_SIZE));
			if ($version === null) {
				$answer['mixed']++;
			} else {
				$answer['versions'][$version] = true;
			}
		}
		$answer['versions'] = array_keys($answer['versions']);
		// Long enough that the next request goes to another worker.
		usleep(20_000);
		break;

	case 'count':
		$answer['worst_ms'] = count_up(shmx_open($key, 'w', 0, 0), $times);
		break;

	case 'look':
		$shmx = shmx_open($key, 'a', 0, 0);
		$answer += ['missing' => 0, 'broken' => 0, 'versions' => []];
		for ($i = 0; $i < $times; $i++) {
			$found = look($shmx);
			$answer['missing'] += $found['missing'];
			$answer['broken'] += $found['broken'];
			$answer['versions'] += $found['versions'];
		}
		$answer['versions'] = array_keys($answer['versions']);
		// Long enough that the next request goes to another worker.
		usleep(20_000);
		break;

	case 'warm':
		warm(shmx_open($key, 'w', 0, 0), (int) $_GET['version']);
		break;

	case 'raise':
		raise(shmx_open($key, 'w', 0, 0), $times);
		break;
}
header('Content-Type: application/json');
echo json_encode($answer);
