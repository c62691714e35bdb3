/** Offsets of the numbers, strings and placeholders in a tree. */
export function placesIn(tree: unknown): number[] {
  if (Array.isArray(tree)) return tree.flatMap(placesIn);
  if (typeof tree !== "object" || tree === null) return [];
  const node = tree as { kind?: unknown; at?: number };
  const below = Object.values(tree).flatMap(placesIn);
  const isValue = node.kind === "literal" || node.kind === "placeholder";
  return isValue && node.at !== undefined ? [node.at, ...below] : below;
}
