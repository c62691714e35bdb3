import { type Random, pick } from "./seeded-random.ts";

const JOINS: readonly { readonly from: string; readonly aliases: readonly string[] }[] = [
  { from: "title t", aliases: ["t"] },
  { from: "rating r", aliases: ["r"] },
  { from: "title t join rating r on r.title_id = t.id", aliases: ["t", "r"] },
  { from: "title t, rating r", aliases: ["t", "r"] },
  { from: "title t left join rating r on r.title_id = t.id", aliases: ["t", "r"] },
  { from: "title t left join rating r on r.title_id = t.id and r.stars > 2", aliases: ["t", "r"] },
  {
    from: "title t left join rating r on r.title_id = t.id and t.year = 2000",
    aliases: ["t", "r"],
  },
  { from: "rating r right join title t on r.title_id = t.id and r.stars = 3", aliases: ["t", "r"] },
  {
    from: "credit c join title t on t.id = c.title_id join person p on p.id = c.person_id",
    aliases: ["t", "c", "p"],
  },
  {
    from: "title t left join credit c on c.title_id = t.id left join person p on p.id = c.person_id",
    aliases: ["t", "c", "p"],
  },
  {
    from: "title t left join (credit c join person p on p.id = c.person_id) on c.title_id = t.id",
    aliases: ["t", "c", "p"],
  },
  { from: "person p left join person q on q.id = p.boss", aliases: ["p", "q"] },
  { from: "person p join person q on q.boss = p.boss", aliases: ["p", "q"] },
  { from: "rating r join log l on l.k = r.stars", aliases: ["r", "l"] },
  {
    from: "(select id as person_id, name from title) u left join credit c using (person_id)",
    aliases: ["c", "u"],
  },
  { from: "rating r join person p using (id)", aliases: ["r", "p", "m"] },
  { from: "log l", aliases: ["l"] },
  {
    from: "(select title_id, count(*) as n, max(stars) as best from rating group by title_id) d join title t on t.id = d.title_id",
    aliases: ["t", "d"],
  },
  {
    from: "title t left join (select title_id, count(*) as n, max(stars) as best from rating where stars > 1 group by title_id) d on d.title_id = t.id",
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
  {
    from: "(select distinct title_id, stars from rating) s left join title t using (id)".replace(
      "using (id)",
      "on t.id = s.title_id",
    ),
    aliases: ["t", "s"],
  },
];

interface Column {
  readonly name: string;
  readonly kind: "int" | "text" | "numeric" | "bool" | "date" | "float" | "stamp";
  /** May be sorted and compared by order here. */
  readonly ordered: boolean;
  /** Equal values have one form, so grouping leaves no choice. */
  readonly exact: boolean;
}

const COLUMNS: Record<string, readonly Column[]> = {
  t: [
    { name: "t.id", kind: "int", ordered: true, exact: true },
    { name: "t.name", kind: "text", ordered: true, exact: true },
    { name: "t.kind", kind: "text", ordered: false, exact: true },
    { name: "t.year", kind: "int", ordered: true, exact: true },
    { name: "t.votes", kind: "int", ordered: true, exact: true },
    { name: "t.score", kind: "numeric", ordered: true, exact: false },
    { name: "t.price", kind: "numeric", ordered: true, exact: true },
    { name: "t.released", kind: "date", ordered: true, exact: true },
    { name: "t.active", kind: "bool", ordered: true, exact: true },
  ],
  r: [
    { name: "r.id", kind: "int", ordered: true, exact: true },
    { name: "r.title_id", kind: "int", ordered: true, exact: true },
    { name: "r.stars", kind: "int", ordered: true, exact: true },
    { name: "r.weight", kind: "numeric", ordered: true, exact: true },
    { name: "r.who", kind: "text", ordered: true, exact: true },
    { name: "r.seen", kind: "stamp", ordered: true, exact: true },
  ],
  p: [
    { name: "p.id", kind: "int", ordered: true, exact: true },
    { name: "p.name", kind: "text", ordered: true, exact: true },
    { name: "p.boss", kind: "int", ordered: true, exact: true },
    { name: "p.height", kind: "float", ordered: true, exact: true },
  ],
  q: [
    { name: "q.id", kind: "int", ordered: true, exact: true },
    { name: "q.name", kind: "text", ordered: true, exact: true },
  ],
  c: [
    { name: "c.person_id", kind: "int", ordered: true, exact: true },
    { name: "c.role", kind: "text", ordered: true, exact: true },
  ],
  m: [{ name: "id", kind: "int", ordered: true, exact: true }],
  u: [
    { name: "person_id", kind: "int", ordered: true, exact: true },
    { name: "u.name", kind: "text", ordered: true, exact: true },
  ],
  l: [
    { name: "l.k", kind: "int", ordered: true, exact: true },
    { name: "l.v", kind: "text", ordered: true, exact: true },
  ],
  d: [
    { name: "d.n", kind: "int", ordered: true, exact: true },
    { name: "d.best", kind: "int", ordered: true, exact: true },
  ],
  e: [
    { name: "e.id", kind: "int", ordered: true, exact: true },
    { name: "e.name", kind: "text", ordered: true, exact: true },
    { name: "e.next", kind: "int", ordered: true, exact: true },
  ],
  s: [
    { name: "s.title_id", kind: "int", ordered: true, exact: true },
    { name: "s.stars", kind: "int", ordered: true, exact: true },
  ],
};

function literal(random: Random, column: Column): string {
  switch (column.kind) {
    case "int":
      return pick(random, ["0", "1", "2", "3", "4", "2000", "10"]);
    case "text":
      return pick(random, ["'a'", "'b'", "'ab'", "'movie'", "'actor'", "'p'"]);
    case "numeric":
      return pick(random, ["1.0", "2.5", "1", "0.5"]);
    case "bool":
      return pick(random, ["true", "false"]);
    case "date":
      return pick(random, ["'2000-01-01'", "'2010-01-01'"]);
    case "float":
      return pick(random, ["1.5", "0"]);
    case "stamp":
      return pick(random, ["'2024-01-01'", "'2024-05-06 07:08:09.123'"]);
  }
}

function condition(random: Random, columns: readonly Column[]): string {
  const column = pick(random, columns);
  const { name } = column;
  const value = (): string => literal(random, column);
  const order = column.ordered ? pick(random, ["<", "<=", ">", ">="]) : "=";
  return pick<() => string>(random, [
    () => `${name} = ${value()}`,
    () => `${name} = ${value()}`,
    () => `${name} in (${value()}, ${value()}, ${value()})`,
    () => `${name} not in (${value()}, ${value()})`,
    () => `${name} ${order} ${value()}`,
    () => (column.ordered ? `${name} between ${value()} and ${value()}` : `${name} <> ${value()}`),
    () => `${name} is ${pick(random, ["", "not "])}null`,
    () => `(${name} = ${value()} or ${condition(random, columns)})`,
    () => `not (${name} = ${value()})`,
    () => `${name} is distinct from ${value()}`,
    () => `coalesce(${name}, ${value()}) = ${value()}`,
    () =>
      column.ordered
        ? `${name} ${pick(random, ["", "not "])}between symmetric ${value()} and ${value()}`
        : `${name} = ${value()}`,
    () =>
      ["int", "text", "numeric"].includes(column.kind)
        ? `${name} = any (array[${value()}, ${value()}])`
        : `${name} = ${value()}`,
    () =>
      column.kind === "text"
        ? pick(random, [
            `${name} like '%!_%' escape '!'`,
            `${name} not like 'a!%%' escape '!'`,
            `${name} collate "C" ${pick(random, ["<", "<=", "=", ">"])} ${value()}`,
          ])
        : `${name} = ${value()}`,
  ])();
}

function scalar(random: Random, column: Column): string {
  const { name } = column;
  switch (column.kind) {
    case "int":
      return pick(random, [
        name,
        `${name} + 1`,
        `${name} * 2 - 3`,
        `-${name}`,
        `${name} % 3`,
        `abs(${name})`,
        `${name}::text`,
      ]);
    case "text":
      return pick(random, [
        name,
        `${name} || 'x'`,
        `length(${name})`,
        `${name} like 'a%'`,
        `left(${name}, 1)`,
        `${name} collate "C"`,
      ]);
    case "numeric":
      return pick(random, [
        name,
        `${name} * 1.5`,
        `round(${name}, 1)`,
        `${name} / 3`,
        `${name}::int`,
      ]);
    default:
      return pick(random, [name, `case when ${name} is null then 1 else 2 end`]);
  }
}

function aggregate(random: Random, columns: readonly Column[]): string {
  const column = pick(random, columns);
  const { name, kind } = column;
  const number = kind === "int" || kind === "numeric";
  const distinct = random() < 0.25 && column.exact ? "distinct " : "";
  const filter = random() < 0.15 ? ` filter (where ${name} is not null)` : "";
  if (kind === "text" && random() < 0.3)
    return `${pick(random, ["min", "max"])}(${name} collate "C")`;
  const simple = pick(random, ["count(*)", `count(${distinct}${name})`]);
  const sum = number ? `${pick(random, ["sum", "avg"])}(${distinct}${name})${filter}` : simple;
  const extremum = `${pick(random, ["min", "max"])}(${name})${filter}`;
  const sortable = column.ordered && kind !== "bool" && column.exact;
  return pick(random, [simple, sum, sortable ? extremum : simple]);
}

/** A random statement over the sample tables; most are valid and supported. */
export function randomQuery(random: Random): string {
  const { from, aliases } = pick(random, JOINS);
  const columns = aliases.flatMap((alias) => COLUMNS[alias]!);
  const conditions = Array.from({ length: Math.floor(random() * 3) }, () =>
    condition(random, columns),
  );
  if (from === "title t, rating r") conditions.push("r.title_id = t.id");
  const where = conditions.length === 0 ? "" : ` where ${conditions.join(" and ")}`;
  const exact = columns.filter((column) => column.exact);
  if (random() < 0.5) {
    const grouped = exact.filter(() => random() < 1.2 / exact.length);
    const keys = grouped.map((column) => column.name);
    const aggregates = Array.from({ length: 1 + Math.floor(random() * 2) }, () =>
      aggregate(random, columns),
    );
    const having =
      random() < 0.3
        ? ` having count(*) ${pick(random, [">", "<", "="])} ${pick(random, ["1", "2", "3"])}`
        : "";
    const by = keys.length > 0 ? ` group by ${keys.join(", ")}` : "";
    const sortable = grouped.filter((column) => column.ordered);
    const sorts = [
      pick(random, ["count(*) desc", "count(*)"]),
      ...sortable.map((column) => column.name),
    ];
    const total = sortable.length === grouped.length;
    const order = total && random() < 0.7 ? ` order by ${sorts.join(", ")}${limit(random)}` : "";
    return `select ${[...keys, ...aggregates].join(", ")} from ${from}${where}${by}${having}${order}`;
  }
  const chosen = Array.from({ length: 1 + Math.floor(random() * 3) }, () => pick(random, columns));
  if (random() < 0.25) {
    const plain = chosen
      .filter((column) => column.ordered && column.exact)
      .map((column) => column.name);
    if (plain.length > 0) {
      const order = random() < 0.6 ? ` order by ${plain.join(", ")}${limit(random)}` : "";
      return `select distinct ${plain.join(", ")} from ${from}${where}${order}`;
    }
  }
  const items = chosen.map((column) => scalar(random, column)).join(", ");
  const sorted = chosen.filter((column) => column.ordered || column.kind === "text");
  if (random() < 0.5 && sorted.length === chosen.length && chosen.every((column) => column.exact)) {
    const order = sorted.map(
      (column) =>
        `${column.name}${column.kind === "text" && (!column.ordered || random() < 0.5) ? ' collate "C"' : ""}${pick(random, ["", " desc", " nulls first", " desc nulls last"])}`,
    );
    // All visible values follow from the sorted columns, so ties are equal rows.
    return `select ${items} from ${from}${where} order by ${order.join(", ")}${limit(random)}`;
  }
  return `select ${items} from ${from}${where}`;
}

function limit(random: Random): string {
  return pick(random, ["", " limit 3", " limit 5 offset 2", " offset 1", " limit 0", " limit 1"]);
}
