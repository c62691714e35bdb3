import { Unsupported } from "@freshet/sql";
import { codePointsOf, trimBlanks } from "./strings.ts";
import { postgresTextCodec, printDecimal } from "@freshet/types";
import type { Decimal, SqlType, Value } from "@freshet/types";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import { convert } from "../convert.ts";
import type { Operand } from "../dialect.ts";
import { Poisoned } from "../../contract.ts";
import { integerOf, isInteger, isNumber, limitDecimal, numberCast } from "./numeric-tower.ts";
import { OID, TEXT } from "./types.data.ts";

export function isTextual(type: SqlType): boolean {
  const { upstreamId } = type;
  return upstreamId === OID.text || upstreamId === OID.varchar;
}

/** The type an untyped operand takes beside one of this type: no modifier, varchar is text. */
export function baseType(type: SqlType): SqlType {
  // An untyped literal is cut to 63 bytes as a name, to one byte as a "char".
  if (type.upstreamId === OID.name || type.upstreamId === OID.char) {
    throw new Unsupported(`comparison with type ${type.name}`);
  }
  if (type.upstreamId === OID.varchar) {
    return { ...TEXT, collation: type.collation ?? TEXT.collation! };
  }
  return type.modifier === -1 ? type : { ...type, modifier: -1 };
}

/**
 * Reads a literal by the type's input function. Only forms are taken whose meaning no setting
 * can change: what the type itself would print, and a few harmless variations.
 */
export function parseLiteral(type: SqlType, text: string): Value {
  let form = text;
  if (isNumber(type)) {
    form = text.trim().replace(/^\+/, "");
    if (isInteger(type)) form = form.replace(/^(-?)0+(?=\d)/, "$1").replace(/^-0$/, "0");
  }
  if (type.kind === "timestamp" && /^\d{4}-\d\d-\d\d$/.test(text)) form = `${text} 00:00:00`;
  if (type.kind === "timestamp") form = form.replace(/^(\d{4}-\d\d-\d\d)T/, "$1 ");
  if (type.kind === "bool") {
    const word = text.trim().toLowerCase();
    if (["true", "t", "yes", "on", "1"].includes(word)) return true;
    if (["false", "f", "no", "off", "0"].includes(word)) return false;
  }
  if (type.kind === "uuid") form = text.toLowerCase();
  if (type.kind === "enum" && type.enumLabels?.includes(text) !== true) {
    throw new Unsupported(`'${text}' is not a label of ${type.name}`);
  }
  if (type.kind === "opaque") {
    throw new Unsupported(`a literal of type ${type.name} cannot be computed with`);
  }
  try {
    const value = postgresTextCodec.parse(type, form);
    if (value !== null && isInteger(type)) integerOf(type, BigInt(value as number | bigint));
    if (value !== null && (isNumber(type) || postgresTextCodec.print(type, value) === form)) {
      return value;
    }
  } catch (cause) {
    throw new Unsupported(`'${text}' is not in the plain form of ${type.name}`, { cause });
  }
  throw new Unsupported(`'${text}' is not in the plain form of ${type.name}`);
}

const STRIP: ScalarFunction = {
  name: "bpchar->text",
  evaluate: (v) => trimBlanks(v as string),
};

const DAY_MICROS = 86_400_000_000n;

const DATE_TO_TIMESTAMP: ScalarFunction = {
  name: "date->timestamp",
  widens: true,
  evaluate: (v) => {
    const days = v as number;
    if (days === Infinity) return 9223372036854775807n;
    if (days === -Infinity) return -9223372036854775808n;
    const micros = BigInt(days) * DAY_MICROS;
    // The last timestamp is 294276-12-31; dates go further.
    if (days >= 106751983) throw new Poisoned("date out of range for timestamp");
    return micros;
  },
};

const TIMESTAMP_TO_DATE: ScalarFunction = {
  name: "timestamp->date",
  evaluate: (v) => {
    const micros = v as bigint;
    if (micros === 9223372036854775807n) return Infinity;
    if (micros === -9223372036854775808n) return -Infinity;
    const days = micros / DAY_MICROS;
    return Number(micros % DAY_MICROS < 0n ? days - 1n : days);
  },
};

/** The implicit conversion between two types, undefined when there is none that we know. */
export function implicitCast(from: SqlType, to: SqlType): ScalarFunction | null | undefined {
  if (from.upstreamId === to.upstreamId) return null;
  if (isNumber(from) && isNumber(to)) return numberCast(from, to) ?? undefined;
  if (isTextual(from) && isTextual(to)) return null;
  if (from.kind === "bpchar" && isTextual(to)) return STRIP;
  if (from.kind === "date" && to.kind === "timestamp") return DATE_TO_TIMESTAMP;
  return undefined;
}

/** Coerces an operand to a type an operator or function wants. */
export function coerce(operand: Operand, type: SqlType, what: string): Expr {
  if (operand.kind === "untyped") return operand.resolve(type);
  const fn = implicitCast(operand.type, type);
  if (fn === undefined) {
    throw new Unsupported(`${what}: ${operand.type.name} where ${type.name} is wanted`);
  }
  return convert(operand, type, fn);
}

const TO_TEXT: Partial<Record<SqlType["kind"], (value: NonNullable<Value>) => string>> = {
  int: (v) => String(v),
  bigint: (v) => String(v),
  decimal: (v) => printDecimal(v as Decimal),
  bool: (v) => (v === true ? "true" : "false"),
  uuid: (v) => v as string,
  enum: (v) => v as string,
};

/** An explicit cast, `x::type` or CAST. */
export function explicitCast(operand: Operand, type: SqlType): Expr {
  if (operand.kind === "untyped") {
    return applyModifier(operand.resolve({ ...type, modifier: -1 }), type);
  }
  const from = operand.type;
  const refuse = (): never => {
    throw new Unsupported(`cast from ${from.name} to ${type.name}`);
  };
  if (isNumber(from) && isNumber(type)) {
    const fn = numberCast(from, type);
    if (fn === null && from.upstreamId !== type.upstreamId) refuse();
    return applyModifier(convert(operand, { ...type, modifier: -1 }, fn), type);
  }
  if (isTextual(type)) {
    const collation = from.collation ?? TEXT.collation!;
    const target = { ...type, collation };
    const bare = { ...target, modifier: -1 };
    if (isTextual(from)) return applyModifier(relabel(operand, bare), target);
    if (from.kind === "bpchar") return applyModifier(convert(operand, bare, STRIP), target);
    const print = TO_TEXT[from.kind];
    if (print === undefined || from.upstreamId === OID.oid) return refuse();
    const fn: ScalarFunction = { name: `${from.name}->text`, evaluate: print };
    return applyModifier(convert(operand, bare, fn), target);
  }
  if (from.upstreamId === type.upstreamId && from.kind !== "bpchar") {
    return applyModifier(operand, type);
  }
  if (from.kind === "date" && type.kind === "timestamp") {
    return applyModifier(convert(operand, type, DATE_TO_TIMESTAMP), type);
  }
  if (from.kind === "timestamp" && type.kind === "date") {
    return convert(operand, type, TIMESTAMP_TO_DATE);
  }
  if (from.kind === "bool" && type.upstreamId === OID.int4) {
    return convert(operand, type, { name: "bool->int4", evaluate: (v) => (v === true ? 1 : 0) });
  }
  if (from.upstreamId === OID.int4 && type.kind === "bool") {
    return convert(operand, type, { name: "int4->bool", evaluate: (v) => v !== 0 });
  }
  return refuse();
}

/** Same value under another type's name. */
function relabel(expr: Expr, type: SqlType): Expr {
  if (expr.kind === "const") return { ...expr, type };
  const fn: ScalarFunction = { name: `as ${type.name}`, widens: true, evaluate: (v) => v };
  return { kind: "call", fn, args: [expr], type };
}

function applyModifier(expr: Expr, type: SqlType): Expr {
  if (type.modifier === -1 || type.modifier === expr.type.modifier) {
    return expr.type.modifier === type.modifier ? expr : relabel(expr, type);
  }
  if (type.kind === "decimal") return convert(expr, type, limitDecimal(type.modifier));
  if (type.upstreamId === OID.varchar) {
    const limit = type.modifier - 4;
    return convert(expr, type, {
      name: `varchar(${limit})`,
      evaluate: (v) =>
        codePointsOf(v as string)
          .slice(0, limit)
          .join(""),
    });
  }
  throw new Unsupported(`a cast to ${type.name} with a length or precision`);
}
