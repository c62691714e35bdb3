<?php
// Carries out the script with mysqli: mysqli.php PORT SCRIPT DATA_FILE

require __DIR__ . '/common.php';
mysqli_report(MYSQLI_REPORT_OFF);
[, $port, $script, $data] = $argv;
$connections = [];
$current = null;
$statement = null;

function opened(string $database, string $option = ''): ?mysqli
{
    global $port;
    $client = mysqli_init();
    $client->options(MYSQLI_OPT_LOCAL_INFILE, $option === 'local' ? 1 : 0);
    if (!@$client->real_connect('127.0.0.1', 'root', 'root', $database ?: null, (int) $port)) {
        say('error', (string) $client->connect_errno, shown($client->connect_error));
        return null;
    }
    $client->set_charset('utf8mb4');
    return $client;
}

function failed(mysqli|mysqli_stmt $what): void
{
    say('error', (string) $what->errno, $what->sqlstate, shown($what->error));
}

function result(mysqli_result $result): void
{
    foreach ($result->fetch_fields() as $field) {
        // max_length is the driver's own count of what it has stored.
        unset($field->max_length);
        say('column', json_encode($field, JSON_INVALID_UTF8_SUBSTITUTE));
    }
    while ($row = $result->fetch_row()) {
        say('row', ...array_map('shown', $row));
    }
    say('rows', (string) $result->num_rows);
    $result->free();
}

function status(mysqli|mysqli_stmt $what, mysqli $client): void
{
    say('done', "affected={$what->affected_rows}", "id={$what->insert_id}", "warnings={$client->warning_count}", 'info=' . shown($client->info));
}

function text(string $sql): void
{
    global $current;
    $multi = false;
    try {
        $ok = $GLOBALS['multi'] ?? false ? $current->multi_query($sql) : $current->real_query($sql);
    } catch (ValueError $error) {
        say('driver error', $error->getMessage());
        return;
    }
    if (!$ok) {
        failed($current);
        return;
    }
    while (true) {
        $result = $current->store_result();
        if ($result) {
            result($result);
        }
        status($current, $current);
        if (!$current->more_results()) {
            return;
        }
        if (!$current->next_result()) {
            failed($current);
            return;
        }
    }
}

function run(mysqli_stmt $statement, array $values): void
{
    global $current;
    if (!$statement->execute($values ?: null)) {
        failed($statement);
        return;
    }
    do {
        $result = $statement->get_result();
        if ($result) {
            result($result);
        }
        status($statement, $current);
    } while ($statement->more_results() && $statement->next_result());
}

function prepared(int $times, string $sql, array $values): void
{
    global $current;
    try {
        $statement = $current->prepare($sql);
    } catch (ValueError $error) {
        say('driver error', $error->getMessage());
        return;
    }
    if (!$statement) {
        failed($current);
        return;
    }
    for (; $times > 0; $times--) {
        run($statement, $values);
    }
    $statement->close();
}

function cursor(int $size, string $sql): void
{
    global $current;
    $statement = $current->prepare($sql);
    $statement->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
    if (!$statement->execute()) {
        failed($statement);
        return;
    }
    $count = $statement->field_count;
    $row = array_fill(0, $count, null);
    $bound = [];
    foreach ($row as $n => $_) {
        $bound[] = &$row[$n];
    }
    $statement->bind_result(...$bound);
    $rows = 0;
    $all = '';
    while ($statement->fetch()) {
        $rows++;
        $all .= implode('|', array_map('shown', $row));
    }
    say('cursor', (string) $rows, md5($all));
    $statement->close();
}

function stream(string $sql): void
{
    global $current;
    if (!$current->real_query($sql)) {
        failed($current);
        return;
    }
    $result = $current->use_result();
    $rows = 0;
    $all = '';
    while ($row = $result->fetch_row()) {
        $rows++;
        $all .= implode('|', array_map('shown', $row));
    }
    $result->free();
    say('streamed', (string) $rows, md5($all));
}

function warnings(): void
{
    global $current;
    say('warnings', (string) $current->warning_count);
    $warning = $current->get_warnings();
    while ($warning) {
        say('warning', (string) $warning->errno, $warning->sqlstate, shown($warning->message));
        if (!$warning->next()) {
            break;
        }
    }
    text('SHOW WARNINGS');
}

function kill_query(): void
{
    global $current;
    $second = opened('drivers');
    $current->query('SELECT SLEEP(30) AS slept', MYSQLI_ASYNC);
    while (!$second->query(SLEEPING)->fetch_row()) {
        usleep(10000);
    }
    $second->query("KILL QUERY {$current->thread_id}");
    $result = $current->reap_async_query();
    if ($result) {
        result($result);
    } else {
        failed($current);
    }
    $second->close();
}

foreach (operations($script) as $operation) {
    $name = array_shift($operation);
    $args = $operation;
    switch ($name) {
        case 'section':
            say('#', ...$args);
            break;
        case 'connect':
            $opened = opened($args[1], $args[2] ?? '');
            $multi = ($args[2] ?? '') === 'multi';
            if ($opened) {
                $current = $connections[$args[0]] = $opened;
                say('connected', shown($current->host_info), (string) $current->protocol_version);
            }
            break;
        case 'use':
            $current = $connections[$args[0]];
            break;
        case 'close':
            $connections[$args[0]]->close();
            $multi = false;
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
            $statement->close();
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
            cursor((int) $args[0], $args[1]);
            break;
        case 'begin':
            $current->begin_transaction() || failed($current);
            break;
        case 'commit':
            $current->commit() || failed($current);
            break;
        case 'rollback':
            $current->rollback() || failed($current);
            break;
        case 'autocommit':
            $current->autocommit($args[0] === '1') || failed($current);
            break;
        case 'ping':
            text('DO 1');
            break;
        case 'reset':
            say($current->change_user('root', 'root', 'drivers') ? 'changed' : 'not changed');
            $current->set_charset('utf8mb4');
            break;
        case 'insert-id':
            say('insert id', (string) $current->insert_id);
            break;
        case 'warnings':
            warnings();
            break;
        case 'large':
            $statement = $current->prepare('INSERT INTO large VALUES (1, ?)');
            $nothing = null;
            $statement->bind_param('b', $nothing);
            for ($part = (int) $args[0]; $part > 0; $part--) {
                $statement->send_long_data(0, str_repeat(implode('', array_map('chr', range(0, 255))), 4096));
            }
            $statement->execute() ? status($statement, $current) : failed($statement);
            $statement->close();
            break;
        case 'load':
            text("LOAD DATA LOCAL INFILE '$data' INTO TABLE {$args[0]}");
            break;
        case 'kill':
            kill_query();
            break;
        default:
            throw new Exception($name);
    }
}
