import { Unsupported } from "@freshet/sql";
import { isOrderable } from "@freshet/types";
import type { Expr } from "../../plan/expression.ts";
import type { Operand } from "../dialect.ts";
import { compare } from "./operators.ts";

type Unify = (operands: readonly Operand[], what: string) => readonly Expr[];

/** The functions that are not strict; null for any other name. */
export function conditional(
  path: readonly string[],
  args: readonly Operand[],
  unify: Unify,
): Expr | null {
  if (path.length !== 1) return null;
  const name = path[0]!;
  switch (name) {
    case "coalesce": {
      const unified = unify(args, "COALESCE");
      return { kind: "coalesce", args: unified, type: unified[0]!.type };
    }
    case "nullif": {
      const when = compare("=", args[0]!, args[1]!);
      const type = when.left.type;
      if (type.upstreamId !== when.by.upstreamId) throw new Unsupported(`NULLIF of ${type.name}`);
      const nothing: Expr = { kind: "const", value: null, type };
      return { kind: "case", branches: [{ when, then: nothing }], otherwise: when.left, type };
    }
    case "greatest":
    case "least": {
      const unified = unify(args, name);
      const { type } = unified[0]!;
      const reason = isOrderable(type);
      if (reason !== null) throw new Unsupported(`${name}: ${reason}`);
      return { kind: "extremum", greatest: name === "greatest", args: unified, type };
    }
    default:
      return null;
  }
}
