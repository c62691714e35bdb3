import { Unsupported } from "@freshet/sql";
import { Poisoned } from "../../contract.ts";
import type { Expr } from "../../plan/expression.ts";
import type { Operand } from "../dialect.ts";
import { valueOf } from "./coercion.ts";
import { compare } from "./operators.ts";
import { isQuotient } from "./quotients.ts";
import { truth } from "./truth.ts";
import { CONDITION } from "./types.data.ts";
import { unify } from "./unify.ts";

/** The functions that are not strict; null for any other name. */
export function conditional(path: readonly string[], args: readonly Operand[]): Expr | null {
  if (path.length !== 1) return null;
  const name = path[0]!.toLowerCase();
  const wants = (count: number): void => {
    if (args.length !== count) throw new Unsupported(`${name}() with ${args.length} arguments`);
  };
  switch (name) {
    case "coalesce":
    case "ifnull": {
      if (name === "ifnull") wants(2);
      else if (args.length === 0) wants(1);
      const unified = unify(args, name.toUpperCase(), true);
      return { kind: "coalesce", args: unified, type: unified[0]!.type };
    }
    case "if": {
      wants(3);
      const when = truth(args[0]!, "IF");
      const [then, otherwise] = unify(args.slice(1), "IF", false);
      return {
        kind: "case",
        branches: [{ when, then: then! }],
        otherwise: otherwise!,
        type: then!.type,
      };
    }
    case "nullif": {
      wants(2);
      const [first, second] = args;
      if (first!.kind === "untyped") throw new Unsupported("NULLIF of a literal");
      const value = valueOf(first!);
      if (isQuotient(value.type)) throw new Unsupported("NULLIF of a quotient");
      const when = compare("=", value, second!);
      const nothing: Expr = { kind: "const", value: null, type: value.type };
      return {
        kind: "case",
        branches: [{ when, then: nothing }],
        otherwise: value,
        type: value.type,
      };
    }
    case "isnull": {
      wants(1);
      const arg = tested(args[0]!);
      return { kind: "is", test: "null", negated: false, arg, type: CONDITION };
    }
    default:
      return null;
  }
}

/** What IS NULL looks at. */
export function tested(operand: Operand): Expr {
  if (operand.kind === "untyped") throw new Unsupported("IS NULL of a literal or parameter");
  const value = valueOf(operand);
  const { kind } = value.type;
  if (kind !== "civildate" && kind !== "civildatetime") return value;
  const fn = {
    name: "not the zero date",
    evaluate: (v: unknown): number | bigint => notZero(v as number | bigint),
  };
  return { kind: "call", fn, args: [value], type: value.type };
}

/** `IS NULL` of a NOT NULL date finds the zero date too. */
function notZero(value: number | bigint): number | bigint {
  if (Number(value) === 0) throw new Poisoned("IS NULL of a zero date");
  return value;
}
