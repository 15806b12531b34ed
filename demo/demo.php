<?php
// ./dev demo: what shmx is for, done for real and checked on the way. Each section shows one kind of segment on the
// same php-fpm. It ends with 1 if anything was not as it should be, and takes away what it made even then.

require __DIR__ . '/stage.php';
require __DIR__ . '/fpm.php';

$sections = ['bytes', 'variables', 'queue'];

$stage = new Stage();
$fpm = new Fpm($stage, workers: 4);

foreach ($sections as $section) {
	require __DIR__ . "/$section.php";
	$section($stage, $fpm);
}
exit($stage->end());
