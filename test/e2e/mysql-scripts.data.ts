/**
 * Each runs with the command line client directly and through Freshet; every byte of both outputs
 * must be equal. Read by both servers' clients.
 */
export const MYSQL_SCRIPTS: Readonly<Record<string, string>> = {
  "errors with their numbers": `
    SELECT nothing FROM nowhere;
    SELEC 1;
    SELECT nowhere.nothing();
    CREATE TABLE checked (id int PRIMARY KEY, n int UNIQUE, CHECK (n > 0));
    INSERT INTO checked VALUES (1, 1), (1, 2);
    INSERT INTO checked VALUES (2, 1);
    INSERT INTO checked VALUES (3, -1);
    INSERT INTO checked VALUES (3, 'x');
    SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'signalled', MYSQL_ERRNO = 4711;
    USE nowhere;
    SELECT 'ok' AS after_errors;
    DROP TABLE checked;
    DROP TABLE checked;
  `,
  "warnings and notes": `
    DROP TABLE IF EXISTS not_there;
    SET sql_mode = '';
    SELECT 1/0, CAST('12x' AS signed);
    SHOW WARNINGS; SHOW COUNT(*) WARNINGS;
    SELECT @@warning_count;
    CREATE TABLE short (c char(3), n tinyint);
    INSERT INTO short VALUES ('too long', 1000);
    SHOW WARNINGS LIMIT 1;
    GET DIAGNOSTICS @count = NUMBER;
    SELECT @count;
    SHOW ERRORS;
    DROP TABLE short;
  `,
  "transactions and savepoints": `
    CREATE TABLE moved (id int PRIMARY KEY AUTO_INCREMENT, n int);
    BEGIN; INSERT INTO moved (n) VALUES (1); SAVEPOINT one; INSERT INTO moved (n) VALUES (2);
    ROLLBACK TO one; SELECT * FROM moved; RELEASE SAVEPOINT one; COMMIT;
    START TRANSACTION READ ONLY; INSERT INTO moved (n) VALUES (3); ROLLBACK AND CHAIN;
    SELECT count(*) FROM moved; COMMIT;
    SET autocommit = 0; INSERT INTO moved (n) VALUES (4); SELECT LAST_INSERT_ID(); ROLLBACK;
    SELECT * FROM moved; SET autocommit = 1;
    SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT * FROM moved;
    XA START 'one'; INSERT INTO moved (n) VALUES (5); XA END 'one'; XA PREPARE 'one'; XA RECOVER;
    XA COMMIT 'one'; SELECT count(*) FROM moved;
    LOCK TABLES moved READ; SELECT count(*) FROM moved; SELECT * FROM mysql.user; UNLOCK TABLES;
    DROP TABLE moved;
  `,
  "stored procedures with several results": `
    delimiter //
    CREATE PROCEDURE several(IN low int, OUT total int)
    BEGIN
      DECLARE n int DEFAULT 0;
      SELECT low AS first_result;
      WHILE n < 3 DO SELECT n AS counted, low + n AS moved; SET n = n + 1; END WHILE;
      SELECT sum(x) INTO total FROM (SELECT 1 AS x UNION ALL SELECT 41) t;
    END//
    CREATE PROCEDURE fetching()
    BEGIN
      DECLARE done int DEFAULT 0; DECLARE v int;
      DECLARE c CURSOR FOR SELECT 1 UNION SELECT 2 UNION SELECT 3;
      DECLARE CONTINUE HANDLER FOR NOT FOUND SET done = 1;
      OPEN c;
      REPEAT FETCH c INTO v; SELECT v, done; UNTIL done END REPEAT;
      CLOSE c;
      SELECT * FROM nowhere_at_all;
    END//
    delimiter ;
    CALL several(10, @total); SELECT @total;
    CALL several('x', @total);
    CALL fetching();
    CALL nothing_like_it();
    SELECT ROW_COUNT();
    DROP PROCEDURE several; DROP PROCEDURE fetching;
  `,
  "prepared statements in SQL": `
    PREPARE twice FROM 'SELECT ? * 2 AS twice, ? AS text';
    SET @a = 21, @b = 'täxt';
    EXECUTE twice USING @a, @b; EXECUTE twice USING @a; DEALLOCATE PREPARE twice;
    EXECUTE twice USING @a, @b;
    PREPARE wrong FROM 'SELEC';
    PREPARE made FROM 'CREATE TEMPORARY TABLE temporary_one AS SELECT 1 AS one';
    EXECUTE made; SELECT * FROM temporary_one; DROP TABLE temporary_one;
  `,
  "session settings": `
    SET sql_mode = 'ANSI_QUOTES'; SELECT "name" FROM (SELECT 1 AS "name") AS t;
    SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT 'a\\\\b';
    SET sql_mode = 'PIPES_AS_CONCAT'; SELECT 'a' || 'b'; SET sql_mode = DEFAULT; SELECT 'a' || 'b';
    SET time_zone = '+09:00'; SELECT FROM_UNIXTIME(0), @@time_zone; SET time_zone = DEFAULT;
    SET NAMES latin1; SELECT length('ä'), charset('ä'), @@character_set_results; SET NAMES utf8mb4;
    SET @a = 1, @b := 'x'; SELECT @a, @b, @never_set; SELECT @a := @a + 1; SELECT @a;
    SET lc_time_names = 'de_DE'; SELECT date_format('2024-03-01', '%M %W'); SET lc_time_names = 'en_US';
    SET sql_select_limit = 1; SELECT 1 UNION SELECT 2; SET sql_select_limit = DEFAULT;
    SET group_concat_max_len = 5; SELECT group_concat('abcdef'); SET group_concat_max_len = DEFAULT;
    SHOW VARIABLES LIKE 'sql_mode'; SHOW VARIABLES LIKE 'character\\_set\\_client';
    SET GLOBAL nothing_like_it = 1; SET nothing_like_it = 1;
    CREATE DATABASE elsewhere; USE elsewhere; SELECT DATABASE();
    CREATE TABLE t (id int); SHOW TABLES; DROP DATABASE elsewhere; SELECT DATABASE();
  `,
  "values of every kind": `
    SELECT 1, -1, 1.5, 1e100, -0.0, NULL, '', 'täxt 😀', x'00ff', b'101', true, 18446744073709551615;
    SELECT DATE '2024-02-29', TIME '-12:34:56.789', TIMESTAMP '2024-02-29 01:02:03.456789';
    SELECT CAST('-838:59:59' AS time), CAST('0000-00-00' AS date), CAST(1 AS unsigned);
    SELECT CAST('{"a": [1, 2, null]}' AS char), CAST(JSON_EXTRACT('{"a": [1, 2]}', '$.a[1]') AS char);
    SELECT ST_AsText(ST_GeomFromText('POINT(1 2)')), hex(ST_GeomFromText('POINT(1 2)'));
    SELECT repeat('long ', 20000);
    SELECT 'a tab\\t and a line\\n and a zero\\0 and a \\\\';
    SELECT 1 AS \`strange "name\`, 2 AS '', 3 AS 'ä';
    SELECT * FROM (SELECT 1 AS a, 2 AS b) t WHERE false;
  `,
  "the catalogue": `
    CREATE TABLE described (id int unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY,
      name varchar(30) COLLATE utf8mb4_bin DEFAULT 'x' COMMENT 'a comment', e enum('a','b'),
      KEY by_name (name));
    DESCRIBE described; SHOW CREATE TABLE described; SHOW INDEX FROM described;
    SHOW FULL COLUMNS FROM described; SHOW TABLE STATUS LIKE 'nothing';
    SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'described'
      ORDER BY ordinal_position;
    SHOW GRANTS; SHOW COLLATION LIKE 'utf8mb4_bin'; SHOW ENGINES; SHOW DATABASES;
    HANDLER described OPEN; HANDLER described READ FIRST; HANDLER described CLOSE;
    ANALYZE TABLE described; CHECK TABLE described; CHECKSUM TABLE described;
    EXPLAIN SELECT 1; HELP 'nothing_like_it';
    DROP TABLE described;
  `,
  "rows found and changed": `
    CREATE TABLE counted (id int PRIMARY KEY AUTO_INCREMENT, n int);
    INSERT INTO counted (n) VALUES (1), (2), (3); SELECT ROW_COUNT(), LAST_INSERT_ID();
    UPDATE counted SET n = 2; SELECT ROW_COUNT(); UPDATE counted SET n = 2; SELECT ROW_COUNT();
    INSERT INTO counted VALUES (1, 9) ON DUPLICATE KEY UPDATE n = 9; SELECT ROW_COUNT();
    REPLACE INTO counted VALUES (1, 8); SELECT ROW_COUNT();
    SELECT SQL_CALC_FOUND_ROWS id FROM counted LIMIT 1; SELECT FOUND_ROWS();
    INSERT INTO counted (n) SELECT n FROM counted; DELETE FROM counted WHERE id > 1;
    TRUNCATE counted; SELECT ROW_COUNT(); INSERT INTO counted SET id = LAST_INSERT_ID(77), n = 1;
    SELECT LAST_INSERT_ID(); DROP TABLE counted;
  `,
};
