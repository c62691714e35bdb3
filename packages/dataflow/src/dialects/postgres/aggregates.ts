import { isHashable, isOrderable } from "@freshet/types";
import type { SqlType } from "@freshet/types";
import { Unsupported } from "@freshet/sql";
import type { Aggregate, AggregateFunction } from "../../plan/block.ts";
import type { AggregateCall } from "../dialect.ts";
import { isTextual } from "./coercion.ts";
import { isInteger } from "./numeric-tower.ts";
import { BOOL, INT8, NUMERIC, TEXT } from "./types.data.ts";

const NAMES = new Set([
  ..."count sum avg min max bool_and bool_or every string_agg array_agg json_agg".split(" "),
  ..."jsonb_agg json_object_agg jsonb_object_agg stddev stddev_pop stddev_samp variance".split(" "),
  ..."var_pop var_samp corr covar_pop covar_samp bit_and bit_or bit_xor mode".split(" "),
  ..."percentile_cont percentile_disc any_value regr_count xmlagg range_agg".split(" "),
]);

export function isAggregate(path: readonly string[]): boolean {
  return NAMES.has(path[path.length - 1]!);
}

export function aggregate(call: AggregateCall): Aggregate {
  const name = call.name[call.name.length - 1]!;
  const { distinct, filter } = call;
  if (call.star) {
    if (name !== "count") throw new Unsupported(`${name}(*)`);
    return { call: "count", arg: null, distinct: false, filter, type: INT8 };
  }
  const operand = call.args[0];
  if (call.args.length !== 1 || operand === undefined) throw new Unsupported(`aggregate ${name}()`);
  const arg = operand.kind === "untyped" ? operand.resolve(TEXT) : operand;
  if (distinct) {
    const reason = isHashable(arg.type);
    if (reason !== null) throw new Unsupported(`${name}(DISTINCT): ${reason}`);
  }
  const made = resolve(name, arg.type);
  return { call: made.call, arg, distinct, filter, type: made.type };
}

function resolve(name: string, type: SqlType): { call: AggregateFunction; type: SqlType } {
  const refuse = (reason: string): never => {
    throw new Unsupported(`${name}(${type.name})${reason}`);
  };
  switch (name) {
    case "count":
      return { call: "count", type: INT8 };
    case "sum":
    case "avg":
      if (type.kind === "float4" || type.kind === "float8") {
        return refuse(": its result depends on the order of addition");
      }
      if (isInteger(type)) {
        if (name === "avg") return { call: "avg-int", type: NUMERIC };
        return type.kind === "int"
          ? { call: "sum-int", type: INT8 }
          : { call: "sum-bigint", type: NUMERIC };
      }
      if (type.kind !== "decimal") return refuse("");
      return { call: name === "sum" ? "sum-decimal" : "avg-decimal", type: NUMERIC };
    case "min":
    case "max": {
      const kinds = ["int", "bigint", "decimal", "float4", "float8", "text", "bpchar", "date"];
      kinds.push("time", "timestamp", "timestamptz", "enum");
      if (!kinds.includes(type.kind)) return refuse("");
      const reason = isOrderable(type);
      if (reason !== null) return refuse(`: ${reason}`);
      const result = isTextual(type) ? { ...TEXT, collation: type.collation! } : type;
      return { call: name, type: { ...result, modifier: -1 } };
    }
    case "bool_and":
    case "every":
    case "bool_or":
      if (type.kind !== "bool") return refuse("");
      return { call: name === "bool_or" ? "bool-or" : "bool-and", type: BOOL };
    default:
      return refuse(": this aggregate is not kept");
  }
}
