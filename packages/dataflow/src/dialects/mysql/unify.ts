import { Unsupported } from "@freshet/sql";
import type { Decimal, SqlType } from "@freshet/types";
import type { Expr } from "../../plan/expression.ts";
import { convert } from "../convert.ts";
import type { Operand } from "../dialect.ts";
import { coerce, valueOperand } from "./coercion.ts";
import { commonCollation } from "./collations.ts";
import { isFloat, isInteger, isNumber, precisionOf, scaleOf } from "./number-types.ts";
import { atScale, isMixed, isQuotient, mixedType, quotientType } from "./quotients.ts";
import { BIGINT, decimalType, MYSQL_TYPE, TEXT, UNSIGNED_BIGINT } from "./types.data.ts";

/**
 * One type for the branches of CASE, IF, COALESCE and the like. `padded`: the upstream brings
 * decimals to the result's scale; without it, that depends on the version.
 */
export function unify(
  branches: readonly Operand[],
  what: string,
  padded: boolean,
): readonly Expr[] {
  const operands = branches.map(valueOperand);
  for (const operand of operands) {
    if (operand.kind === "untyped" && operand.form === "placeholder") {
      throw new Unsupported(`${what} with a parameter`);
    }
  }
  const types = operands.flatMap((operand) => (operand.kind === "untyped" ? [] : [operand.type]));
  const strings = operands.some((o) => o.kind === "untyped" && o.form === "string");
  if (types.every((type) => type.kind === "text")) {
    if (types.length === 0 && !strings) throw new Unsupported(`${what} of NULL alone`);
    const type = { ...TEXT, collation: commonCollation(operands, what) };
    return operands.map((operand) => relabel(coerce(operand, type, what), type));
  }
  if (strings) throw new Unsupported(`${what}: a string beside ${types[0]!.name}`);
  const type = commonType(types, what, padded);
  return operands.map((operand) => branch(operand, type, what, padded));
}

function relabel(expr: Expr, type: SqlType): Expr {
  if (expr.kind === "const") return { ...expr, type };
  const fn = { name: `as ${type.collation!.name}`, identity: true, evaluate: same };
  return { kind: "call", fn, args: [expr], type };
}

function same<T>(value: T): T {
  return value;
}

function branch(operand: Operand, type: SqlType, what: string, padded: boolean): Expr {
  const made = coerce(operand, type, what);
  if (type.kind !== "decimal" || !padded || isQuotient(type)) {
    return made.type === type ? made : convert(made, type, asType(type));
  }
  const scale = scaleOf(type);
  return convert(made, type, {
    name: `decimal(${scale})`,
    evaluate: (v) => atScale(v as Decimal, scale),
  });
}

function asType(type: SqlType): { name: string; evaluate: typeof same } {
  return { name: `as ${type.name}`, evaluate: same };
}

function commonType(types: readonly SqlType[], what: string, padded: boolean): SqlType {
  const [first] = types;
  const refuse = (): never => {
    throw new Unsupported(`${what}: ${types.map((type) => type.name).join(" beside ")}`);
  };
  if (types.some((t) => t.upstreamId === MYSQL_TYPE.bit || t.upstreamId === MYSQL_TYPE.year)) {
    return refuse();
  }
  if (types.every(isInteger)) {
    const unsigned = types.filter((type) => type.unsigned === true).length;
    if (unsigned === 0) return BIGINT;
    if (unsigned === types.length) return UNSIGNED_BIGINT;
    // Some versions take DECIMAL at once, which prints alike.
    const wide = types.some((type) => type.kind === "bigint" && type.unsigned === true);
    return wide ? decimalType(20, 0) : BIGINT;
  }
  if (types.every((type) => isNumber(type) && !isFloat(type))) {
    const scale = Math.max(...types.map(scaleOf));
    const whole = Math.max(...types.map((type) => precisionOf(type) - scaleOf(type)));
    const plain = decimalType(Math.min(whole + scale, 65), scale);
    if (types.some(isQuotient)) {
      if (!padded) throw new Unsupported(`${what} of a quotient`);
      return quotientType(plain);
    }
    if (types.some(isMixed)) return padded ? plain : mixedType(plain);
    const even = padded || types.every((type) => scaleOf(type) === scale);
    return even ? plain : mixedType(plain);
  }
  const kinds = ["civildate", "civildatetime", "time", "float8", "bytes", "timestamptz"];
  const alike = types.every(
    (t) => t.upstreamId === first!.upstreamId && t.modifier === first!.modifier,
  );
  return alike && kinds.includes(first!.kind) ? first! : refuse();
}
