import { Unsupported } from "@freshet/sql";
import { isHashable, isOrderable } from "@freshet/types";
import type { Decimal, SqlType } from "@freshet/types";
import { Poisoned } from "../../contract.ts";
import type { Aggregate } from "../../plan/block.ts";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import { convert } from "../convert.ts";
import type { AggregateCall } from "../dialect.ts";
import { valueOf } from "./coercion.ts";
import { isFloat, isInteger, precisionOf, scaleOf } from "./number-types.ts";
import {
  atScale,
  divide,
  DIVISION_DIGITS,
  isMixed,
  isQuotient,
  quotientType,
} from "./quotients.ts";
import { storedDate } from "./stored-date.ts";
import { BIGINT, decimalType, MYSQL_TYPE } from "./types.data.ts";

const NAMES = new Set([
  ..."count sum avg min max bit_and bit_or bit_xor group_concat std stddev stddev_pop".split(" "),
  ..."stddev_samp var_pop var_samp variance json_arrayagg json_objectagg any_value".split(" "),
  ..."st_collect grouping".split(" "),
]);

export function isAggregate(path: readonly string[]): boolean {
  return path.length === 1 && NAMES.has(path[0]!.toLowerCase());
}

/** Digits that SUM adds to its argument's, so that no number of rows overflows. */
const SUM_DIGITS = 22;

export function aggregate(call: AggregateCall): Aggregate {
  const name = call.name[0]!.toLowerCase();
  const { distinct, filter } = call;
  if (call.star) {
    if (name !== "count") throw new Unsupported(`${name}(*)`);
    return { call: "count", arg: null, distinct: false, filter, type: BIGINT };
  }
  const operand = call.args[0];
  if (call.args.length !== 1 || operand === undefined) {
    throw new Unsupported(`${name}() with ${call.args.length} arguments`);
  }
  if (operand.kind === "untyped") throw new Unsupported(`${name}() of a literal or parameter`);
  const value = scaled(valueOf(operand), name);
  const arg = distinct || name !== "count" ? storedDate(value) : value;
  if (distinct) {
    const reason = isFloat(arg.type) ? "-0 equals 0" : isHashable(arg.type);
    if (reason !== null) throw new Unsupported(`${name}(DISTINCT): ${reason}`);
  }
  return { ...resolve(name, arg.type), arg, distinct, filter };
}

/** Equal to 0 and printed otherwise: which of them is the extremum is open. */
const NO_NEGATIVE_ZERO: ScalarFunction = {
  name: "not -0",
  evaluate: (v) => {
    if (Object.is(v, -0)) throw new Poisoned("an extremum of 0 and -0");
    return v;
  },
};

/** The argument at its type's scale: what is printed of it then does not depend on the branch. */
function scaled(arg: Expr, name: string): Expr {
  const { type } = arg;
  if (isFloat(type) && name !== "count") return convert(arg, type, NO_NEGATIVE_ZERO);
  if (isQuotient(type) && name !== "count") throw new Unsupported(`${name}() of a quotient`);
  if (!isMixed(type)) return arg;
  const scale = scaleOf(type);
  return convert(arg, decimalType(precisionOf(type), scale), {
    name: `decimal(${scale})`,
    evaluate: (v) => atScale(v as Decimal, scale),
  });
}

function resolve(name: string, type: SqlType): Pick<Aggregate, "call" | "type" | "average"> {
  const refuse = (reason: string): never => {
    throw new Unsupported(`${name}(${type.name})${reason}`);
  };
  const scale = scaleOf(type);
  switch (name) {
    case "count":
      return { call: "count", type: BIGINT };
    case "sum":
    case "avg": {
      if (type.kind === "float4" || type.kind === "float8") {
        return refuse(": its result depends on the order of addition");
      }
      const integer = isInteger(type) && type.upstreamId !== MYSQL_TYPE.bit;
      if (!integer && type.kind !== "decimal") return refuse("");
      if (name === "sum") {
        const sum = decimalType(Math.min(precisionOf(type) + SUM_DIGITS, 65), scale);
        return { call: integer ? "sum-bigint" : "sum-decimal", type: sum };
      }
      if (scale + DIVISION_DIGITS > 30) return refuse(": too many digits");
      const digits = Math.min(precisionOf(type) + DIVISION_DIGITS, 65);
      return {
        call: integer ? "avg-int" : "avg-decimal",
        type: quotientType(decimalType(digits, scale + DIVISION_DIGITS)),
        average: (sum, count) => divide(sum, { unscaled: BigInt(count), scale: 0 }),
      };
    }
    case "min":
    case "max": {
      const kinds = ["int", "bigint", "decimal", "float4", "float8", "text", "civildate"];
      kinds.push("civildatetime", "time", "timestamptz");
      if (!kinds.includes(type.kind) || type.upstreamId === MYSQL_TYPE.bit) return refuse("");
      if (isZeroFilled(type)) return refuse(" ZEROFILL");
      const reason = isOrderable(type);
      if (reason !== null) return refuse(`: ${reason}`);
      return { call: name, type };
    }
    default:
      return refuse(": this aggregate is not kept");
  }
}

function isZeroFilled(type: SqlType): boolean {
  return isInteger(type) && type.modifier !== -1 && type.upstreamId !== MYSQL_TYPE.year;
}
