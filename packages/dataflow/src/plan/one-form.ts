import type { SqlType } from "@freshet/types";

/** A text that equals others which are spelled otherwise: under a collation with weights. */
export function hasSpellings(type: SqlType): boolean {
  return type.kind === "text" && type.collation?.equality === "weights";
}

/** Equal for types whose values have the same keys (`groupKey`). */
export function keyKind(type: SqlType): string {
  return hasSpellings(type) ? `${type.kind} ${type.collation!.name}` : type.kind;
}
