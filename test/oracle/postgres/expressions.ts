import { computed, type ParamList, plain, type Scalar, type Visible } from "../query-parts.ts";
import type { Random } from "../random.ts";
import { literal } from "./literals.ts";

/** A column, or now and then an expression over columns. */
export function scalar(random: Random, scope: readonly Visible[]): Scalar {
  const column = random.pick(scope);
  if (random.chance(0.6)) return plain(column);
  const { name, type } = column;
  const common = () => common3(random, column, scope);
  switch (type.family) {
    case "integer":
      return random.pick([
        () => computed(`${name} + 1`),
        () => computed(`${name} * 2`),
        () => computed(`${name} % 3`),
        () => computed(`-${name}`),
        () => computed(`abs(${name})`),
        () => computed(`${name} / 2`),
        () => computed(`${name}::text`),
        () => computed(`${name}::numeric / 7`),
        () => computed(`greatest(${name}, 2)`),
        common,
      ])();
    case "numeric":
      return random.pick([
        () => computed(`round(${name}, 1)`, type),
        () => computed(`${name} * 1.5`, type),
        () => computed(`${name} + 1`, type),
        () => computed(`trunc(${name})`, type),
        () => computed(`-${name}`, type),
        () => computed(`floor(${name})`, type),
        common,
      ])();
    case "text":
      return random.pick([
        () => computed(`${name} || '-x'`),
        () => computed(`length(${name})`),
        () => computed(`coalesce(${name}, 'none')`),
        () => computed(`left(${name}, 2)`),
        () => computed(`replace(${name}, 'a', 'bb')`),
        () => computed(`octet_length(${name})`),
        () => computed(`${name} LIKE 'a%'`),
        () => computed(`${name} < 'b'`),
        () => computed(`strpos(${name}, 'b')`),
        () => computed(`${name} COLLATE "C"`, type),
        common,
      ])();
    case "bool":
      return random.pick([
        () => computed(`NOT ${name}`),
        () => computed(`${name} IS TRUE`),
        () => computed(`${name} IS NOT FALSE`),
        common,
      ])();
    case "date":
      return random.pick([() => computed(`${name} + 1`), common])();
    case "timestamp":
      return random.pick([() => computed(`date_trunc('month', ${name})`), common])();
    case "float":
    case "other":
      return common();
  }
}

function common3(random: Random, column: Visible, scope: readonly Visible[]): Scalar {
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
      () => computed(`${name} IS DISTINCT FROM ${twin.name}`),
      () => computed(`${name} = ${twin.name}`),
      () => computed(`nullif(${name}, ${value})`, type),
      () => computed(`coalesce(${name}, ${value})`, type),
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
  const usable = scope.filter(({ type }) => type.hashable);
  const { name, type } = random.pick(usable);
  const param = (): string => params.add(type);
  const equality = (): string => `${name} = ${param()}`;
  const choices: (readonly [number, () => string])[] = [
    [6, equality],
    [1, () => `${param()} = ${name}`],
    [2, () => `${name} IN (${param()}, ${param()}, ${param()})`],
    [1, () => `${name} = ANY(${params.add(type, "array")})`],
  ];
  if (type.orderable) {
    choices.push(
      [2, () => `${name} ${random.pick(["<", "<=", ">", ">="])} ${param()}`],
      [1, () => `${name} BETWEEN ${param()} AND ${param()}`],
    );
  }
  return random.weighted(choices)();
}

/** A condition that is part of the query's text. */
export function fixedCondition(random: Random, scope: readonly Visible[]): string {
  const { name, type } = random.pick(scope);
  const value = (): string => literal(random.pickSkewed(type.values), type);
  const nullTest = (): string => `${name} IS ${random.pick(["", "NOT "])}NULL`;
  if (!type.hashable) return nullTest();
  const twins = scope.filter((other) => other.type.sql === type.sql && other.name !== name);
  const choices = [
    nullTest,
    () => `${name} <> ${value()}`,
    () => `NOT (${name} = ${value()})`,
    () => `(${name} = ${value()} OR ${name} IS NULL)`,
    () => `${name} NOT IN (${value()}, ${value()})`,
    () => `(${fixedCondition(random, scope)} OR ${fixedCondition(random, scope)})`,
  ];
  if (type.orderable) {
    choices.push(
      () => `${name} ${random.pick(["", "NOT "])}BETWEEN SYMMETRIC ${value()} AND ${value()}`,
    );
  }
  if (type.family === "integer" || type.family === "text")
    choices.push(() => `${name} = ANY(ARRAY[${value()}, ${value()}])`);
  if (type.family === "text")
    choices.push(
      () => `${name} LIKE ${random.pick(["'%a%'", "'_'", "'a%'"])}`,
      () => `${name} LIKE ${random.pick(["'%!%%'", "'!_'", "'a%'"])} ESCAPE '!'`,
      () => `${name} COLLATE "C" ${random.pick(["<", "=", ">="])} ${value()}`,
    );
  if (type.family === "bool")
    choices.push(
      () => name,
      () => `NOT ${name}`,
    );
  if (twins.length > 0) {
    const other = random.pick(twins).name;
    choices.push(() => `${name} ${type.orderable ? random.pick(["=", "<>", "<"]) : "="} ${other}`);
  }
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
      () => computed(`sum(DISTINCT ${name})`, type),
    );
  }
  if (type.sql === "text") choices.push(() => computed(`max(${name} COLLATE "C")`, type));
  if (type.minmax) {
    choices.push(
      () => computed(`min(${name})`, type),
      () => computed(`max(${name})`, type),
    );
  }
  if (type.family === "bool")
    choices.push(
      () => computed(`bool_and(${name})`),
      () => computed(`bool_or(${name})`),
    );
  const call = random.pick(choices)();
  if (!random.chance(0.1)) return call;
  return { ...call, expr: `${call.expr} FILTER (WHERE ${fixedCondition(random, scope)})` };
}
