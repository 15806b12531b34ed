<?php
// What the demo's cache holds: products, each of which proves itself.

const PRODUCTS = 500;

function product(int $number, int $version): array
{
	$product = ['number' => $number, 'version' => $version, 'name' => "Product $number",
		'prices' => ['EUR' => $number * 1.19, 'USD' => $number * 1.31], 'tags' => ['new', "group " . $number % 10],
		'text' => str_repeat("version $version ", 1 + $number % 50)];
	return $product + ['sum' => crc32(serialize($product))];
}

/** The version of a product that is whole; null of one that is not. */
function product_version(mixed $product): ?int
{
	$sum = is_array($product) ? array_pop($product) : null;
	return $sum === crc32(serialize($product)) ? $product['version'] : null;
}

function warm(Shmx $shmx, int $version): void
{
	for ($i = 0; $i < PRODUCTS; $i++) {
		shmx_put_var($shmx, "product $i", product($i, $version));
	}
}

/** Looks at each product once. */
function look(Shmx $shmx): array
{
	$found = ['missing' => 0, 'broken' => 0, 'versions' => []];
	for ($i = 0; $i < PRODUCTS; $i++) {
		$product = shmx_get_var($shmx, "product $i");
		$version = product_version($product);
		if ($product === null) {
			$found['missing']++;
		} elseif ($version === null) {
			$found['broken']++;
		} else {
			$found['versions'][$version] = true;
		}
	}
	return $found;
}

/** Raises the counter that all raise, and after it one that only this process raises. */
function raise(Shmx $shmx, int $times): void
{
	$own = 'hits of ' . getmypid();
	for ($i = 0; $i < $times; $i++) {
		shmx_inc_var($shmx, 'hits');
		shmx_inc_var($shmx, $own);
	}
}
