/** MariaDB's columns with the COMPRESSED attribute. */
export const MARIADB_TYPE = { blobCompressed: 140, varcharCompressed: 141 } as const;

/** A column's type in row images; see `MapColumn`. */
export interface StoredColumn {
  readonly type: number;
  readonly meta: number;
}
