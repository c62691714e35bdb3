<?php
// The script's lines, and how values are printed.

function operations(string $file): iterable
{
    foreach (file($file, FILE_IGNORE_NEW_LINES) as $line) {
        yield array_map('rawurldecode', explode("\t", $line));
    }
}

function shown(mixed $value): string
{
    if (is_string($value)) {
        $text = strlen($value) > 120 ? '<' . strlen($value) . ' ' . md5($value) . '>' : json($value);
    } else {
        $text = var_export($value, true);
    }
    return $text;
}

function json(string $value): string
{
    return mb_ok($value) ? "'" . addcslashes($value, "\0..\37'\\") . "'" : "x'" . bin2hex($value) . "'";
}

function mb_ok(string $value): bool
{
    return preg_match('//u', $value) === 1;
}

function value_of(string $text): mixed
{
    [$kind, $rest] = explode(':', $text, 2);
    return match ($kind) {
        'n' => null,
        'i' => (int) $rest,
        'f' => (float) $rest,
        'b' => hex2bin($rest),
        default => $rest,
    };
}

function say(string ...$words): void
{
    echo implode(' ', $words), "\n";
}

/** What is watched for from the second connection, so that the KILL meets the statement. */
const SLEEPING = "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'";
