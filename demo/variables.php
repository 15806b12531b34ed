<?php
// Variables: a cache that one script warms, php-fpm's workers read, a cron job renews and a deployment clears; and counters
// that many processes raise, one of which is killed.

require __DIR__ . '/cache.php';

function variables(Stage $stage, Fpm $fpm): void
{
	$key = ftok($stage->folder, 'v');
	$stage->later(fn () => remove_leftover($key));
	$fpm->start();

	$stage->step('A script on the command line warms a cache, and ends');
	$stage->show(script($key, '$shmx = shmx_open($key, "n", 0666, 2 << 20); warm($shmx, 1);
		shmx_put_var($shmx, "hits", 0);
		echo count(shmx_keys($shmx)), " variables in ", number_format(shmx_info($shmx)["bytes_live"]), " bytes";'));

	$stage->step('The workers read it over FastCGI, through read-only handles');
	$answers = $fpm->ask_all('look', ['key' => $key, 'times' => 1])();
	$stage->show('answers from ' . pids($answers));
	$stage->check(all_found($answers) === [1], 'each found all ' . PRODUCTS . ' products, whole');

	$stage->step('A cron job renews every product, again and again, while the workers read');
	$times = 60;
	$cron = $stage->fork(function () use ($key): void {
		$shmx = shmx_open($key, 'w', 0, 0);
		for ($version = 2; ; $version++) {
			warm($shmx, $version);
		}
	});
	$answers = $fpm->ask_all('look', ['key' => $key, 'times' => $times])();
	$stage->kill($cron);
	$versions = all_found($answers);
	$stage->show(number_format($fpm->workers * $times * PRODUCTS) . ' reads without a lock saw ' . count($versions) . ' versions');
	$stage->check(count($versions) > 1, 'no product was ever missing, and none was mixed of two versions');
	$stage->show('the job was killed with kill -9 on the way');
	$answers = $fpm->ask_all('look', ['key' => $key, 'times' => 1])();
	$stage->check(all_found($answers) !== [], 'every product is there, with its old or its new version');

	raise_together($stage, $fpm, $key);

	$stage->step('A deployment clears the cache');
	$stage->show(script($key, '$shmx = shmx_open($key, "w", 0, 0); shmx_clear($shmx); echo count(shmx_keys($shmx)), " variables are left";'));
	$answers = $fpm->ask_all('look', ['key' => $key, 'times' => 1])();
	$stage->check(array_column($answers, 'missing') === array_fill(0, $fpm->workers, PRODUCTS), 'the workers find none');
	$fpm->ask('warm', ['key' => $key, 'version' => 1000])();
	$answers = $fpm->ask_all('look', ['key' => $key, 'times' => 1])();
	$stage->check(all_found($answers) === [1000], 'one of them warms it anew, and all find that');

	$fpm->stop();
	$shmx = shmx_open($key, 'w', 0, 0);
	$stage->check(look($shmx)['versions'] === [1000 => true], 'php-fpm stops, and the cache is still there');
	shmx_delete($shmx);
}

function raise_together(Stage $stage, Fpm $fpm, int $key): void
{
	$stage->step('Workers and forked children raise one counter, and one child is killed with kill -9 over it');
	$times = 50_000;
	$waiting = $fpm->ask_all('raise', ['key' => $key, 'times' => $times]);
	$children = [];
	for ($i = 0; $i < 3; $i++) {
		$children[] = $stage->fork(fn () => raise(shmx_open($key, 'w', 0, 0), $times));
	}
	$victim = $stage->fork(fn () => raise(shmx_open($key, 'w', 0, 0), PHP_INT_MAX));
	$shmx = shmx_open($key, 'w', 0, 0);
	$deadline = hrtime(true) + 10e9;
	while (shmx_get_var($shmx, "hits of $victim", 0) < 1000 && hrtime(true) < $deadline) {
		usleep(1000);
	}
	$stage->kill($victim);
	$waiting();
	array_map($stage->wait(...), $children);
	$its = shmx_get_var($shmx, "hits of $victim", 0);
	$hits = shmx_get_var($shmx, 'hits');
	$stage->show("process $victim had noted " . number_format($its) . ' of its own when it died; the others made '
		. number_format(($fpm->workers + 3) * $times));
	// It dies before or after it notes what it did.
	$stage->check($its >= 1000 && in_array($hits - $its - ($fpm->workers + 3) * $times, [0, 1], true),
		'the counter says ' . number_format($hits) . ', not one is lost and none is counted twice');
}

/** Runs PHP code in a process of its own, with $key and the functions of cache.php; returns what it prints. */
function script(int $key, string $code): string
{
	$php = [getenv('SHMX_PHP'), ...explode(' ', getenv('SHMX_PHP_FLAGS'))];
	exec(implode(' ', array_map(escapeshellarg(...), [...$php, '-r', "require \$argv[1]; \$key = (int) \$argv[2]; $code",
		__DIR__ . '/cache.php', $key])), $lines);
	return implode("\n", $lines);
}

/** The versions that all answers saw together; none if a product was missing or broken in any. */
function all_found(array $answers): array
{
	if (array_sum(array_column($answers, 'missing')) + array_sum(array_column($answers, 'broken')) > 0) {
		return [];
	}
	return array_values(array_unique(array_merge(...array_column($answers, 'versions'))));
}
