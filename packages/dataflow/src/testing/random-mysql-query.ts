import { type Random, pick } from "./seeded-random.ts";

const JOINS: readonly { readonly from: string; readonly aliases: readonly string[] }[] = [
  { from: "title t", aliases: ["t"] },
  { from: "rating r", aliases: ["r"] },
  { from: "title t join rating r on r.title_id = t.id", aliases: ["t", "r"] },
  { from: "title t left join rating r on r.title_id = t.id", aliases: ["t", "r"] },
  { from: "title t left join rating r on r.title_id = t.id and r.stars > 2", aliases: ["t", "r"] },
  { from: "rating r right join title t on r.title_id = t.id and r.stars = 3", aliases: ["t", "r"] },
  {
    from: "credit c join title t on t.id = c.title_id join person p on p.id = c.person_id",
    aliases: ["t", "c", "p"],
  },
  { from: "person p left join person q on q.id = p.boss", aliases: ["p", "q"] },
  { from: "title t join tag g on g.word = t.name", aliases: ["t", "g"] },
  { from: "title t left join tag g on g.word = t.name", aliases: ["t", "g"] },
  { from: "person p join title t on t.name = p.name", aliases: ["t", "p"] },
  { from: "person p left join title t on t.total = p.id", aliases: ["t", "p"] },
  { from: "log l left join rating r on r.stars = l.k", aliases: ["l", "r"] },
  {
    from: "(select title_id, count(*) as n, max(stars) as best from rating group by title_id) d join title t on t.id = d.title_id",
    aliases: ["t", "d"],
  },
  {
    from: "(select id, name, year + 1 as next from title where year is not null) e join rating r on r.title_id = e.id",
    aliases: ["e", "r"],
  },
  {
    from: "title t join (select title_id, stars from rating order by id limit 4) s on s.title_id = t.id",
    aliases: ["t", "s"],
  },
];

type Kind =
  "int" | "unsigned" | "text" | "numeric" | "date" | "stamp" | "time" | "float" | "enum" | "other";

interface Column {
  readonly name: string;
  readonly kind: Kind;
}

function columns(alias: string, text: string): readonly Column[] {
  return text.split(" ").map((item) => {
    const [name, kind] = item.split(":") as [string, Kind];
    return { name: `${alias}.${name}`, kind };
  });
}

const COLUMNS: Readonly<Record<string, readonly Column[]>> = {
  t: columns(
    "t",
    "id:int name:text kind:enum year:unsigned votes:int total:unsigned score:numeric price:numeric released:date active:int premiere:date",
  ),
  r: columns(
    "r",
    "id:int title_id:int stars:unsigned weight:numeric who:text seen:stamp took:time ts:other made:other",
  ),
  p: columns("p", "id:unsigned name:text boss:int height:float mass:float"),
  q: columns("q", "id:unsigned name:text"),
  c: columns("c", "person_id:unsigned role:text"),
  g: columns("g", "word:text n:int code:text"),
  l: columns("l", "k:int v:text"),
  d: columns("d", "n:int best:unsigned"),
  e: columns("e", "id:int name:text next:unsigned"),
  s: columns("s", "title_id:int stars:unsigned"),
};

function literal(random: Random, { kind }: Column): string {
  switch (kind) {
    case "int":
      return pick(random, ["0", "1", "2", "3", "4", "10", "-7", "-1", "1.5", "'2'"]);
    case "unsigned":
      return pick(random, ["0", "1", "2", "3", "2000", "255", "-1", "18446744073709551615"]);
    case "text":
      return pick(random, ["'a'", "'A'", "'b'", "'ab'", "'É'", "'movie'", "'ACTOR'", "''", "'a '"]);
    case "numeric":
      return pick(random, ["1.0", "2.5", "1", "0.5", "0", "-3.125"]);
    case "date":
      return pick(random, ["'2000-01-01'", "'2010-01-01'"]);
    case "float":
      return pick(random, ["1.5", "0", "0.1", "1e300"]);
    case "stamp":
      return pick(random, ["'2024-01-01'", "'2024-05-06 07:08:09.123'", "'2024-05-06 07:08:09'"]);
    case "time":
      return pick(random, ["'00:00:00'", "'-12:30:00'", "'838:59:59'"]);
    case "enum":
      return pick(random, ["'movie'", "'Short'"]);
    case "other":
      return "null";
  }
}

function condition(random: Random, all: readonly Column[]): string {
  const column = pick(random, all);
  const { name, kind } = column;
  const value = (): string => literal(random, column);
  const order = kind === "enum" ? "=" : pick(random, ["<", "<=", ">", ">=", "<>"]);
  const number = ["int", "unsigned", "numeric", "float"].includes(kind);
  return pick<() => string>(random, [
    () => `${name} = ${value()}`,
    () => `${name} = ${value()}`,
    () => `${name} in (${value()}, ${value()}, ${value()})`,
    () => `${name} not in (${value()}, ${value()})`,
    () => `${name} ${order} ${value()}`,
    () => `${name} ${order} ${value()}`,
    () => (kind === "enum" ? `${name} <> ${value()}` : `${name} between ${value()} and ${value()}`),
    () => `${name} is ${pick(random, ["", "not "])}null`,
    () => `(${name} = ${value()} or ${condition(random, all)})`,
    () => `not (${name} = ${value()})`,
    () => `${name} <=> ${value()}`,
    () => (number ? `${pick(random, ["", "not "])}${name}` : `${name} is not null`),
    () => (number ? `(${name} > ${value()}) is ${pick(random, ["true", "not false"])}` : `1`),
    () => `(${condition(random, all)} xor ${condition(random, all)})`,
    () =>
      kind === "text"
        ? `${name} ${pick(random, ["", "not "])}like ${pick(random, ["'a%'", "'%B'", "'_'", "'%é%'", "'%s'"])}`
        : `${name} = ${value()}`,
    () => (number && kind !== "float" ? `${scalar(random, column)} ${order} ${value()}` : "true"),
  ])();
}

function scalar(random: Random, column: Column): string {
  const { name, kind } = column;
  switch (kind) {
    case "int":
    case "unsigned":
      return pick(random, [
        name,
        `${name} + 1`,
        `${name} * 2 - 3`,
        `-${name}`,
        `${name} % 3`,
        `abs(${name})`,
        `${name} / 3`,
        `${name} div 2`,
        `${name} = 2`,
        `coalesce(${name}, 0)`,
        `if(${name} > 1, ${name}, null)`,
        `greatest(${name}, 2)`,
        `round(${name} / 7, 2)`,
        `${name} * 0.25`,
      ]);
    case "text":
      return pick(random, [
        name,
        `concat(${name}, 'x')`,
        `length(${name})`,
        `${name} like 'a%'`,
        `left(${name}, 1)`,
        `${name} = 'a'`,
        `ifnull(${name}, '-')`,
      ]);
    case "numeric":
      return pick(random, [
        name,
        `${name} * 1.5`,
        `round(${name}, 1)`,
        `${name} / 3`,
        `${name} % 2`,
        `-${name}`,
        `coalesce(${name}, 1)`,
        `truncate(${name}, 1)`,
        `floor(${name})`,
        `${name} / 0.7`,
      ]);
    case "date":
      return pick(random, [name, `year(${name})`, `month(${name})`]);
    case "stamp":
      return pick(random, [name, `date(${name})`, `minute(${name})`]);
    case "float":
      return pick(random, [name, `${name} * 2`, `${name} + 1`, `${name} > 1`]);
    default:
      return pick(random, [name, `case when ${name} is null then 1 else 2 end`]);
  }
}

function aggregate(random: Random, all: readonly Column[]): string {
  const column = pick(random, all);
  const { name, kind } = column;
  const distinct = random() < 0.25 && kind !== "float" ? "distinct " : "";
  const simple = pick(random, ["count(*)", `count(${distinct}${name})`]);
  if (kind === "enum") return simple;
  const extremum = `${pick(random, ["min", "max"])}(${name})`;
  if (!["int", "unsigned", "numeric"].includes(kind)) return pick(random, [simple, extremum]);
  const sum = pick(random, ["sum", "avg"]);
  return pick(random, [
    simple,
    extremum,
    `${sum}(${distinct}${name})`,
    `${sum}(${name} > 1)`,
    `sum(if(${name} > 1, ${name}, 0))`,
    `coalesce(${sum}(${name}), 0)`,
    `round(avg(${name}), 1)`,
  ]);
}

/** A random statement over the sample tables; most are valid and supported. */
export function randomMysqlQuery(random: Random): string {
  const { from, aliases } = pick(random, JOINS);
  const all = aliases.flatMap((alias) => COLUMNS[alias]!);
  const conditions = Array.from({ length: Math.floor(random() * 3) }, () => condition(random, all));
  const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
  if (random() < 0.5) {
    const grouped = all.filter((c) => c.kind !== "float" && random() < 1.2 / all.length);
    const keys = grouped.map((column) => column.name);
    const made = Array.from({ length: 1 + Math.floor(random() * 2) }, () => aggregate(random, all));
    const op = pick(random, [">", "<", "="]);
    const having =
      random() < 0.3
        ? ` having ${pick(random, ["count(*)", `avg(${all[0]!.name})`])} ${op} ${pick(random, ["1", "2", "3"])}`
        : "";
    const by = keys.length > 0 ? ` group by ${keys.join(", ")}` : "";
    const sorts = [pick(random, ["count(*) desc", "count(*)"]), ...keys];
    const order = random() < 0.7 ? ` order by ${sorts.join(", ")}${limit(random)}` : "";
    return `select ${[...keys, ...made].join(", ")} from ${from}${where}${by}${having}${order}`;
  }
  const chosen = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, all));
  if (random() < 0.25) {
    const plain = chosen.filter((column) => column.kind !== "float").map((column) => column.name);
    if (plain.length > 0) {
      const order = random() < 0.6 ? ` order by ${plain.join(", ")}${limit(random)}` : "";
      return `select distinct ${plain.join(", ")} from ${from}${where}${order}`;
    }
  }
  const items = chosen.map((column) => scalar(random, column)).join(", ");
  if (random() < 0.5 && !chosen.some((column) => column.kind === "text")) {
    const order = chosen.map((column) => `${column.name}${pick(random, ["", " desc"])}`);
    // All visible values follow from the sorted columns, so ties are equal rows.
    return `select ${items} from ${from}${where} order by ${order.join(", ")}${limit(random)}`;
  }
  const [first] = all;
  if (aliases.length === 1 && first?.name.endsWith(".id") === true && random() < 0.6) {
    const order = pick(random, all).name;
    const sort = `${order}${pick(random, ["", " desc"])}, ${first.name}`;
    return `select ${first.name}, ${items} from ${from}${where} order by ${sort}${limit(random)}`;
  }
  return `select ${items} from ${from}${where}`;
}

function limit(random: Random): string {
  return pick(random, ["", " limit 3", " limit 5 offset 2", " limit 0", " limit 1"]);
}
