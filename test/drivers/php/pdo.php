<?php
// Carries out the script with PDO: pdo.php PORT SCRIPT DATA_FILE

require __DIR__ . '/common.php';
[, $port, $script, $data] = $argv;
$connections = [];
$current = null;
$statement = null;

function opened(string $database, string $option = '', bool $buffered = true): PDO
{
    global $port;
    $name = $database === '' ? '' : "dbname=$database;";
    return new PDO("mysql:host=127.0.0.1;port=$port;{$name}charset=utf8mb4", 'root', 'root', [
        PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
        PDO::ATTR_EMULATE_PREPARES => false,
        PDO::MYSQL_ATTR_LOCAL_INFILE => $option === 'local',
        PDO::MYSQL_ATTR_MULTI_STATEMENTS => $option === 'multi',
        PDO::MYSQL_ATTR_USE_BUFFERED_QUERY => $buffered,
    ]);
}

function attempt(callable $action): void
{
    try {
        $action();
    } catch (PDOException $error) {
        say('error', shown($error->getMessage()), json_encode($error->errorInfo, JSON_INVALID_UTF8_SUBSTITUTE));
    } catch (ValueError $error) {
        say('driver error', $error->getMessage());
    }
}

function results(PDOStatement $statement): void
{
    do {
        for ($n = 0; $n < $statement->columnCount(); $n++) {
            say('column', json_encode($statement->getColumnMeta($n), JSON_INVALID_UTF8_SUBSTITUTE));
        }
        if ($statement->columnCount() > 0) {
            while ($row = $statement->fetch(PDO::FETCH_NUM)) {
                say('row', ...array_map('shown', $row));
            }
        }
        say('done', (string) $statement->rowCount());
    } while ($statement->nextRowset());
    $statement->closeCursor();
}

function text(string $sql): void
{
    global $current;
    attempt(function () use ($current, $sql) {
        // Not prepared: PDO::query prepares unless told otherwise.
        $current->setAttribute(PDO::ATTR_EMULATE_PREPARES, true);
        try {
            results($current->query($sql));
        } finally {
            $current->setAttribute(PDO::ATTR_EMULATE_PREPARES, false);
        }
    });
}

function run(PDOStatement $statement, array $values): void
{
    attempt(function () use ($statement, $values) {
        foreach ($values as $n => $value) {
            $type = is_int($value) ? PDO::PARAM_INT : ($value === null ? PDO::PARAM_NULL : PDO::PARAM_STR);
            $statement->bindValue($n + 1, $value, $type);
        }
        $statement->execute();
        results($statement);
    });
}

function prepared(int $times, string $sql, array $values): void
{
    global $current;
    attempt(function () use ($current, $times, $sql, $values) {
        $statement = $current->prepare($sql);
        for (; $times > 0; $times--) {
            run($statement, $values);
        }
    });
}

function stream(string $sql): void
{
    attempt(function () use ($sql) {
        $client = opened('drivers', '', false);
        $statement = $client->query($sql);
        $rows = 0;
        $all = '';
        while ($row = $statement->fetch(PDO::FETCH_NUM)) {
            $rows++;
            $all .= implode('|', array_map('shown', $row));
        }
        say('streamed', (string) $rows, md5($all));
    });
}

/** PDO cannot send a statement and go on: the sleeper is another process of this program. */
function kill_query(): void
{
    global $argv;
    $pipes = [];
    $child = proc_open([...explode(' ', getenv('PHP_COMMAND')), $argv[0], $argv[1], 'sleep', ''], [1 => ['pipe', 'w']], $pipes);
    $client = opened('drivers');
    $line = (string) fgets($pipes[1]);
    while (!$client->query(SLEEPING)->fetch()) {
        usleep(10000);
    }
    $client->exec('KILL QUERY ' . (int) $line);
    say('sleeper:', trim(stream_get_contents($pipes[1])));
    proc_close($child);
}

if ($script === 'sleep') {
    $current = opened('drivers');
    say((string) $current->query('SELECT CONNECTION_ID()')->fetchColumn());
    text('SELECT SLEEP(30) AS slept');
    exit(0);
}

foreach (operations($script) as $operation) {
    $name = array_shift($operation);
    $args = $operation;
    switch ($name) {
        case 'section':
            say('#', ...$args);
            break;
        case 'connect':
            attempt(function () use ($args) {
                global $connections, $current;
                $current = $connections[$args[0]] = opened($args[1], $args[2] ?? '');
                say('connected');
            });
            break;
        case 'use':
            $current = $connections[$args[0]];
            break;
        case 'close':
            unset($connections[$args[0]]);
            $current = null;
            break;
        case 'text':
            for ($times = (int) $args[0]; $times > 0; $times--) {
                text($args[1]);
            }
            break;
        case 'prepared':
            prepared((int) $args[0], $args[1], array_map('value_of', array_slice($args, 2)));
            break;
        case 'prepare':
            $statement = $current->prepare($args[0]);
            break;
        case 'run':
            run($statement, array_map('value_of', $args));
            break;
        case 'unprepare':
            $statement = null;
            break;
        case 'call':
            text('SET @a = 0, @b = 21');
            prepared(1, "CALL {$args[0]}(?, @a, @b)", [5]);
            text('SELECT @a, @b');
            break;
        case 'stream':
            stream($args[0]);
            break;
        case 'cursor':
            stream($args[1]);
            break;
        case 'begin':
            attempt(fn () => $current->beginTransaction());
            break;
        case 'commit':
            attempt(fn () => $current->inTransaction() && $current->commit());
            break;
        case 'rollback':
            // PDO refuses its own call outside of a transaction that it began.
            attempt(fn () => $current->inTransaction() ? $current->rollBack() : text('ROLLBACK'));
            break;
        case 'autocommit':
            attempt(fn () => $current->setAttribute(PDO::ATTR_AUTOCOMMIT, (int) $args[0]));
            break;
        case 'ping':
            text('DO 1');
            break;
        case 'reset':
            text('SET @mine = NULL');
            break;
        case 'insert-id':
            say('insert id', (string) $current->lastInsertId());
            break;
        case 'warnings':
            text('SHOW WARNINGS');
            break;
        case 'large':
            $body = str_repeat(implode('', array_map('chr', range(0, 255))), 4096 * (int) $args[0]);
            prepared(1, 'INSERT INTO large VALUES (1, ?)', [$body]);
            break;
        case 'load':
            attempt(fn () => say('loaded', (string) $current->exec("LOAD DATA LOCAL INFILE '$data' INTO TABLE {$args[0]}")));
            break;
        case 'kill':
            kill_query();
            break;
        default:
            throw new Exception($name);
    }
}
