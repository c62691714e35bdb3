import { Unsupported } from "@freshet/sql";
import { type ParamSpec, Poisoned } from "../../contract.ts";
import { type SqlType, sortedByPrefix, type Value } from "@freshet/types";
import type { DialectSemantics } from "../dialect.ts";
import { aggregate, isAggregate } from "./aggregates.ts";
import { unary } from "./arithmetic.ts";
import { castType, explicitCast, parseLiteral, printed, valueOf } from "./coercion.ts";
import { collate, fitsCharset } from "./collations.ts";
import { groupedDate, storedDate } from "./stored-date.ts";
import { columnName } from "./column-name.ts";
import { conditional, tested } from "./conditionals.ts";
import { call } from "./functions.ts";
import { isFloat, numberLiteral } from "./number-types.ts";
import { binary, compare } from "./operators.ts";
import { isMixed, isQuotient } from "./quotients.ts";
import { truth } from "./truth.ts";
import { CONDITION, MYSQL_TYPE, TEXT, UNSIGNED_BIGINT } from "./types.data.ts";
import { unify } from "./unify.ts";

/** How MySQL (8, 9) and MariaDB (10.6 and later) resolve and compute, where they agree. */
export const mysqlSemantics: DialectSemantics = {
  name: "mysql",
  booleanType: CONDITION,
  limitType: UNSIGNED_BIGINT,
  textType: TEXT,
  rules: { aliasesInHaving: true, usingInTableOrder: true, equalsNull: true, onlyOneForm: true },
  number: numberLiteral,
  parseLiteral,
  binary,
  unary,
  compare,
  call,
  conditional,
  isAggregate,
  aggregate,
  castType,
  cast: explicitCast,
  collate,
  unify: (operands, what) => unify(operands, what, false),
  condition: truth,
  value: (operand) => {
    if (operand.kind !== "untyped") return valueOf(operand);
    if (operand.form === "placeholder") throw new Unsupported("a parameter as a result");
    return operand.resolve(TEXT);
  },
  output: (expr) => storedDate(printed(expr)),
  stored: groupedDate,
  tested,
  sorted: (type) => {
    const reason = sortedByPrefix(type);
    if (reason !== null) throw new Unsupported(reason);
  },
  grouped: (type) => {
    // Equal ones are printed in several ways.
    if (isQuotient(type) || isMixed(type) || isFloat(type)) {
      throw new Unsupported(`GROUP BY or DISTINCT of ${type.name}`);
    }
  },
  parameter,
  acceptParameter,
  nullsFirst: (descending) => !descending,
  columnName,
  fold: (name) => name.toLowerCase(),
};

function parameter(type: SqlType): void {
  if (type.upstreamId === MYSQL_TYPE.bit || type.kind === "opaque") {
    throw new Unsupported(`a parameter of type ${type.name}`);
  }
  if (type.kind === "timestamptz") {
    throw new Unsupported("a parameter of type TIMESTAMP: it depends on the time zone");
  }
}

/** Poisons values that the upstream would take in another way than by their type alone. */
function acceptParameter(type: SqlType, value: NonNullable<Value>, role: ParamSpec["role"]): void {
  // Whoever asks for no rows asks for the columns, which the upstream then describes differently.
  if (role === "limit" && value === 0n) throw new Poisoned("LIMIT 0 asks for the columns alone");
  const refuse = (): never => {
    throw new Poisoned(`a parameter that is no plain ${type.name}`);
  };
  const year = type.upstreamId === MYSQL_TYPE.year;
  if (year && (Number(value) < 1901 || Number(value) > 2155)) refuse();
  switch (type.kind) {
    case "text":
      if (!fitsCharset(type, value as string)) refuse();
      break;
    case "enum":
      if (type.enumLabels?.includes(value as string) !== true) refuse();
      break;
    case "civildate":
      if (!isRealDay(value as number)) refuse();
      break;
    case "civildatetime": {
      const days = Number((value as bigint) >> 41n);
      const months = days >> 5;
      if (!isRealDay(Math.floor(months / 13) * 512 + (months % 13) * 32 + (days & 31))) refuse();
      break;
    }
    default:
  }
}

function isRealDay(date: number): boolean {
  const [year, month, day] = [date >> 9, (date >> 5) & 15, date & 31];
  if (year === 0 || month === 0 || month > 12 || day === 0) return false;
  const made = new Date(Date.UTC(2000, month - 1, day));
  made.setUTCFullYear(year, month - 1, day);
  return made.getUTCMonth() === month - 1 && made.getUTCDate() === day;
}
