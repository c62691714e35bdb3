import { Unsupported } from "@freshet/sql";
import type { Collation, SqlType } from "@freshet/types";
import type { Expr, ScalarFunction } from "../../plan/expression.ts";
import type { Operand } from "../dialect.ts";
import { LITERAL_COLLATION } from "./types.data.ts";

/** An explicit COLLATE, which wins over the collation of a column. */
export const COLLATE: ScalarFunction = { name: "collate", widens: false, evaluate: (v) => v };

interface Claim {
  readonly collation: Collation;
  readonly explicit: boolean;
}

/** What an operand says about the collation; null: it gives way (coercible). */
function claimOf(operand: Operand): Claim | null {
  if (operand.kind === "untyped" || operand.kind === "const" || operand.kind === "param") {
    return null;
  }
  const { collation } = operand.type;
  if (collation === undefined || collation === LITERAL_COLLATION) return null;
  return { collation, explicit: operand.kind === "call" && operand.fn === COLLATE };
}

/** The collation several operands compare under, by coercibility; a conflict is refused. */
export function commonCollation(operands: readonly Operand[], what: string): Collation {
  let common: Claim | null = null;
  for (const operand of operands) {
    const claim = claimOf(operand);
    if (claim === null) continue;
    if (common === null || (claim.explicit && !common.explicit)) common = claim;
    else if (common.explicit && !claim.explicit) continue;
    else if (common.collation.name !== claim.collation.name) {
      const names = `${common.collation.name} and ${claim.collation.name}`;
      throw new Unsupported(`${what}: texts of the collations ${names}`);
    }
  }
  return common?.collation ?? LITERAL_COLLATION;
}

/** `COLLATE name` of a text column whose character set the collation belongs to. */
export function collate(operand: Operand, path: readonly string[]): Expr {
  const name = (path[path.length - 1] ?? "").toLowerCase();
  if (operand.kind === "untyped" || operand.kind === "const" || operand.kind === "param") {
    throw new Unsupported("COLLATE of a literal");
  }
  const own = operand.type.collation;
  if (operand.type.kind !== "text" || own === undefined) {
    throw new Unsupported(`COLLATE of ${operand.type.name}`);
  }
  if (charsetOf(own) !== charsetOf({ ...own, name })) throw new Unsupported(`COLLATE ${name}`);
  const collation: Collation = { name, equality: "weights", order: "weights" };
  return { kind: "call", fn: COLLATE, args: [operand], type: { ...operand.type, collation } };
}

/** The character set a collation's name begins with; `utf8` is utf8mb3's old name. */
export function charsetOf(collation: Collation): string {
  const charset = collation.name.split("_")[0]!;
  return charset === "utf8" ? "utf8mb3" : charset;
}

/**
 * Whether a text can be stored in the character set: one that cannot is an error upstream, or
 * is compared after a loss.
 */
export function fitsCharset(type: SqlType, text: string): boolean {
  if (type.collation === undefined) return true;
  switch (charsetOf(type.collation)) {
    case "ascii":
      return isAscii(text);
    case "latin1":
      // It is cp1252, which has other characters between these.
      return !/[^\u0000-\u007f\u00a0-\u00ff]/.test(text);
    case "utf8mb3":
      return !/[\ud800-\udfff]/.test(text);
    default:
      return true;
  }
}

export function isAscii(text: string): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) > 0x7f) return false;
  }
  return true;
}
