import { Unsupported } from "@freshet/sql";
import type { SqlType } from "@freshet/types";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import { convert } from "../convert.ts";
import type { DialectSemantics, Operand } from "../dialect.ts";
import { aggregate, isAggregate } from "./aggregates.ts";
import {
  baseType,
  coerce,
  explicitCast,
  implicitCast,
  isTextual,
  parseLiteral,
} from "./coercion.ts";
import { columnName } from "./column-name.ts";
import { conditional } from "./conditionals.ts";
import { call } from "./functions.ts";
import { isNumber, numberLiteral, widerNumber } from "./numeric-tower.ts";
import { binary, commonCollation, compare, unary } from "./operators.ts";
import { BOOL, BYTEWISE_COLLATION, INT8, TEXT } from "./types.data.ts";

/** How Postgres (13 to 18) resolves and computes; all knowledge of it in this package. */
export const postgresSemantics: DialectSemantics = {
  name: "postgres",
  booleanType: BOOL,
  limitType: INT8,
  textType: TEXT,
  rules: {
    aliasesInHaving: false,
    usingInTableOrder: false,
    equalsNull: false,
    onlyOneForm: false,
  },
  number: numberLiteral,
  parseLiteral,
  binary,
  unary,
  compare,
  call,
  conditional: (name, args) => conditional(name, args, unify),
  isAggregate,
  aggregate,
  castType: () => null,
  cast: explicitCast,
  collate,
  unify,
  condition: (operand, what) => {
    if (operand.kind === "untyped") return operand.resolve(BOOL);
    if (operand.type.kind !== "bool")
      throw new Unsupported(`${what} is ${operand.type.name}, not boolean`);
    return operand;
  },
  value: valueOf,
  output: (expr) => expr,
  stored: (expr) => expr,
  tested: valueOf,
  grouped: () => undefined,
  sorted: () => undefined,
  parameter: () => undefined,
  acceptParameter: () => undefined,
  nullsFirst: (descending) => descending,
  columnName,
  fold: (name) => name,
};

/** Untyped literals become text as output columns do. */
function valueOf(operand: Operand): Expr {
  if (operand.kind !== "untyped") return operand;
  if (operand.form === "placeholder") throw new Unsupported("a parameter whose type is not known");
  return operand.resolve(TEXT);
}

/**
 * `COLLATE "C"` of text. Beside an operand of another collation it would win, but that counts as
 * a conflict here, which refuses more than it must.
 */
function collate(operand: Operand, path: readonly string[]): Expr {
  const known = path.length === 1 || (path.length === 2 && path[0] === "pg_catalog");
  if (!known || path[path.length - 1] !== "C") throw new Unsupported(`COLLATE ${path.join(".")}`);
  if (operand.kind === "untyped" || operand.kind === "const" || !isTextual(operand.type)) {
    const what = operand.kind === "untyped" ? "a literal" : operand.type.name;
    throw new Unsupported(`COLLATE of ${what}`);
  }
  if (operand.type.collation?.equality !== "bytes") {
    throw new Unsupported("COLLATE over a collation that is not deterministic");
  }
  const type = { ...operand.type, collation: BYTEWISE_COLLATION };
  return { kind: "call", fn: COLLATE_C, args: [operand], type };
}

const COLLATE_C: ScalarFunction = {
  name: "collate C",
  widens: true,
  identity: true,
  evaluate: (v) => v,
};

/** select_common_type (parse_coerce.c), for the types known here. */
function unify(operands: readonly Operand[], what: string): readonly Expr[] {
  const types = operands.flatMap((operand) => (operand.kind === "untyped" ? [] : [operand.type]));
  const first = types[0];
  if (first === undefined) return operands.map((operand) => coerce(operand, TEXT, what));
  if (operands.every((o) => o.kind !== "untyped") && types.every((type) => sameType(type, first))) {
    return operands as readonly Expr[];
  }
  let common = baseUnlessVarchar(first);
  for (const type of types.slice(1)) {
    if (type.upstreamId === common.upstreamId) continue;
    if (isNumber(type) && isNumber(common)) common = unifyNumbers(common, type);
    else if (isTextual(type) && isTextual(common)) continue;
    else if (implicitCast(common, type) !== undefined) common = baseUnlessVarchar(type);
    else if (implicitCast(type, common) === undefined) {
      throw new Unsupported(`${what}: ${common.name} beside ${type.name}`);
    }
  }
  if (common.collation !== undefined) {
    const collation = operands.reduce<Operand>(
      (a, b) => ({ ...TEXT_OPERAND, type: { ...TEXT, collation: commonCollation(a, b) } }),
      operands[0]!,
    );
    if (collation.kind !== "untyped" && collation.type.collation !== undefined) {
      common = { ...common, collation: collation.type.collation };
    }
  }
  return operands.map((operand) => {
    const made = coerce(operand, common, what);
    return made.type.upstreamId === common.upstreamId && made.type.modifier === -1
      ? made
      : convert(made, common, { name: `as ${common.name}`, widens: true, evaluate: (v) => v });
  });
}

const TEXT_OPERAND = { kind: "column", source: 0, column: 0, type: TEXT } as const;

function sameType(a: SqlType, b: SqlType): boolean {
  return (
    a.upstreamId === b.upstreamId &&
    a.modifier === b.modifier &&
    a.collation?.name === b.collation?.name
  );
}

function baseUnlessVarchar(type: SqlType): SqlType {
  return isTextual(type) ? { ...type, modifier: -1 } : baseType(type);
}

/** Unlike an operator's operands, branches with float4 may stay float4. */
function unifyNumbers(a: SqlType, b: SqlType): SqlType {
  const wider = widerNumber(a, b);
  const float4 = [a, b].find((type) => type.kind === "float4");
  if (float4 !== undefined && a.kind !== "float8" && b.kind !== "float8") {
    throw new Unsupported(`${a.name} beside ${b.name}`);
  }
  return wider;
}
