import { Unsupported } from "@freshet/sql";
import { encodeByteString, parseDecimal } from "@freshet/types";
import type { Decimal, SqlType, Value } from "@freshet/types";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import { convert } from "../convert.ts";
import type { Operand } from "../dialect.ts";
import { fitsCharset } from "./collations.ts";
import { civilDateOf, civilDatetimeOf, timeOf } from "./civil-literals.ts";
import { inRange, isInteger, isNumber, numberCast, scaleOf } from "./number-types.ts";
import { atScale, isMixed, isQuotient } from "./quotients.ts";
import {
  BIGINT,
  DATE,
  datetimeType,
  decimalType,
  DOUBLE,
  MYSQL_TYPE,
  TEXT,
  UNSIGNED_BIGINT,
} from "./types.data.ts";

/** A condition as a value: 0 or 1. */
const TO_NUMBER: ScalarFunction = {
  name: "condition->int",
  evaluate: (v) => (v === true ? 1n : 0n),
};

/** An expression where a value is wanted. */
export function valueOf(expr: Expr): Expr {
  return expr.type.kind === "bool" ? convert(expr, BIGINT, TO_NUMBER) : expr;
}

/** The operand with a condition made a value. */
export function valueOperand(operand: Operand): Operand {
  return operand.kind === "untyped" ? operand : valueOf(operand);
}

/** What is sent to the client; decimals get the number of digits the upstream prints. */
export function printed(expr: Expr): Expr {
  const value = valueOf(expr);
  const { type } = value;
  if (isMixed(type)) {
    throw new Unsupported("a result of several scales is printed in more than one way");
  }
  if (!isQuotient(type) && value.kind !== "coalesce") return value;
  if (type.kind !== "decimal") return value;
  const scale = scaleOf(type);
  const plain = decimalType(type.modifier >> 8, scale);
  return convert(value, plain, {
    name: `decimal(${scale})`,
    evaluate: (v) => atScale(v as Decimal, scale),
  });
}

/** Reads a literal of another type than its own; only forms whose meaning is beyond doubt. */
export function parseLiteral(type: SqlType, text: string): Value {
  switch (type.kind) {
    case "text":
      return fitsCharset(type, text) ? text : refuse(type, text);
    case "bytes":
      return `\\x${Buffer.from(encodeByteString(text), "latin1").toString("hex")}`;
    case "int":
    case "bigint": {
      const value = /^-?\d{1,20}$/.test(text) ? BigInt(text) : null;
      if (value === null || !inRange(type, value)) return refuse(type, text);
      return type.kind === "int" ? Number(value) : value;
    }
    case "decimal":
      if (!/^-?\d{1,15}(\.\d{1,15})?$/.test(text)) return refuse(type, text);
      return parseDecimal(text);
    case "float8":
      if (!/^-?\d{1,15}(\.\d{1,15})?(e[+-]?\d{1,2})?$/i.test(text)) return refuse(type, text);
      return Number(text);
    case "civildate":
      return civilDateOf(text) ?? refuse(type, text);
    case "civildatetime":
      return civilDatetimeOf(text, type.modifier) ?? refuse(type, text);
    case "time":
      return timeOf(text, type.modifier) ?? refuse(type, text);
    case "enum":
      return enumLabel(type, text);
    default:
      throw new Unsupported(`a literal beside ${type.name}`);
  }
}

function refuse(type: SqlType, text: string): never {
  throw new Unsupported(`'${text}' is not in the plain form of ${type.name}`);
}

/** Labels differ under the column's collation, so an exact one is no other. */
function enumLabel(type: SqlType, text: string): Value {
  if (type.enumLabels?.includes(text) !== true) {
    throw new Unsupported(`'${text}' is not a member of ${type.name}`);
  }
  return text;
}

const DATE_TO_DATETIME: ScalarFunction = {
  name: "date->datetime",
  widens: true,
  evaluate: (v) => {
    const date = v as number;
    const months = (date >> 9) * 13 + ((date >> 5) & 15);
    return ((BigInt(months) << 5n) | BigInt(date & 31)) << 41n;
  },
};

/** The implicit conversion between two types, undefined when there is none that we know. */
export function implicitCast(from: SqlType, to: SqlType): ScalarFunction | null | undefined {
  if (isNumber(from) && isNumber(to)) return numberCast(from, to);
  if (from.kind === "civildate" && to.kind === "civildatetime") return DATE_TO_DATETIME;
  return from.kind === to.kind ? null : undefined;
}

/** Coerces an operand to the type an operator or function computes in. */
export function coerce(operand: Operand, type: SqlType, what: string): Expr {
  if (operand.kind === "untyped") return operand.resolve(type);
  const value = valueOf(operand);
  const fn = implicitCast(value.type, type);
  if (fn === undefined) {
    throw new Unsupported(`${what}: ${value.type.name} where ${type.name} is wanted`);
  }
  return convert(value, type, fn);
}

/** An integer constant in the representation of an integer column beside it. */
export function constantAs(expr: Expr & { kind: "const" }, type: SqlType): Expr {
  const value = expr.value === null ? null : BigInt(expr.value as number | bigint);
  return {
    kind: "const",
    type,
    value: value !== null && type.kind === "int" ? Number(value) : value,
  };
}

/** The text type of an operand, without the length of its column. */
export function baseType(type: SqlType): SqlType {
  switch (type.kind) {
    case "text":
      return { ...TEXT, collation: type.collation ?? TEXT.collation! };
    case "float4":
      return DOUBLE;
    case "int":
      // The width to which a ZEROFILL column is printed is nothing to compare by.
      return { ...type, modifier: -1 };
    case "bigint":
      return type.upstreamId === MYSQL_TYPE.bit ? type : { ...type, modifier: -1 };
    case "civildate":
      return DATE;
    case "civildatetime":
      return datetimeType(type.modifier);
    default:
      return type;
  }
}

/** What CAST and CONVERT name. */
export function castType(path: readonly string[], modifiers: readonly number[]): SqlType | null {
  switch (path.length === 1 ? path[0]!.toLowerCase() : "") {
    case "signed":
      return BIGINT;
    case "unsigned":
      return UNSIGNED_BIGINT;
    case "decimal":
      return decimalType(modifiers[0] ?? 10, modifiers[1] ?? 0);
    case "date":
      return DATE;
    default:
      return null;
  }
}

/** CAST and CONVERT, for the targets whose results are the same under every setting. */
export function explicitCast(operand: Operand, type: SqlType): Expr {
  if (operand.kind === "untyped") throw new Unsupported(`a cast of a literal to ${type.name}`);
  const value = valueOf(operand);
  const from = value.type;
  const refused = (): never => {
    throw new Unsupported(`cast from ${from.name} to ${type.name}`);
  };
  if (isQuotient(from) || isMixed(from)) return refused();
  const whole = type.kind === "bigint" && isInteger(from);
  if (whole && value.kind === "const" && typeof value.value === "bigint") {
    if (inRange(type, value.value)) return constantAs(value, type);
  }
  if (type.kind === "bigint" && (from.kind === "int" || from.kind === "bigint")) {
    if ((type.unsigned === true) !== (from.unsigned === true)) {
      if (from.kind !== "int" || from.unsigned !== true) return refused();
    }
    return convert(value, type, numberCast(from, type) ?? null);
  }
  if (type.kind === "decimal" && (from.kind === "int" || from.kind === "bigint")) {
    const scale = scaleOf(type);
    if ((type.modifier >> 8) - scale < 20) return refused();
    const fn: ScalarFunction = {
      name: `integer->decimal(${scale})`,
      evaluate: (v) => atScale({ unscaled: BigInt(v as number | bigint), scale: 0 }, scale),
    };
    return convert(value, decimalType(type.modifier >> 8, scale), fn);
  }
  if (type.kind === "civildate" && from.kind === "civildatetime") {
    return convert(value, DATE, DATETIME_TO_DATE);
  }
  return from.kind === "civildate" && type.kind === "civildate" ? value : refused();
}

/** The date part of a packed datetime. */
export const DATETIME_TO_DATE: ScalarFunction = {
  name: "datetime->date",
  evaluate: (v) => {
    const days = Number((v as bigint) >> 41n);
    const months = days >> 5;
    return Math.floor(months / 13) * 512 + (months % 13) * 32 + (days & 31);
  },
};
