import { createHash } from "node:crypto";

import type { QueryId } from "./shape.ts";

/**
 * `q_` and the first 64 bits, in hexadecimal, of SHA-256 over scope and shape (byte strings).
 * Stable across releases: people write these names into their deployment scripts.
 */
export function queryId(shape: string, scope: string): QueryId {
  const hash = createHash("sha256");
  hash.update(`${scope.length}:${scope}`, "latin1").update(shape, "latin1");
  return `q_${hash.digest("hex").slice(0, 16)}`;
}
