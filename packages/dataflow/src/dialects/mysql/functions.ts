import { Unsupported } from "@freshet/sql";
import {
  absDecimal,
  ceilDecimal,
  compareDecimals,
  comparatorOf,
  floorDecimal,
  roundDecimal,
  truncateDecimal,
} from "@freshet/types";
import type { Decimal, SqlType, Value } from "@freshet/types";
import { Poisoned } from "../../contract.ts";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import type { Operand } from "../dialect.ts";
import { calculate } from "./arithmetic.ts";
import { coerce, DATETIME_TO_DATE, valueOf } from "./coercion.ts";
import { charsetOf, commonCollation, isAscii } from "./collations.ts";
import { inRange, isFloat, isInteger, isNumber, precisionOf, scaleOf } from "./number-types.ts";
import { atScale, isMixed, isQuotient } from "./quotients.ts";
import { substring } from "./strings.ts";
import {
  BIGINT,
  DATE,
  decimalType,
  MYSQL_TYPE,
  TEXT,
  UNSIGNED_BIGINT,
  YEAR,
} from "./types.data.ts";
import { unify } from "./unify.ts";

type Build = (args: readonly Operand[], name: string) => Expr;

/** The functions whose results are known to be those of both MySQL and MariaDB, by name. */
const FUNCTIONS: Readonly<Record<string, Build>> = {
  abs,
  mod: (args, name) => {
    const [a, b] = exactly(args, 2, name);
    return calculate("%", a!, b!);
  },
  floor: whole(floorDecimal),
  ceil: whole(ceilDecimal),
  ceiling: whole(ceilDecimal),
  round: rounding(roundDecimal),
  truncate: rounding(truncateDecimal),
  sign,
  concat: (args, name) => concatenate(args, name),
  length: measured((s, charset) => byteLength(s, charset)),
  octet_length: measured((s, charset) => byteLength(s, charset)),
  char_length: measured((s) => Array.from(s).length),
  character_length: measured((s) => Array.from(s).length),
  lower: casing((s) => s.toLowerCase()),
  lcase: casing((s) => s.toLowerCase()),
  upper: casing((s) => s.toUpperCase()),
  ucase: casing((s) => s.toUpperCase()),
  trim: changed((s) => s.replace(/^ +/, "").replace(/ +$/, "")),
  ltrim: changed((s) => s.replace(/^ +/, "")),
  rtrim: changed((s) => s.replace(/ +$/, "")),
  reverse: changed((s) => Array.from(s).reverse().join("")),
  left: cut((s, count) => substring(s, 1, count)),
  right: cut((s, count) => (count <= 0 ? "" : Array.from(s).slice(-count).join(""))),
  substring: middle,
  substr: middle,
  mid: middle,
  year,
  month: datePart((date) => (date >> 5) & 15),
  day: datePart((date) => date & 31),
  dayofmonth: datePart((date) => date & 31),
  hour: timePart((packed) => (packed >> 36n) & 31n),
  minute: timePart((packed) => (packed >> 30n) & 63n),
  second: timePart((packed) => (packed >> 24n) & 63n),
  date,
  extract,
  greatest: extremum(1),
  least: extremum(-1),
};

export function call(path: readonly string[], args: readonly Operand[]): Expr {
  const name = path[path.length - 1]!.toLowerCase();
  const build = path.length === 1 && Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (build === undefined) throw new Unsupported(`function ${path.join(".")}()`);
  return build(args, name);
}

function make(fn: ScalarFunction, args: readonly Expr[], type: SqlType): Expr {
  return { kind: "call", fn, args, type };
}

function exactly(args: readonly Operand[], count: number, name: string): readonly Operand[] {
  if (args.length !== count) throw new Unsupported(`${name}() with ${args.length} arguments`);
  return args;
}

function typed(operand: Operand | undefined, name: string): Expr {
  if (operand === undefined) throw new Unsupported(`${name}() without an argument`);
  if (operand.kind === "untyped") throw new Unsupported(`${name}() of a literal or parameter`);
  return valueOf(operand);
}

/** An exact number; quotients are not. */
function exactNumber(operand: Operand | undefined, name: string): Expr {
  const arg = typed(operand, name);
  const { type } = arg;
  const special = type.upstreamId === MYSQL_TYPE.bit || type.upstreamId === MYSQL_TYPE.year;
  if (!isNumber(type) || isFloat(type) || special || isMixed(type)) {
    throw new Unsupported(`${name}() of ${type.name}`);
  }
  return arg;
}

function abs(args: readonly Operand[], name: string): Expr {
  const arg = exactNumber(exactly(args, 1, name)[0], name);
  if (isQuotient(arg.type)) throw new Unsupported("abs() of a quotient");
  if (arg.type.kind === "decimal") {
    return make({ name, evaluate: (v) => absDecimal(v as Decimal) }, [arg], arg.type);
  }
  const type = arg.type.unsigned === true ? UNSIGNED_BIGINT : BIGINT;
  const evaluate = (v: unknown): bigint => {
    const value = BigInt(v as number | bigint);
    const result = value < 0n ? -value : value;
    if (!inRange(type, result)) throw new Poisoned("BIGINT out of range");
    return result;
  };
  return make({ name, evaluate }, [arg], type);
}

function sign(args: readonly Operand[], name: string): Expr {
  const arg = exactNumber(exactly(args, 1, name)[0], name);
  if (isQuotient(arg.type)) throw new Unsupported("sign() of a quotient");
  const evaluate = (v: unknown): bigint => {
    const value = typeof v === "object" ? (v as Decimal).unscaled : BigInt(v as number | bigint);
    return value > 0n ? 1n : value < 0n ? -1n : 0n;
  };
  return make({ name, evaluate }, [arg], BIGINT);
}

/** Both forms a quotient may have must give one result. */
function bothWays(type: SqlType, fn: (value: Decimal) => Decimal): (value: Decimal) => Decimal {
  if (!isQuotient(type)) return fn;
  const scale = scaleOf(type);
  return (value) => {
    const result = fn(value);
    if (compareDecimals(result, fn(atScale(value, scale))) !== 0) {
      throw new Poisoned("a result that depends on how a quotient is rounded");
    }
    return result;
  };
}

/** FLOOR and CEILING: an integer where the digits allow it. */
function whole(operation: (value: Decimal) => Decimal): Build {
  return (args, name) => {
    const arg = exactNumber(exactly(args, 1, name)[0], name);
    const { type } = arg;
    if (isInteger(type))
      return coerce(arg, type.unsigned === true ? UNSIGNED_BIGINT : BIGINT, name);
    if (precisionOf(type) - scaleOf(type) > 16) throw new Unsupported(`${name}() of long decimals`);
    const exact = bothWays(type, operation);
    return make({ name, evaluate: (v) => exact(v as Decimal).unscaled }, [arg], BIGINT);
  };
}

/** ROUND and TRUNCATE to a literal number of digits. */
function rounding(operation: (value: Decimal, scale: number) => Decimal): Build {
  return (args, name) => {
    const arg = exactNumber(args[0], name);
    const digits = args.length === 1 && name === "round" ? 0 : constantDigits(args[1], name);
    const { type } = arg;
    if (isInteger(type))
      return coerce(arg, type.unsigned === true ? UNSIGNED_BIGINT : BIGINT, name);
    const scale = Math.min(digits, scaleOf(type));
    const precision = precisionOf(type) - scaleOf(type) + scale + 1;
    const exact = bothWays(type, (value) => operation(value, scale));
    const fn: ScalarFunction = { name: `${name}/${scale}`, evaluate: (v) => exact(v as Decimal) };
    return make(fn, [arg], decimalType(Math.min(precision, 65), scale));
  };
}

function constantDigits(operand: Operand | undefined, name: string): number {
  if (operand?.kind !== "const" || typeof operand.value !== "bigint") {
    throw new Unsupported(`${name}() to anything but a literal number of digits`);
  }
  const digits = Number(operand.value);
  if (digits < 0 || digits > 30) throw new Unsupported(`${name}() to ${digits} digits`);
  return digits;
}

const PRINT_INTEGER: ScalarFunction = { name: "integer->text", evaluate: (v) => String(v) };

/** CONCAT of texts and integers. */
export function concatenate(args: readonly Operand[], name: string): Expr {
  const type = { ...TEXT, collation: commonCollation(args, name) };
  if (args.length === 0) throw new Unsupported(`${name}() without arguments`);
  const parts = args.map((arg): Expr => {
    if (arg.kind === "untyped") {
      if (arg.form !== "placeholder") return arg.resolve(type);
      throw new Unsupported(`${name}() of a parameter`);
    }
    const value = valueOf(arg);
    if (value.type.kind === "text") return value;
    const plain = isInteger(value.type) && value.type.upstreamId !== MYSQL_TYPE.bit;
    // A width is that of ZEROFILL.
    if (plain && value.type.modifier === -1) {
      return make(PRINT_INTEGER, [value], type);
    }
    throw new Unsupported(`${name}() of ${value.type.name}`);
  });
  const fn: ScalarFunction = { name: "concat", evaluate: (...values) => values.join("") };
  return make(fn, parts, type);
}

function textual(operand: Operand | undefined, name: string): Expr {
  const arg = typed(operand, name);
  if (arg.type.kind !== "text" || arg.type.collation === undefined) {
    throw new Unsupported(`${name}() of ${arg.type.name}`);
  }
  return arg;
}

function byteLength(text: string, charset: string): number {
  if (charset === "latin1" || charset === "ascii") return Array.from(text).length;
  return Buffer.byteLength(text, "utf8");
}

function measured(measure: (text: string, charset: string) => number): Build {
  return (args, name) => {
    const arg = textual(exactly(args, 1, name)[0], name);
    const charset = charsetOf(arg.type.collation!);
    const evaluate = (v: unknown): bigint => BigInt(measure(v as string, charset));
    return make({ name, evaluate }, [arg], BIGINT);
  };
}

function textResult(arg: Expr): SqlType {
  return { ...TEXT, collation: arg.type.collation! };
}

function changed(change: (text: string) => string): Build {
  return (args, name) => {
    const arg = textual(exactly(args, 1, name)[0], name);
    return make({ name, evaluate: (v) => change(v as string) }, [arg], textResult(arg));
  };
}

/** Letters beyond ASCII change as the version's own tables say. */
function casing(change: (text: string) => string): Build {
  return (args, name) => {
    const arg = textual(exactly(args, 1, name)[0], name);
    if (/_tr_|turkish/.test(arg.type.collation!.name))
      throw new Unsupported(`${name}() in Turkish`);
    const evaluate = (v: unknown): string => {
      if (!isAscii(v as string)) throw new Poisoned(`${name}() of letters beyond ASCII`);
      return change(v as string);
    };
    return make({ name, evaluate }, [arg], textResult(arg));
  };
}

function count(operand: Operand | undefined, name: string): Expr {
  const arg = typed(operand, name);
  if (!isInteger(arg.type) || arg.type.unsigned === true) {
    throw new Unsupported(`${name}() with a count of type ${arg.type.name}`);
  }
  return coerce(arg, BIGINT, name);
}

/** Beyond any text's length, so that a count becomes a small number without a change of meaning. */
function clamp(value: unknown): number {
  const limit = 2n ** 40n;
  const number = value as bigint;
  return Number(number > limit ? limit : number < -limit ? -limit : number);
}

function cut(change: (text: string, count: number) => string): Build {
  return (args, name) => {
    const [first, second] = exactly(args, 2, name);
    const arg = textual(first, name);
    const fn: ScalarFunction = { name, evaluate: (s, n) => change(s as string, clamp(n)) };
    return make(fn, [arg, count(second, name)], textResult(arg));
  };
}

function middle(args: readonly Operand[], name: string): Expr {
  if (args.length !== 2 && args.length !== 3) exactly(args, 3, name);
  const arg = textual(args[0], name);
  const fn: ScalarFunction = {
    name: "substring",
    evaluate: (s, from, length) =>
      substring(s as string, clamp(from), length === undefined ? Infinity : clamp(length)),
  };
  const rest = args.slice(1).map((operand) => count(operand, name));
  return make(fn, [arg, ...rest], textResult(arg));
}

/** What functions make of zero and partial dates depends on the mode and the version. */
function realDate(date: number): number {
  if (date >> 9 === 0 || (date & 480) === 0 || (date & 31) === 0) {
    throw new Poisoned("a function of a zero date");
  }
  return date;
}

/** A date, or the date of a datetime; texts and TIMESTAMP depend on settings. */
function dateOf(operand: Operand | undefined, name: string): Expr {
  const arg = typed(operand, name);
  if (arg.type.kind === "civildate") return arg;
  if (arg.type.kind === "civildatetime") {
    const evaluate = (v: unknown): Value =>
      realDate(DATETIME_TO_DATE.evaluate(v as bigint) as number);
    return make({ ...DATETIME_TO_DATE, evaluate }, [arg], DATE);
  }
  throw new Unsupported(`${name}() of ${arg.type.name}`);
}

function datePart(part: (date: number) => number): Build {
  return (args, name) => {
    const arg = dateOf(exactly(args, 1, name)[0], name);
    return make({ name, evaluate: (v) => BigInt(part(realDate(v as number))) }, [arg], BIGINT);
  };
}

function year(args: readonly Operand[], name: string): Expr {
  const arg = dateOf(exactly(args, 1, name)[0], name);
  return make({ name, evaluate: (v) => realDate(v as number) >> 9 }, [arg], YEAR);
}

function timePart(part: (packed: bigint) => bigint): Build {
  return (args, name) => {
    const arg = typed(exactly(args, 1, name)[0], name);
    if (arg.type.kind !== "civildatetime") throw new Unsupported(`${name}() of ${arg.type.name}`);
    return make({ name, evaluate: (v) => part(v as bigint) }, [arg], BIGINT);
  };
}

const UNITS: readonly string[] = ["year", "month", "day", "hour", "minute", "second"];

/** EXTRACT(unit FROM x): the unit comes as a literal. */
function extract(args: readonly Operand[], name: string): Expr {
  const [unit, value] = exactly(args, 2, name);
  const word = unit!.kind === "untyped" ? unit!.resolve(TEXT) : unit!;
  const text = word.kind === "const" ? String(word.value) : "";
  if (!UNITS.includes(text)) throw new Unsupported(`extract(${text})`);
  return call([text], [value!]);
}

function date(args: readonly Operand[], name: string): Expr {
  const arg = dateOf(exactly(args, 1, name)[0], name);
  return make({ name, evaluate: (v) => realDate(v as number) }, [arg], DATE);
}

/** GREATEST and LEAST of exact numbers; NULL if one of them is. */
function extremum(wanted: 1 | -1): Build {
  return (args, name) => {
    if (args.length < 2) exactly(args, 2, name);
    const numbers = unify(
      args.map((arg) => exactNumber(arg, name)),
      name,
      true,
    );
    const { type } = numbers[0]!;
    if (isQuotient(type)) throw new Unsupported(`${name}() of a quotient`);
    const compare = comparatorOf(type);
    const evaluate = (...values: readonly NonNullable<Value>[]): Value =>
      values.reduce((best, value) => (compare(value, best) * wanted > 0 ? value : best));
    return make({ name, evaluate }, numbers, type);
  };
}
