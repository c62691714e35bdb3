/** What the script reads and never changes: made by the runner, directly at the database. */
export const SCHEMA: readonly string[] = [
  "SET sql_mode = ''",
  `CREATE TABLE every_type (
     id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
     ti tinyint, tb tinyint(1), tu tinyint unsigned, si smallint, mi mediumint, i int,
     iu int unsigned, bi bigint, bu bigint unsigned, zf int(8) zerofill,
     d decimal(20,5), du decimal(10,2) unsigned, f float, g double, b1 bit(1), b10 bit(10),
     y year, dt date, t time, t3 time(3), dtm datetime, dtm6 datetime(6),
     ts timestamp NULL, ts3 timestamp(3) NULL,
     c char(10), v varchar(50) NOT NULL DEFAULT '', vb varbinary(20), bn binary(5),
     tt tinytext, tx text, mt mediumtext, lt longtext,
     tbl tinyblob, bl blob, mb mediumblob, lb longblob,
     e enum('small','medium','large'), s set('a','b','c'),
     vbin varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin,
     vlatin varchar(20) CHARACTER SET latin1,
     UNIQUE KEY (iu), KEY (v)
   )`,
  `INSERT INTO every_type VALUES (1, -7, 1, 7, -300, 70000, -5, 5, -9007199254740993,
     18446744073709551615, 42, 12345.67890, 9.99, 1.5, 0.1, b'1', b'1010101010', 2024,
     '2024-02-29', '12:34:56', '-01:02:03.456', '2024-02-29 23:59:59',
     '2024-12-31 23:59:59.123456', '2024-06-01 00:00:00', '2024-06-01 00:00:00.789', 'char',
     'väriable 😀', x'00ff41', x'0102', 'tiny', 'text', 'medium', 'long', x'00', x'ff00ff',
     'blob', 'longblob', 'medium', 'a,c', 'CaSe', 'latïn')`,
  "INSERT INTO every_type (id) VALUES (2)",
  `INSERT INTO every_type VALUES (3, -128, 0, 255, -32768, -8388608, -2147483648, 4294967295,
     -9223372036854775808, 0, 0, -99999.99999, 0, -3.4e38, 1.7976931348623157e308, b'0', b'0',
     1901, '1000-01-01', '-838:59:59', '838:59:59', '1000-01-01', '9999-12-31 23:59:59.999999',
     '1970-01-01 00:00:01', '2038-01-19 03:14:07.999', '', '', '', '', '', '', '', '', '', '', '',
     '', 'small', '', '', '')`,
  `INSERT INTO every_type (id, y, dt, dtm, dtm6, ts, ts3, f, g, e, v) VALUES (4, 0, '0000-00-00',
     '0000-00-00', '2024-00-00', 0, 0, 1e-30, -0.0, 'large', 'with ''quotes'' and \\\\ and \\n')`,
  `INSERT INTO every_type (id, v, tx, bl, f, g) VALUES (5, repeat('v', 50), repeat('täxt', 10000),
     repeat(x'00ff', 30000), 16777217, 1e15)`,
  `CREATE TABLE item (id int PRIMARY KEY, name varchar(40) NOT NULL, price decimal(9,2),
     category int NOT NULL, KEY (category))`,
  `INSERT INTO item SELECT n, concat('item ', n), n / 4, n % 10 FROM (
     SELECT 1 + a.d + 10 * b.d + 100 * c.d AS n FROM
       (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5
        UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) a,
       (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5
        UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) b,
       (SELECT 0 d UNION SELECT 1 UNION SELECT 2 UNION SELECT 3 UNION SELECT 4 UNION SELECT 5
        UNION SELECT 6 UNION SELECT 7 UNION SELECT 8 UNION SELECT 9) c) numbers`,
  "CREATE TABLE other_type (id int PRIMARY KEY, j json, p point, n int)",
  `INSERT INTO other_type VALUES (1, '{"a": [1, 2.5, null, "x"]}', ST_GeomFromText('POINT(1 2)'), 1),
     (2, NULL, NULL, 2)`,
  "CREATE TABLE counter (id int PRIMARY KEY, n int)",
  "INSERT INTO counter VALUES (1, 0), (2, 0)",
  `CREATE PROCEDURE several(IN low int, OUT how_many int, INOUT doubled int)
   BEGIN
     SELECT id, name FROM item WHERE id BETWEEN low AND low + 2 ORDER BY id;
     SELECT count(*) INTO how_many FROM item WHERE id < low;
     SELECT 'second result' AS label, low AS low;
     SET doubled = doubled * 2;
   END`,
  `CREATE PROCEDURE failing() BEGIN SELECT 1 AS before_it; SELECT * FROM nowhere_at_all; END`,
  `CREATE FUNCTION twice(n int) RETURNS int DETERMINISTIC RETURN n * 2`,
];

/** Name and statement; the second runs have these, so that most reads of the script are hits. */
export const CACHES: readonly (readonly [name: string, statement: string])[] = [
  ["type_by_id", "SELECT * FROM every_type WHERE id = ?"],
  ["all_types", "SELECT * FROM every_type ORDER BY id"],
  ["item_by_id", "SELECT id, name, price FROM item WHERE id = ?"],
  [
    "item_alias",
    "SELECT i.id AS number, i.name label FROM item AS i WHERE i.category = ? ORDER BY i.id",
  ],
  ["items", "SELECT * FROM item ORDER BY id LIMIT 100"],
  [
    "by_category",
    "SELECT category, count(*), sum(price), min(name), max(price) FROM item WHERE category = ? GROUP BY category",
  ],
  ["other_by_id", "SELECT id, n FROM other_type WHERE id = ?"],
  ["counter_by_id", "SELECT n FROM counter WHERE id = ?"],
];
