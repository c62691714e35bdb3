import { createHash } from "node:crypto";
import type { TableId } from "@freshet/types";

export interface TableName {
  readonly schema: string;
  readonly name: string;
}

/**
 * Tables are known by their names: the server's own numbers change with every ALTER and TRUNCATE
 * and are readable only with PROCESS. The number is a hash of the name, so it is the same after a
 * restart; of two names with one number the later is refused.
 */
export class TableIds {
  readonly #names = new Map<TableId, TableName>();

  /** Null when another table has the number already. */
  idOf(table: TableName): TableId | null {
    const id = hashOf(table);
    const known = this.#names.get(id);
    if (known === undefined) {
      this.#names.set(id, { schema: table.schema, name: table.name });
      return id;
    }
    return known.schema === table.schema && known.name === table.name ? id : null;
  }

  nameOf(id: TableId): TableName | undefined {
    return this.#names.get(id);
  }
}

/** 31 bits, never 0. */
function hashOf({ schema, name }: TableName): TableId {
  const digest = createHash("sha256").update(`${schema}\0${name}`).digest();
  return digest.readUInt32BE(0) & 0x7fffffff || 1;
}
