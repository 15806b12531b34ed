<?php
// What reflection says of the functions, classes and constants is what shmx.stub.php says, parameter for parameter.
require __DIR__ . '/../helpers.inc';

$stub = file_get_contents(dirname(__DIR__, 2) . '/shmx.stub.php');
preg_match_all('/^function (\w+)\((.*)\): (\S+) \{\}$/m', $stub, $functions, PREG_SET_ORDER);
preg_match_all('/^const (\w+) = UNKNOWN;$/m', $stub, $constants);
preg_match_all('/^final class (\w+)(?: extends (\w+))?/m', $stub, $classes, PREG_SET_ORDER);
$extension = new ReflectionExtension('shmx');

echo '1..', 3 + count($functions) + count($classes), "\n";
ok(same(array_column($functions, 1), array_keys($extension->getFunctions())), 'the functions are those of the stub');
ok(same($constants[1], array_keys($extension->getConstants())), 'the constants are those of the stub');
ok(same(array_column($classes, 1), array_keys($extension->getClasses())), 'the classes are those of the stub');

foreach ($functions as [, $name, $parameters, $type]) {
	$function = new ReflectionFunction($name);
	$found = implode(', ', array_map('signature', $function->getParameters()));
	ok($found === $parameters && same(explode('|', $type), explode('|', (string) $function->getReturnType())),
		"$name($parameters): $type", "reflection says ($found): {$function->getReturnType()}");
}
foreach ($classes as $class) {
	$reflection = new ReflectionClass($class[1]);
	ok($reflection->isFinal() && ($reflection->getParentClass() ?: null)?->name === ($class[2] ?? null), "class $class[1]");
}

function signature(ReflectionParameter $parameter): string
{
	return $parameter->getType() . ' ' . ($parameter->isPassedByReference() ? '&' : '') . '$' . $parameter->getName()
		. ($parameter->isOptional() ? ' = ' . default_value($parameter) : '');
}

function default_value(ReflectionParameter $parameter): string
{
	return $parameter->isDefaultValueConstant() ? $parameter->getDefaultValueConstantName()
		: strtolower(json_encode($parameter->getDefaultValue()));
}

/** Whether both lists have the same elements, in any order. */
function same(array $one, array $other): bool
{
	sort($one);
	sort($other);
	return $one === $other;
}
