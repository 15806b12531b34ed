<?php
/* One configuration of one subject, in a process of its own: prints a row a line, as JSON, for run.php. */
require __DIR__ . '/bench.php';

[, $subject, $configuration, $rounds, $length] = $argv;
$bench = new Bench($configuration, (int) $rounds, $length === 'short');
(require __DIR__ . "/subjects/$subject.php")['measure']($bench);
