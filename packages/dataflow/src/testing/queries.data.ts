/** Statements whose answers are compared with a real server's, one construct or two each. */
export const QUERIES: readonly string[] = `
select * from title
select id, name from title where id = 3
select id from title where id = '3'
select id from title where 3 = id
select id from title where votes = 10
select id from title where votes = 9007199254740993
select id from title where year = 2000 and kind = 'movie'
select id from title where score = 1
select id from title where score = 1.0
select id from title where score > 1.5 order by id
select id from title where price between 1 and 3
select id from title where price not between 1 and 3
select id from title where id in (1, 2, 3, 3)
select id from title where id not in (1, 2, 3)
select id from title where name in ('a', 'b', 'zz')
select id from title where released < '2010-01-01' order by released desc, id limit 4
select id from title where released = date '2000-01-01'
select id from title where active
select id from title where not active
select id from title where active is not true
select id from title where active is unknown
select id from title where active = true
select id, active and year = 2000, active or year = 2000, not active from title
select id, year = 2000 and null, year = 2000 or null from title
select id from title where name is null or name = 'a'
select id from title where name like 'a%'
select id from title where name not like '%b%'
select id from title where name like '_'
select id from title where name like 'x\\%'
select id from title where name like '%%z'
select id, name || '!' , name || kind from title
select id, id || name from title
select id, length(name), char_length(name), octet_length(name) from title
select id, left(name, 1), right(name, 1), left(name, -1), right(name, -1) from title
select id, reverse(name), replace(name, 'a', 'xy'), strpos(name, 'b'), position('b' in name) from title
select id, btrim(name), ltrim(name), rtrim(name), trim(name) from title
select id, starts_with(name, 'a') from title
select id + 1, id - 1, id * 2, id / 2, id % 2, -id from title
select id, votes + id, votes * 2, votes / 3, votes % 3, -votes from title where id < 9
select id, year + 1, year * year from title where year is not null and id < 3
select id, score + 1, score - 0.25, score * score, score / 3, score % 2, -score from title
select id, score / 7.0, 10 / score from title where score <> 0
select id, price * 3, price + id, price / 3 from title
select id, round(score), round(score, 1), trunc(score), trunc(score, 1), floor(score), ceil(score), abs(score), sign(score) from title
select id, abs(id - 5), mod(id, 3), abs(votes) from title where id < 9
select id, score::int, votes::text, score::text, id::int8, id::numeric, active::text, active::int from title where id < 9
select id, price::numeric(10,1), name::varchar(1), score::float8 from title
select id, id::float8 / 3, height * 2, height + 0.1, height / 3 from person
select id, round(height), floor(height), ceil(height) from person
select id, coalesce(name, kind, 'none'), coalesce(year, 0), coalesce(votes, 5) from title
select id, nullif(kind, 'movie'), nullif(id, 3) from title
select id, greatest(id, 4, year), least(id, 4), greatest(name, 'b') from title
select id, case when id < 3 then 'low' when id < 6 then 'mid' else 'high' end from title
select id, case kind when 'movie' then 1 when 'series' then 2 end from title
select id, case when year = 2000 then score else 0 end from title
select id, name is distinct from 'a', name is not distinct from null from title
select id, year in (1999, 2001), kind not in ('movie', 'short') from title
select id, year in (1999, null) from title
select released + 1, released - 1, released - date '2000-01-01' from title
select id from rating where seen = '2024-01-01 00:00:00'
select id from rating where seen >= '2024-01-01' and seen < '2025-01-01'
select id, date_trunc('day', seen), date_trunc('month', seen), date_trunc('hour', seen), date_trunc('week', seen), date_trunc('year', seen), date_trunc('quarter', seen) from rating
select id, seen::date from rating
select id, released::timestamp from title
select count(*) from title
select count(*) from title where id = 999
select count(name), count(distinct kind), count(distinct score) from title
select sum(id), sum(votes), sum(price), sum(score), sum(year) from title
select avg(id), avg(votes), avg(price), avg(score), avg(year) from title
select sum(distinct year), avg(distinct stars) from title, rating
select min(id), max(id), min(name), max(name), min(released), max(released), min(votes), max(price) from title
select sum(id), min(id), count(*) from title where id > 1000
select sum(id) filter (where kind = 'movie'), count(*) filter (where active) from title
select bool_and(active), bool_or(active), every(active) from title
select kind, count(*) from title group by kind
select kind, active, count(*) from title group by kind, active
select kind, count(*) from title group by 1 order by 2 desc, count(distinct id)
select kind as k, sum(votes) from title group by k having count(*) > 1
select year, max(price) - min(price) from title group by year order by year desc nulls last
select year + 1, count(*) from title group by year + 1 order by year + 1
select coalesce(year, 0) as y, count(*) from title group by y order by y
select id, name, count(*) from title group by id
select t.id, t.name, t.year, count(r.id), avg(r.stars) from title t left join rating r on r.title_id = t.id group by t.id order by t.id
select t.*, r.stars from title t join rating r on r.title_id = t.id where t.id = 2
select t.id, r.id from title t, rating r where t.id = r.title_id and r.stars = 5
select t.id, r.id from title t join rating r on t.id = r.title_id and r.stars > t.id
select t.id, r.id from title t left join rating r on t.id = r.title_id and r.stars = 5
select t.id, r.id from title t left join rating r on t.id = r.title_id where r.stars = 5
select t.id, r.id from title t left join rating r on t.id = r.title_id where r.id is null
select t.id, r.id from title t left join rating r on t.id = r.title_id and t.kind = 'movie' order by t.id, r.id
select t.id, r.id from rating r right join title t on t.id = r.title_id order by 1, 2 nulls first
select t.id, p.name from title t join credit c on c.title_id = t.id join person p on p.id = c.person_id order by 1, 2
select t.id, p.name from title t left join credit c on c.title_id = t.id left join person p on p.id = c.person_id
select t.id, p.name from title t left join (credit c join person p on p.id = c.person_id) on c.title_id = t.id
select t.id, c.role, p.id from title t left join credit c on c.title_id = t.id and c.role = 'actor' left join person p on p.id = c.person_id and p.boss = t.id
select p.id, b.id from person p left join person b on b.id = p.boss
select p.id, b.id from person p join person b on b.boss = p.boss and b.id <> p.id
select p.id, count(b.id) from person p left join person b on b.boss = p.id group by p.id having count(b.id) >= 1 order by p.id
select title_id, person_id, t.name from credit join title t on t.id = credit.title_id
select * from credit join (select id as person_id, name from person) p using (person_id)
select * from credit natural join (select id as title_id, kind from title) t
select person_id, count(*) from credit join (select id as person_id from person) p using (person_id) group by person_id
select * from (select id, kind from title where year = 2000) x where x.kind = 'movie'
select x.n from (select count(*) as n from rating) x
select * from (select kind, count(*) as n from title group by kind) g where n > 2
select t.id, g.n from title t join (select title_id, count(*) as n from rating group by title_id) g on g.title_id = t.id order by t.id
select t.id, g.n from title t left join (select title_id, count(*) as n from rating group by title_id) g on g.title_id = t.id where t.id = 3
select t.id, g.a from title t join (select title_id, avg(stars) as a from rating group by title_id having count(*) > 1) g on g.title_id = t.id and g.a > 2
select * from (select id from title order by id desc limit 3) x order by id
select x.id, x.y from (select id, coalesce(year, 0) as y from title) x left join rating r on r.title_id = x.id where y = 0
select t.id, x.y from title t left join (select title_id, coalesce(stars, 0) as y from rating) x on x.title_id = t.id
with m as (select * from title where kind = 'movie') select m.id, r.stars from m join rating r on r.title_id = m.id
with a as (select title_id, count(*) as n from rating group by title_id), b as (select * from a where n > 1) select * from b order by title_id
with m as (select id from title where id < 5) select x.id, y.id from m x join m y on x.id = y.id + 1
select distinct kind from title
select distinct kind, active from title
select distinct year from title order by year desc limit 2
select distinct stars, who from rating order by who, stars
select distinct count(*) from title group by kind
select id from title order by id limit 3
select id from title order by id desc limit 3 offset 2
select id from title order by id offset 5
select id from title order by name, id
select id from title order by name desc, id desc
select id, name as n from title order by n nulls first, id
select id from title order by score desc nulls last, id limit 5
select id from title order by price + 1, id
select id as x, -id as y from title order by y
select id, year from title order by 2, 1
select id from title order by active, id
select id from title order by coalesce(year, 0) desc, id limit 4
select k, v from log
select k, count(*) from log group by k
select distinct * from log
select l.k, l.v, t.id from log l join title t on t.id = l.k
select v, sum(k) from log group by v order by v
select sum(k * k), count(*) from log where k > 1
select max(t.id), r.who from title t join rating r on r.title_id = t.id group by r.who order by r.who limit 3
select t.kind, sum(r.weight), avg(r.weight), min(r.weight), max(r.who) from title t join rating r on r.title_id = t.id group by t.kind
select t.kind, count(distinct r.who) from title t join rating r on r.title_id = t.id group by t.kind having sum(r.stars) > 3
select t.year, r.stars, count(*) from title t join rating r on r.title_id = t.id group by 1, 2 order by 3 desc, 1, 2 limit 4
select id, 1, 'x', null, true as yes from title where id = 1
select id, 1.50, 10000000000, '5'::int from title where id = 1
select 1
select 1 + 1, 'a'
select name from person where name = 'a'
select p.name, t.name from person p join title t on p.name = t.name
select p.id, t.id from person p join title t on p.id = t.id
select p.id, t.id from person p join title t on t.votes = p.boss
select p.id, t.id from person p join title t on t.year = p.boss
select t.id, u.id from title t join title u on t.score = u.price
select t.id, r.id from title t join rating r on r.seen = t.released
select t.id from title t where t.released > '1999-12-31'::date
select id from title where id = 1 / 0
select id / 0 from title where id = 1
select id from title where id * 2147483647 > 0
select 10 / (id - 3) from title where id = 3
select id from title where score = 'NaN'
select id from title order by id limit null
select kind, count(*) from title group by kind order by count(*) desc, max(id) limit 2
select a.id, b.id, c.id from title a, title b, title c where a.id = b.id and b.id = c.id and a.kind = 'movie'
select count(*) from title a cross join rating b
select id from title where name > 'a' order by id
select id from title where name >= 'a' and name < 'b'
select id from title where year between symmetric 2001 and 1999
select id from title where id not between symmetric 6 and 3
select id from title where name between symmetric 'b' and 'a'
select id from title where price between symmetric score and 2
select id, year between symmetric null and 2000 from title
select id from title where name like 'x!%' escape '!'
select id from title where name like '%!%%' escape '!'
select id from title where name not like 'a!_%' escape '!'
select id from title where name like 'x\\%' escape ''
select id from title where name like 'x\\%' escape '\\'
select id from title where name like 'é_' escape 'é'
select id from title where name like 'a' escape null
select id from title where name like 'a!' escape '!'
select id, kind from title order by kind collate "C", id
select kind from title order by kind collate "C" desc limit 5
select kind, name from title order by kind collate "C", name limit 5
select id from title order by name collate "C" desc nulls last, id limit 6
select id, kind collate "C" from title where kind collate "C" > 'movie'
select id from title where kind collate "C" between 'm' and 'n'
select id from title where kind collate "C" = 'movie'
select id from title where kind collate pg_catalog."C" in ('movie', 'short')
select min(kind collate "C"), max(kind collate "C"), max(name collate "C") from title
select year, min(kind collate "C") from title group by year order by year
select kind collate "C", count(*) from title group by kind collate "C" order by 1
select kind, count(*) from title group by kind order by kind collate "C" limit 2
select distinct kind collate "C" as k from title order by k
select p.name collate "C" as n from person p order by n, p.id
select greatest(kind collate "C", 'n'), left(kind collate "C", 2) from title
select t.id, r.id from title t join rating r on t.kind collate "C" = r.who
select t.id, u.id from title t left join title u on u.kind collate "C" < t.kind collate "C" and u.id = t.id + 1
select id from title where id = any (array[1, 2, 2])
select id from title where votes = any (array[1, 10, 9007199254740993])
select id from title where votes = any (array[10, null])
select id from title where year = any (array[2000, 1999])
select id from title where id = any (array[1.0, 2])
select id from title where name = any (array['a', 'b'])
select id from title where released = any (array['2000-01-01', '1999-12-31']::date[])
select id from title where votes = any (array[1.5, 9.6]::int[])
select id, not (year = any (array[1999, null])) from title
select * from credit c join (select id as person_id, stars from rating) r using (person_id)
select * from (select id as person_id, stars from rating) r join credit c using (person_id)
select * from (select id as person_id, stars from rating) r left join credit c using (person_id) order by 1, 2, 3
select * from (select id as person_id, stars from rating) r right join credit c using (person_id)
select person_id, count(*) from credit c left join (select id as person_id from rating) r using (person_id) group by person_id order by person_id
select * from title t left join (rating r join (select id, name as n from person) p using (id)) on r.title_id = t.id
select id, count(*) from title join (select id, boss from person) p using (id) where id > 2 group by id
select id from rating where seen between '2024-01-01' and '2024-06-01'
select id from title where (id, year) = (1, 2000)
select id from title where upper(name) = 'A'
select sum(height) from person
select id from title order by kind
select id from title where id = any(array[1,2])
select id from title where exists (select 1 from rating)
select now()
select id, row_number() over () from title
`
  .split("\n")
  .filter((line) => line !== "");
