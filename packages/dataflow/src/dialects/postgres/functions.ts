import {
  absDecimal,
  ceilDecimal,
  decimalSign,
  floorDecimal,
  roundDecimal,
  truncateDecimal,
} from "@freshet/types";
import type { Decimal, SqlType } from "@freshet/types";
import { Unsupported } from "@freshet/sql";
import { Poisoned } from "../../contract.ts";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import type { Operand } from "../dialect.ts";
import { arithmetic, guarded } from "./arithmetic.ts";
import { coerce, isTextual } from "./coercion.ts";
import { dateTruncate } from "./date-truncate.ts";
import { integerOf, isInteger, isNumber, roundHalfEven, widerNumber } from "./numeric-tower.ts";
import { codePointCount, codePointsOf, withBackslashes } from "./strings.ts";
import { BOOL, FLOAT8, INT4, NUMERIC, TEXT, TIMESTAMP } from "./types.data.ts";

type Build = (args: readonly Operand[], name: string) => Expr;

/** The built-in functions whose results are known to be the upstream's, by name. */
const FUNCTIONS: Record<string, Build> = {
  abs: oneNumber((v) => (typeof v === "bigint" ? (v < 0n ? -v : v) : Math.abs(v)), absDecimal),
  round: rounding(roundDecimal, roundHalfEven),
  trunc: rounding(truncateDecimal, Math.trunc),
  floor: rounding((v) => floorDecimal(v), Math.floor, 1),
  ceil: rounding((v) => ceilDecimal(v), Math.ceil, 1),
  ceiling: rounding((v) => ceilDecimal(v), Math.ceil, 1),
  sign,
  mod: modulo,
  length: text(1, INT4, (s) => codePointCount(s)),
  char_length: text(1, INT4, (s) => codePointCount(s)),
  character_length: text(1, INT4, (s) => codePointCount(s)),
  octet_length: text(1, INT4, (s) => Buffer.byteLength(s)),
  reverse: text(1, TEXT, (s) => codePointsOf(s).reverse().join("")),
  btrim: text(1, TEXT, (s) => s.replace(/^ +/, "").replace(/ +$/, "")),
  ltrim: text(1, TEXT, (s) => s.replace(/^ +/, "")),
  rtrim: text(1, TEXT, (s) => s.replace(/ +$/, "")),
  starts_with: text(2, BOOL, (s, prefix) => s.startsWith(prefix)),
  strpos: text(2, INT4, position),
  position: text(2, INT4, position),
  replace: text(3, TEXT, (s, from, to) => (from === "" ? s : s.split(from).join(to))),
  left: textAndCount((s, n) => codePointsOf(s).slice(0, n).join("")),
  right: textAndCount(right),
  like_escape: likeEscape,
  date_trunc: truncateTimestamp,
};

const REFUSED: Record<string, string> = {
  lower: "its result depends on the upstream's locale",
  upper: "its result depends on the upstream's locale",
  initcap: "its result depends on the upstream's locale",
};

export function call(path: readonly string[], args: readonly Operand[]): Expr {
  const name = path[path.length - 1]!;
  const known = path.length === 1 || (path.length === 2 && path[0] === "pg_catalog");
  const build = known && Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (build === undefined) {
    const reason = Object.hasOwn(REFUSED, name) ? `: ${REFUSED[name]}` : "";
    throw new Unsupported(`function ${path.join(".")}()${reason}`);
  }
  return build(args, name);
}

function make(fn: ScalarFunction, args: readonly Expr[], type: SqlType): Expr {
  return { kind: "call", fn, args, type };
}

function typed(operand: Operand | undefined, name: string): Expr {
  if (operand === undefined) throw new Unsupported(`function ${name}() with these arguments`);
  if (operand.kind === "untyped") throw new Unsupported(`${name}() of an untyped operand`);
  return operand;
}

function oneNumber(
  plain: (value: number | bigint) => number | bigint,
  exact: (value: Decimal) => Decimal,
): Build {
  return (args, name) => {
    const arg = typed(args[0], name);
    if (args.length !== 1 || !isNumber(arg.type))
      throw new Unsupported(`${name}() of ${arg.type.name}`);
    const type = { ...arg.type, modifier: -1 };
    if (type.kind === "decimal")
      return make({ name, evaluate: (v) => exact(v as Decimal) }, [arg], type);
    const integer = isInteger(type);
    const evaluate = (v: unknown): number | bigint => {
      const result = plain(v as number | bigint);
      return integer ? integerOf(type, BigInt(result)) : result;
    };
    return make({ name: `${name}/${type.name}`, evaluate }, [arg], type);
  };
}

/** round and its kin: numeric (with a scale) and float8; integers are taken as float8. */
function rounding(
  exact: (value: Decimal, scale: number) => Decimal,
  float: (value: number) => number,
  most = 2,
): Build {
  return (args, name) => {
    const arg = typed(args[0], name);
    if (!isNumber(arg.type) || args.length > most) {
      throw new Unsupported(`${name}() with these arguments`);
    }
    if (args.length === 2) {
      const value = coerce(arg, NUMERIC, name);
      const scale = coerce(args[1]!, INT4, name);
      const fn: ScalarFunction = {
        name: `${name}/2`,
        evaluate: (v, n) => guarded(() => roundAt(exact, v as Decimal, n as number)),
      };
      return make(fn, [value, scale], NUMERIC);
    }
    if (arg.type.kind === "decimal") {
      const fn: ScalarFunction = { name, evaluate: (v) => guarded(() => exact(v as Decimal, 0)) };
      return make(fn, [arg], NUMERIC);
    }
    const fn: ScalarFunction = { name: `${name}/float8`, evaluate: (v) => float(v as number) };
    return make(fn, [coerce(arg, FLOAT8, name)], FLOAT8);
  };
}

function roundAt(
  exact: (value: Decimal, scale: number) => Decimal,
  value: Decimal,
  scale: number,
): Decimal {
  if (scale < 0 || scale > 1000) throw new Poisoned("rounding to a negative or very large scale");
  return exact(value, scale);
}

function sign(args: readonly Operand[], name: string): Expr {
  const arg = typed(args[0], name);
  if (arg.type.kind !== "decimal") throw new Unsupported(`sign() of ${arg.type.name}`);
  const evaluate = (v: unknown): Decimal => {
    const value = v as Decimal;
    if (value.special === "NaN") return value;
    return { unscaled: BigInt(decimalSign(value)), scale: 0 };
  };
  return make({ name, evaluate }, [arg], NUMERIC);
}

function modulo(args: readonly Operand[], name: string): Expr {
  const a = typed(args[0], name);
  const b = typed(args[1], name);
  if (!isNumber(a.type) || !isNumber(b.type)) throw new Unsupported(`mod() of ${a.type.name}`);
  const type = widerNumber(a.type, b.type);
  const fn = arithmetic("%", type);
  if (fn === null || args.length !== 2) throw new Unsupported(`mod() of ${type.name}`);
  return make(fn, [coerce(a, type, name), coerce(b, type, name)], type);
}

function text(
  count: number,
  result: SqlType,
  evaluate: (...args: string[]) => string | number | boolean,
): Build {
  return (args, name) => {
    if (args.length !== count)
      throw new Unsupported(`function ${name}() with ${args.length} arguments`);
    const first = typed(args[0], name);
    if (!isTextual(first.type)) throw new Unsupported(`${name}() of ${first.type.name}`);
    if (first.type.collation?.equality !== "bytes") {
      throw new Unsupported(`${name}() under a collation that is not deterministic`);
    }
    const type =
      result === TEXT ? { ...TEXT, collation: first.type.collation ?? TEXT.collation! } : result;
    const fn: ScalarFunction = { name, evaluate: (...values) => evaluate(...(values as string[])) };
    return make(
      fn,
      args.map((arg) => coerce(arg, TEXT, name)),
      type,
    );
  };
}

function textAndCount(evaluate: (text: string, count: number) => string): Build {
  return (args, name) => {
    const first = typed(args[0], name);
    if (!isTextual(first.type) || args.length !== 2) {
      throw new Unsupported(`${name}() of ${first.type.name}`);
    }
    const fn: ScalarFunction = { name, evaluate: (s, n) => evaluate(s as string, n as number) };
    const type = { ...TEXT, collation: first.type.collation ?? TEXT.collation! };
    return make(fn, [coerce(first, TEXT, name), coerce(args[1]!, INT4, name)], type);
  };
}

/** A negative count leaves out that many from the start. */
function right(value: string, count: number): string {
  const points = codePointsOf(value);
  const from = count < 0 ? -count : Math.max(0, points.length - count);
  return points.slice(from).join("");
}

function position(value: string, part: string): number {
  const at = value.indexOf(part);
  return at < 0 ? 0 : codePointCount(value.slice(0, at)) + 1;
}

/** What `LIKE pattern ESCAPE 'c'` calls; its pattern may be a literal. */
function likeEscape(args: readonly Operand[], name: string): Expr {
  const [pattern, escape] = args;
  if (args.length !== 2 || pattern === undefined || escape === undefined) {
    throw new Unsupported(`function ${name}() with ${args.length} arguments`);
  }
  const fn: ScalarFunction = {
    name,
    evaluate: (text, mark) => withBackslashes(text as string, mark as string),
  };
  const made = [coerce(pattern, TEXT, name), coerce(escape, TEXT, name)];
  // Of constants, it must be a constant itself: the other side then decides the collation.
  const [first, second] = made as [Expr, Expr];
  if (first.kind !== "const" || second.kind !== "const") {
    throw new Unsupported("LIKE … ESCAPE of anything but literals");
  }
  const value =
    first.value === null || second.value === null ? null : fn.evaluate(first.value, second.value);
  return { kind: "const", value, type: TEXT };
}

function truncateTimestamp(args: readonly Operand[], name: string): Expr {
  const [unit, value] = args;
  if (args.length !== 2 || unit?.kind !== "untyped" || unit.form !== "string") {
    throw new Unsupported("date_trunc() whose unit is not a literal");
  }
  const stamp = typed(value, name);
  if (stamp.type.kind !== "timestamp") {
    throw new Unsupported(`date_trunc() of ${stamp.type.name}: it depends on the time zone`);
  }
  const word = unit.resolve(TEXT);
  const truncate = dateTruncate(word.kind === "const" ? String(word.value) : "");
  return make(
    { name: `date_trunc/${String(truncate.unit)}`, evaluate: truncate.evaluate },
    [stamp],
    TIMESTAMP,
  );
}
