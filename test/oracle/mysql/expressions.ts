import { computed, type ParamList, plain, type Scalar, type Visible } from "../query-parts.ts";
import type { Random } from "../random.ts";
import { literal } from "./literals.ts";

const COMPARISONS = ["<", "<=", ">", ">="];

/** A column, or now and then an expression over columns. */
export function scalar(random: Random, scope: readonly Visible[]): Scalar {
  const column = random.pick(scope);
  // Which of equal texts a group shows decides what is computed from it.
  if (column.representative === true || random.chance(0.6)) return plain(column);
  const { name, type } = column;
  const common = (): Scalar => commonScalar(random, column, scope);
  const number = random.pick(scope.filter((other) => other.type.family === "integer"));
  switch (type.family) {
    case "integer":
      return random.pick([
        () => computed(`${name} + 1`),
        () => computed(`${name} * 2`),
        () => computed(`${name} - 1`),
        () => computed(`${name} % 3`),
        () => computed(`-${name}`),
        () => computed(`abs(${name})`),
        () => computed(`${name} / 2`),
        () => computed(`${name} DIV 2`),
        () => computed(`${name} MOD 5`),
        () => computed(`${name} / ${number.name}`),
        () => computed(`${name} % ${number.name}`),
        () => computed(`${name} DIV ${number.name}`),
        () => computed(`${name} - ${number.name}`),
        () => computed(`cast(${name} AS signed)`),
        () => computed(`cast(${name} AS unsigned)`),
        () => computed(`cast(${name} AS decimal(30,3)) / 7`),
        () => computed(`greatest(${name}, 2)`),
        () => computed(`IF(${name} > 1, 'more', 'less')`),
        () => computed(`IFNULL(${name}, 0)`),
        () => computed(`cast(${name} AS char)`),
        common,
      ])();
    case "numeric":
      return random.pick([
        () => computed(`round(${name}, 1)`),
        () => computed(`${name} * 1.5`),
        () => computed(`${name} + 1`),
        () => computed(`${name} / 3`),
        () => computed(`${name} DIV 1`),
        () => computed(`truncate(${name}, 0)`),
        () => computed(`-${name}`),
        () => computed(`floor(${name})`),
        common,
      ])();
    case "text":
      return random.pick([
        () => computed(`concat(${name}, '-x')`, type),
        () => computed(`char_length(${name})`),
        () => computed(`length(${name})`),
        () => computed(`coalesce(${name}, 'none')`, type),
        () => computed(`left(${name}, 2)`, type),
        () => computed(`replace(${name}, 'a', 'bb')`, type),
        () => computed(`upper(${name})`, type),
        () => computed(`lower(${name})`, type),
        () => computed(`trim(${name})`, type),
        () => computed(`concat_ws('-', ${name}, 'x')`, type),
        () => computed(`substring(${name}, 2, 3)`, type),
        () => computed(`${name} LIKE 'a%'`),
        () => computed(`${name} < 'b'`),
        () => computed(`locate('b', ${name})`),
        () => computed(`IF(${name} = 'a', 1, 0)`),
        common,
      ])();
    case "date":
      return random.pick([
        () => computed(`${name} + INTERVAL 1 DAY`),
        () => computed(`year(${name})`),
        common,
      ])();
    case "timestamp":
      return random.pick([
        () => computed(`year(${name})`),
        () => computed(`date(${name})`),
        common,
      ])();
    case "bool":
    case "float":
    case "other":
      return common();
  }
}

function commonScalar(random: Random, column: Visible, scope: readonly Visible[]): Scalar {
  const { name, type } = column;
  const value = literal(random.pickSkewed(type.values), type);
  const twin = random.pick(scope.filter((other) => other.type.sql === type.sql));
  const choices = [() => computed(`${name} IS NULL`)];
  if (type.hashable) {
    choices.push(
      () =>
        computed(
          `CASE WHEN ${name} = ${value} THEN 'hit' WHEN ${name} IS NULL THEN NULL ELSE 'miss' END`,
        ),
      () => computed(`CASE ${name} WHEN ${value} THEN 1 ELSE 2 END`),
      () => computed(`${name} <=> ${twin.name}`),
      () => computed(`${name} = ${twin.name}`),
      () => computed(`nullif(${name}, ${value})`, type),
      () => computed(`coalesce(${name}, ${value})`, type),
      () => computed(`ifnull(${name}, ${twin.name})`, type),
    );
  }
  const result = random.pick(choices)();
  return type.orderable ? result : { ...result, orderable: type.orderable };
}

/** A condition whose values are parameters, where the type allows one. */
export function paramCondition(
  random: Random,
  scope: readonly Visible[],
  params: ParamList,
): string {
  const { name, type } = random.pick(scope.filter((column) => column.type.hashable));
  const param = (): string => params.add(type);
  const like = type.family === "text" ? 0.6 : 0;
  return random.weighted([
    [like, () => `${name} LIKE ${param()}`],
    [0.4, () => `NOT (${name} <> ${param()})`],
    [6, () => `${name} = ${param()}`],
    [1, () => `${param()} = ${name}`],
    [0.7, () => `${name} <=> ${param()}`],
    [2, () => `${name} IN (${param()}, ${param()}, ${param()})`],
    [2, () => `${name} ${random.pick(COMPARISONS)} ${param()}`],
    [1, () => `${name} BETWEEN ${param()} AND ${param()}`],
    [0.3, () => `(${name} = ${param()} OR ${name} IS NULL)`],
  ] as const)();
}

/** A condition that is part of the query's text. */
export function fixedCondition(random: Random, scope: readonly Visible[]): string {
  const { name, type, representative } = random.pick(scope);
  const value = (): string => literal(random.pickSkewed(type.values), type);
  const nullTest = (): string => `${name} IS ${random.pick(["", "NOT "])}NULL`;
  if (!type.hashable) return nullTest();
  const inner = (): string => fixedCondition(random, scope);
  const choices = [
    nullTest,
    () => `${name} ${random.pick(["<>", "!=", "<=>"])} ${value()}`,
    () => `NOT (${name} = ${value()})`,
    () => `(${name} = ${value()} OR ${name} IS NULL)`,
    () => `${name} NOT IN (${value()}, ${value()})`,
    () => `${name} ${random.pick(COMPARISONS)} ${value()}`,
    () => `${name} ${random.pick(["", "NOT "])}BETWEEN ${value()} AND ${value()}`,
    () => `(${inner()} OR ${inner()})`,
    () => `(${inner()} XOR ${inner()})`,
    () =>
      `(${name} = ${value()}) IS ${random.pick(["", "NOT "])}${random.pick(["TRUE", "UNKNOWN"])}`,
  ];
  if (type.family === "integer")
    choices.push(
      () => name,
      () => `NOT ${name}`,
    );
  if (type.family === "text" && representative !== true) {
    choices.push(
      () =>
        `${name} ${random.pick(["", "NOT "])}LIKE ${random.pick(["'%a%'", "'_'", "'a%'", "'%'"])}`,
      () => `${name} LIKE ${random.pick(["'%!%%'", "'!_'", "'a%'"])} ESCAPE '!'`,
    );
  }
  const twins = scope.filter((other) => other.type.sql === type.sql && other.name !== name);
  const numbers = scope.filter(
    (other) => ["integer", "numeric"].includes(other.type.family) && other.name !== name,
  );
  if (twins.length > 0)
    choices.push(
      () => `${name} ${random.pick(["=", "<>", "<", "<=>"])} ${random.pick(twins).name}`,
    );
  if (numbers.length > 0 && ["integer", "numeric"].includes(type.family))
    choices.push(() => `${name} ${random.pick(["=", "<>", "<"])} ${random.pick(numbers).name}`);
  return random.pick(choices)();
}

export function aggregateCall(random: Random, scope: readonly Visible[]): Scalar {
  const { name, type } = random.pick(scope);
  const choices = [() => computed("count(*)"), () => computed(`count(${name})`)];
  if (type.hashable) choices.push(() => computed(`count(DISTINCT ${name})`));
  if (type.summable) {
    choices.push(
      () => computed(`sum(${name})`),
      () => computed(`avg(${name})`),
      () => computed(`sum(DISTINCT ${name})`),
    );
  }
  if (type.minmax) {
    choices.push(
      () => computed(`min(${name})`, type),
      () => computed(`max(${name})`, type),
    );
  }
  return random.pick(choices)();
}
