import { BinaryCollator } from "./binary-collator.ts";
import type { Collator } from "./collator.ts";
import { readContractions } from "./contractions.ts";
import { GENERAL_CI_WEIGHTS } from "./general-ci.data.ts";
import { singleByteTable } from "./single-byte.ts";
import { TableCollator } from "./table-collator.ts";
import { UCA_1400_CONTRACTIONS } from "./uca-1400-contractions.data.ts";
import { UCA_1400_WEIGHTS } from "./uca-1400.data.ts";
import { UCA_400_WEIGHTS } from "./uca-400.data.ts";
import { UCA_520_WEIGHTS } from "./uca-520.data.ts";
import { UCA_900_WEIGHTS } from "./uca-900.data.ts";
import { readWeightTable } from "./weight-table.ts";
import type { WeightTable } from "./weight-table.ts";

/**
 * The collation of this name, or null when it is not kept: nothing may be computed from it.
 * The tables are read when they are first needed.
 */
export function collatorOf(name: string): Collator | null {
  const known = collators.get(name);
  if (known !== undefined) return known;
  const make = makers.get(name);
  if (make === undefined) return null;
  const collator = make();
  collators.set(name, collator);
  return collator;
}

/** The names that `collatorOf` knows. */
export function collationNames(): readonly string[] {
  return [...makers.keys()];
}

const collators = new Map<string, Collator>();
const makers = new Map<string, () => Collator>();

/** `padded` compares with PAD SPACE, MariaDB's `nopad` without. */
function addBoth(padded: string, nopad: string, table: () => WeightTable): void {
  makers.set(padded, () => new TableCollator(padded, table(), true));
  makers.set(nopad, () => new TableCollator(nopad, table(), false));
}

/** One table for all the collations that have it. */
function shared(read: () => WeightTable): () => WeightTable {
  let table: WeightTable | null = null;
  return () => (table ??= read());
}

const generalCi = shared(() => readWeightTable(GENERAL_CI_WEIGHTS));
const uca400 = shared(() => readWeightTable(UCA_400_WEIGHTS));
const uca520 = shared(() => readWeightTable(UCA_520_WEIGHTS));

const uca1400 = shared(() => readWeightTable(UCA_1400_WEIGHTS));

for (const charset of ["utf8mb4", "utf8mb3", "utf8"]) {
  addBoth(`${charset}_general_ci`, `${charset}_general_nopad_ci`, generalCi);
  addBoth(`${charset}_unicode_ci`, `${charset}_unicode_nopad_ci`, uca400);
  addBoth(`${charset}_unicode_520_ci`, `${charset}_unicode_520_nopad_ci`, uca520);
  for (const [name, padSpace] of [
    [`${charset}_uca1400_ai_ci`, true],
    [`${charset}_uca1400_nopad_ai_ci`, false],
  ] as const) {
    makers.set(name, () => {
      const contractions = readContractions(UCA_1400_CONTRACTIONS);
      return new TableCollator(name, uca1400(), padSpace, contractions);
    });
  }
  for (const [name, padSpace] of [
    [`${charset}_bin`, true],
    [`${charset}_nopad_bin`, false],
  ] as const) {
    makers.set(name, () => new BinaryCollator(name, padSpace));
  }
}
makers.set("utf8mb4_0900_bin", () => new BinaryCollator("utf8mb4_0900_bin", false));
makers.set("utf8mb4_0900_ai_ci", () => {
  return new TableCollator("utf8mb4_0900_ai_ci", readWeightTable(UCA_900_WEIGHTS), false);
});
for (const name of ["latin1_swedish_ci", "ascii_general_ci", "latin1_general_ci"]) {
  addBoth(name, name.replace(/_ci$/, "_nopad_ci"), () => singleByteTable(name));
}
for (const charset of ["latin1", "ascii"]) {
  addBoth(`${charset}_bin`, `${charset}_nopad_bin`, () => singleByteTable(`${charset}_bin`));
}
makers.set("latin1_general_cs", () => {
  return new TableCollator("latin1_general_cs", singleByteTable("latin1_general_cs"), true);
});
