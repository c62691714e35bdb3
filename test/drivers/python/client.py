"""Carries out the script with PyMySQL or mysqlclient: client.py DRIVER PORT SCRIPT DATA_FILE"""

import hashlib
import sys
import threading
import time
from urllib.parse import unquote

driver, port, script, data_file = sys.argv[1:5]
if driver == "pymysql":
    import pymysql as api
    from pymysql.constants import CLIENT
    from pymysql.cursors import SSCursor

    MULTI = CLIENT.MULTI_STATEMENTS
else:
    import MySQLdb as api
    from MySQLdb.constants import CLIENT
    from MySQLdb.cursors import SSCursor

    MULTI = CLIENT.MULTI_STATEMENTS

connections = {}
current = None
prepared = None


def say(*words):
    print(*words)


def shown(value):
    text = repr(value)
    if len(text) <= 120:
        return text
    return "<%d %s>" % (len(text), hashlib.md5(text.encode()).hexdigest())


def value_of(text):
    kind, rest = text.split(":", 1)
    if kind == "n":
        return None
    return {"i": int, "f": float, "s": str, "b": bytes.fromhex}[kind](rest)


def attempt(action):
    try:
        return action()
    except api.Error as error:
        say("error", type(error).__name__, shown(error.args))
    except Exception as error:  # The driver's own, e.g. for a value that it cannot read.
        say("driver error", type(error).__name__, shown(str(error)))
        reopen()
    return None


def columns(cursor):
    say("columns", shown(cursor.description))
    result = getattr(cursor, "_result", None)
    for field in getattr(result, "fields", None) or []:
        say(
            "column", field.catalog, field.db, field.table_name, field.org_table, field.name,
            field.org_name, field.charsetnr, field.length, field.type_code, field.flags, field.scale,
        )
    if hasattr(cursor, "description_flags"):
        say("flags", cursor.description_flags)


def results(cursor):
    while True:
        if cursor.description is not None:
            columns(cursor)
            for row in cursor.fetchall():
                say("row", *[shown(value) for value in row])
        say("done", cursor.rowcount, cursor.lastrowid)
        if not cursor.nextset():
            return


def execute(sql, values=None):
    def action():
        cursor = current.cursor()
        try:
            cursor.execute(sql, values)
            results(cursor)
        finally:
            cursor.close()

    attempt(action)


def bound(sql):
    return sql.replace("%", "%%").replace("?", "%s")


def opened(database, option=""):
    options = {"charset": "utf8mb4", "autocommit": True}
    if database:
        options["database" if driver == "pymysql" else "db"] = database
    if driver == "pymysql" or option == "multi":
        options["client_flag"] = MULTI if option == "multi" else 0
    elif driver != "pymysql":
        options["client_flag"] = 0
    if option == "local":
        options["local_infile"] = True
    return api.connect(host="127.0.0.1", port=int(port), user="root", password="root", **options)


def reopen():
    """PyMySQL loses its place in a reply that it could not read."""
    global current
    for name, each in connections.items():
        if each is current:
            each.close()
            connections[name] = opened("drivers")
            current = connections[name]
            return


def connect(name, database, option=""):

    def action():
        global current
        current = connections[name] = opened(database, option)
        say("connected")

    attempt(action)


def call(name, *values):
    def action():
        cursor = current.cursor()
        arguments = [int(value.split(":")[1] or "0") for value in values]
        cursor.callproc(name, arguments)
        results(cursor)
        names = ", ".join("@_%s_%d" % (name, n) for n in range(len(arguments)))
        cursor.execute("SELECT " + names)
        results(cursor)
        cursor.close()

    attempt(action)


def stream(sql, size=1):
    def action():
        cursor = current.cursor(SSCursor)
        cursor.execute(sql)
        columns(cursor)
        digest, count = hashlib.md5(), 0
        while True:
            rows = cursor.fetchmany(size)
            if not rows:
                break
            count += len(rows)
            digest.update(repr(rows).encode())
        say("streamed", count, digest.hexdigest())
        cursor.close()

    attempt(action)


def kill():
    cursor = current.cursor()
    cursor.execute("SELECT CONNECTION_ID()")
    (thread,) = cursor.fetchone()
    second = opened("drivers")

    def killer():
        watching = second.cursor()
        while True:
            watching.execute(
                "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'"
            )
            if watching.fetchall():
                break
            time.sleep(0.01)
        watching.execute("KILL QUERY %d" % thread)

    thread_of_killer = threading.Thread(target=killer)
    thread_of_killer.start()
    execute("SELECT SLEEP(30) AS slept")
    thread_of_killer.join()
    second.close()


def statement(sql):
    attempt(lambda: current.query(sql))


def run(name, args):
    global current, prepared
    if name == "section":
        say("#", *args)
    elif name == "connect":
        connect(*args)
    elif name == "use":
        current = connections[args[0]]
    elif name == "close":
        connections.pop(args[0]).close()
    elif name == "text":
        for _ in range(int(args[0])):
            execute(args[1])
    elif name == "prepared":
        for _ in range(int(args[0])):
            execute(bound(args[1]), [value_of(value) for value in args[2:]])
    elif name == "prepare":
        prepared = args[0]
    elif name == "run":
        execute(bound(prepared), [value_of(value) for value in args])
    elif name == "unprepare":
        prepared = None
    elif name == "call":
        call(*args)
    elif name == "stream":
        stream(args[0])
    elif name == "cursor":
        stream(args[1], int(args[0]))
    elif name == "begin":
        attempt(current.begin if hasattr(current, "begin") else lambda: statement("BEGIN"))
    elif name in ("commit", "rollback"):
        attempt(getattr(current, name))
    elif name == "autocommit":
        attempt(lambda: current.autocommit(args[0] == "1"))
    elif name == "ping":
        attempt(lambda: say("ping", current.ping()))
    elif name == "reset":
        # Neither driver has a call for it.
        statement("SET @mine = NULL")
    elif name == "insert-id":
        say("insert id", current.insert_id())
    elif name == "warnings":
        execute("SHOW WARNINGS")
        execute("SHOW COUNT(*) WARNINGS")
    elif name == "large":
        body = bytes(range(256)) * (int(args[0]) * 4096)
        attempt(lambda: current.cursor().execute("INSERT INTO large VALUES (1, %s)", [body]))
    elif name == "load":
        execute("LOAD DATA LOCAL INFILE '%s' INTO TABLE %s" % (data_file, args[0]))
    elif name == "kill":
        attempt(kill)
    else:
        raise ValueError(name)


with open(script) as lines:
    for line in lines:
        words = [unquote(word) for word in line.rstrip("\n").split("\t")]
        run(words[0], words[1:])
        sys.stdout.flush()
