import { COLLATIONS_BY_CHARSET } from "./collations.data.ts";

/** A collation as handshakes, COM_CHANGE_USER and column definitions name it. */
export interface CollationEntry {
  readonly id: number;
  readonly name: string;
  readonly charset: string;
}

/** Collation ids that a protocol layer names itself. */
export const CHARSET = {
  latin1SwedishCi: 8,
  asciiGeneralCi: 11,
  utf8mb3GeneralCi: 33,
  utf8mb4GeneralCi: 45,
  utf8mb4Bin: 46,
  /** Numbers, dates and bytes. */
  binary: 63,
  utf8mb4UnicodeCi: 224,
  utf8mb40900AiCi: 255,
} as const;

const BY_ID = new Map<number, CollationEntry>();
const BY_NAME = new Map<string, CollationEntry>();

for (const [charset, list] of Object.entries(COLLATIONS_BY_CHARSET)) {
  for (const item of list.split(", ")) {
    const [id, rest] = item.split(" ");
    const name = rest === undefined ? charset : `${charset}_${rest}`;
    const entry = { id: Number(id), name, charset };
    BY_ID.set(entry.id, entry);
    BY_NAME.set(name, entry);
  }
}

/** Undefined for ids of other servers or of collations added by hand. */
export function collationOf(id: number): CollationEntry | undefined {
  return BY_ID.get(id);
}

/** Case does not count; `utf8` is `utf8mb3`. */
export function collationNamed(name: string): CollationEntry | undefined {
  const lower = name.toLowerCase();
  return BY_NAME.get(lower.startsWith("utf8_") ? `utf8mb3_${lower.slice(5)}` : lower);
}
