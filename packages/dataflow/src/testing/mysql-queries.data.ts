/** Statements whose answers are compared with those of MySQL and MariaDB. */
export const MYSQL_QUERIES: readonly string[] = `
select * from title
select * from rating
select * from person
select * from log
select ID, Name from title where Id = 3
select id from title where id = '3'
select x.id from (select id from title order by id limit 3) x
select x.id from (select id from title order by id limit 3 offset 1) x where x.id > 1
select id from title where 3 = id
select id from title where id <=> 3
select id from title where name <=> null
select id from title where votes = 10
select id from title where votes = -9223372036854775808
select id from title where total = 18446744073709551615
select id from title where total > 9223372036854775807
select id from title where total > votes
select id from title where votes = '9007199254740992'
select id from title where votes = '9007199254740993'
select id, coalesce(total, 0), coalesce(total, -1), if(id > 3, total, id), greatest(year, -1) from title
select id from title where votes < 0 and total >= 3
select id from title where year = 2000 and kind = 'movie'
select id from title where year > -1
select id from title where kind in ('movie', 'Short')
select id, kind from title order by kind, id
select id, kind from title order by kind desc, id
select id from title where score = 1
select id from title where score = 1.0
select id from title where score > 1.5 order by id
select id from title where price between 1 and 3
select id from title where price not between 1 and 3
select id from title where id in (1, 2, 3, 3)
select id from title where id not in (1, 2, 3)
select id from title where name in ('a', 'b', 'zz')
select id from title where name = 'A'
select id from title where name = 'a '
select id from title where name = 'é'
select id from title where name = 'SS'
select id from title where name > 'a' order by id
select id from title where name <> 'e'
select id, name from title order by id desc
select name from title order by name, id
select name, id from title order by name desc, id
select id from rating where who = 'a'
select id from rating where who = 'a '
select id from rating where who > 'a' and who < 'b'
select who, id from rating order by who, id
select id from title where released < '2010-01-01' order by released desc, id limit 4
select id from title where released between '1999-12-31' and '2000-01-01'
select id from title where released = cast(released as date)
select id from rating where seen = '2024-05-06 07:08:09.123'
select id from rating where seen > '2024-01-01' order by id
select id, seen, took, ts, made from rating
select id from rating where took < '00:00:00'
select id from rating where took > '-13:00:00' order by took, id
select id from rating where made = 1999
select id from rating where made >= 2000
select id from rating order by ts, id
select r.id, s.id from rating r join rating s on r.ts = s.ts and r.id = s.id
select id from title where active
select id from title where not active
select id from title where active is not true
select id from title where active is unknown
select id from title where active = true
select id from title where score
select id from title where !active
select id, active and year = 2000, active or year = 2000, not active from title
select id, active xor year = 2000 from title
select id, year = 2000 and null, year = 2000 or null from title
select id, id = 3, id > 3, id between 2 and 4, name is null, id in (1, 2) from title
select id, (id = 3) + 1, -(id > 2), (id = 1) = (active = 1) from title
select sum(id > 3), sum(name = 'a'), count(id > 3 or null), max(id = 2), avg(id > 3) from title
select id from title where name is null or name = 'a'
select id from title where name like 'a%'
select id from title where name not like '%b%'
select id from title where name like '_'
select id from title where name like 'x_'
select id from title where name like 'É'
select id from title where name like 's_'
select id from title where name like '%Z_'
select id from title where name like ''
select id from rating where who like 'A%'
select id from rating where who like '% %'
select id, concat(name, '!'), concat(name, id), concat('x', name, 'y') from title
select id, length(name), char_length(name), octet_length(name) from title
select id, left(name, 1), right(name, 1), left(name, -1), substring(name, 2), substr(name, -1, 1), mid(name, 1, 1), substring(name, 0), substring(name from 2 for 1) from title
select id, reverse(name), trim(name), ltrim(name), rtrim(name) from title
select id, upper(who), lower(who), ucase(who), lcase(who) from rating where who in ('a', 'Ab', 'x%')
select id + 1, id - 1, id * 2, id / 2, id % 2, -id, id div 2, id mod 3 from title
select id, id / 0, id % 0, id div 0, score / 0 from title
select id, votes + id, votes % 3 from title where id < 9
select id, votes + 1 from title where votes > 0
select id, total + 1 from title where total < 10
select id, total % 7, total div 2, total - 0 from title where total < 100
select id, year + 1, year * year, year - 1 from title where year is not null
select id, score + 1, score - 0.25, score * score, score / 3, score % 2, -score from title
select id, score / 7.0, 10 / score from title where score <> 0
select id, price * 3, price + id, price / 3, price * score from title
select id, round(score), round(score, 1), truncate(score, 1), floor(score), ceil(score), ceiling(score), abs(score), sign(score) from title
select id, round(id), floor(id), abs(id - 5), mod(id, 3), sign(id - 3) from title
select id, round(price / 3, 2), floor(price / 3), truncate(price / 7, 1), ceil(score / 3) from title
select id, height * 2, height + 0.1, height / 3, height + id, -height from person where id < 20 and height < 1e10
select id, height > 0, height = 0.1, height = 1.5, height < 1e0 from person
select id, data, flags from person
select id from person where data = 'a'
select id, mass, mass * 2, mass + 1 from person
select id from person where mass = 0.1
select id from person where mass > 0.1
select id from person where mass = 1.5 or mass in (-2.25, 16777216)
select id, min(mass), max(mass) from person group by id
select id, premiere from title order by premiere, id
select id from title where premiere > '2000-01-01'
select id from title where premiere < '2000-01-01'
select id, month(premiere) from title where premiere > '2020-12-31'
select premiere, count(*) from title group by premiere
select word, code from tag where code = 'A '
select word, code from tag order by code, word
select word, char_length(code), concat(code, '|') from tag
select code, count(*) from tag where code is not null group by code
select id from title where premiere is not null and id < 0
select id from person where flags = 5
select id from person where data > 'A' order by data, id
select id, coalesce(name, 'none'), coalesce(year, 0), coalesce(votes, 5), ifnull(price, 0), ifnull(score, price) from title
select id, coalesce(price, score, 1), ifnull(null, id) from title
select id, nullif(id, 3), nullif(name, 'a'), nullif(price, 1) from title
select id, greatest(id, 4), least(id, 4), greatest(price, 1), least(score, price), greatest(id, year) from title
select id, case when id < 3 then 'low' when id < 6 then 'mid' else 'high' end from title
select id, case id when 1 then 10 when 2 then 20 end from title
select id, case when year = 2000 then score end from title
select id, if(id > 3, 'x', 'y'), if(active, id, votes), if(price > 1, price, null) from title
select id, isnull(name), isnull(name) = 0 from title
select id, year in (1999, 2001), name not in ('a', 'b') from title
select id, year in (1999, null) from title
select id, name collate utf8mb4_bin = 'a' from title
select id from title where name collate utf8mb4_bin in ('a', 'B')
select name from title where name is not null order by name collate utf8mb4_bin, id
select year(released), month(released), day(released), dayofmonth(released) from title
select year(seen), hour(seen), minute(seen), second(seen), date(seen), extract(month from seen) from rating
select id, cast(id as signed), cast(year as unsigned), cast(id as decimal(25,2)) from title
select id from title where date(released) = '2000-01-01'
select t.id, released, seen from title t join rating r on r.seen > t.released and r.title_id = t.id
select t.id, t.name, r.stars from title t join rating r on r.title_id = t.id where t.id = 3
select t.id, r.id from title t left join rating r on r.title_id = t.id and r.stars > 2
select t.id, r.id from rating r right join title t on r.title_id = t.id
select t.id from title t left join rating r on r.title_id = t.id where r.id is null
select t.name, g.word from title t join tag g on g.word = t.name
select t.id, g.word from title t left join tag g on g.word = t.name order by t.id
select g.word, count(*) from tag g left join title t on t.name = g.word group by g.word
select p.name, t.name from person p join title t on t.name = p.name
select p.id, q.id from person p join person q on q.id = p.boss
select r.id from rating r join person p using (id)
select * from rating join person using (id)
select * from credit natural join rating
select * from credit join rating using (title_id)
select * from rating r left join credit c using (title_id)
select t.*, r.id from title t, rating r where t.id = r.title_id
select title.id from test.title where test.title.id = 2
select count(*) from title
select count(*), count(name), count(distinct name), count(distinct year), sum(id), avg(id), min(id), max(id) from title
select sum(price), avg(price), min(price), max(price), sum(score), avg(score) from title
select sum(votes), sum(total), avg(total), min(total), max(total), max(votes) from title
select sum(year), avg(year), max(year), min(released), max(released) from title
select min(height), max(height) from person
select min(seen), max(seen), min(took), max(took), min(ts), max(made) from rating
select sum(distinct stars), avg(distinct stars), count(distinct who) from rating
select sum(price * 2), sum(price + id), avg(price * score), sum(if(id > 3, price, 0)), max(if(id > 3, price, score)) from title
select sum(case when active then price else 0 end) from title
select coalesce(sum(price), 0), ifnull(avg(price), 0), round(avg(price), 1), coalesce(max(id), -1) from title where id > 100
select coalesce(sum(price), 0), ifnull(avg(price), 0), round(avg(price), 1), sum(price) + 1, sum(id) / count(*) from title
select year, count(*) from title group by year
select year, count(*) from title group by year order by year
select year, count(*) c from title group by year order by c desc, year
select year as y, count(*) as n from title group by y having n > 1 order by y
select year, count(*) from title group by year having count(*) > 1 and year > 1999
select year, avg(price) from title group by year having avg(price) > 1.5
select kind, count(*), max(id) from title group by kind
select kind, count(*) from title group by kind order by kind
select active, sum(price), avg(id) from title group by active order by 1
select name, count(*) from title group by name
select who, count(*) from rating group by who order by who
select role, count(*) from credit group by role
select v, count(*) from log group by v
select distinct year from title
select distinct year, active from title order by year, active
select distinct who from rating
select distinct name from title
select distinct kind from title order by kind
select id % 3, count(*) from title group by id % 3
select id % 3 as m, count(*) from title group by m order by m
select year(released) y, count(*) from title group by y order by y desc
select id, name from title group by id order by id
select t.id, t.name, count(r.id) from title t left join rating r on r.title_id = t.id group by t.id order by t.id
select title_id, min(stars), max(stars), sum(weight) from rating group by title_id order by title_id
select min(name), max(name) from title
select min(who), max(who) from rating
select id from title order by id limit 3
select id from title order by id limit 2, 3
select id from title order by id limit 18446744073709551615 offset 3
select id from title order by id desc limit 1
select id from title order by 1 desc limit 2
select year y, id from title order by y, id
select year y, id from title order by y desc, id desc
select -id as id2 from title order by id2
select d.n, t.id from (select title_id, count(*) as n from rating group by title_id) d join title t on t.id = d.title_id
select n from (select count(*) as n from rating group by title_id having n > 1) d order by n
select x.id from (select id, name from title where id > 2) x where x.name = 'a'
select a.avg from (select avg(price) as avg from title) a
with big as (select id, name from title where id > 3) select b.id from big b order by b.id
select * from (select distinct stars from rating) s order by stars
select id from title where name = 'a' or name = 'b' and id > 3
select id from title where id = 1 || id = 2
select id from title where id > 1 && id < 4
select id from title where id != 3
select 1, 'x', 1.50, null, true from title where id = 1
select v from log where v = 'é'
select v from log where v = 'P'
select v from log where v in ('É', 'q')
select k from log where v > 'p' order by k
select v from log where v like 'p%'
select length(v), char_length(v) from log
select id from title where name > 'é' and name < 'x' order by id
select count(*) from title where total >= 3 and total <= 18446744073709551615
select p.id from person p join title t on t.total = p.id
select p.id from person p join title t on t.votes = p.id
select count(*) from rating r join title t on t.score = r.weight
select count(*) from title having count(*) > 1
select id from title where price / 3 > 0.8333
select id from title where price / 3 = 0.833333
`
  .split("\n")
  .filter((line) => line !== "");

/** Statements that must be refused, and why. */
export const MYSQL_REFUSED: readonly (readonly [string, RegExp])[] = [
  ["select id from title where name = 3", /between varchar and bigint/],
  ["select id from title where name", /not a number/],
  ["select id from rating where ts > '2024-01-01 00:00:00'", /TIMESTAMP/],
  ["select id from rating where made = 99", /four digits/],
  [
    "select id from title where released = '2000-1-1' and id = id + 0 or released = '2000-1-1'",
    /plain form/,
  ],
  ["select kind from title where kind > 'movie'", /ENUM/],
  ["select min(kind) from title", /min\(enum\)/],
  ["select sum(height) from person", /order of addition/],
  ["select id / 3 * 3 from title", /quotient/],
  ["select id + 0 as id, count(*) from title group by id", /ambiguous/],
  ["select if(id > 3, price, score) from title", /several scales/],
  ["select name, id from title group by name", /GROUP BY/],
  ["select id from title having id > 3", /HAVING/],
  ["select p.id from rating r join title p on p.name = r.who", /collations/],
  ["select group_concat(name) from title", /not kept/],
  ["select count(distinct id, name) from title", /arguments/],
  ["select now() from title", /function/],
];
