import { TYPE } from "../column-types.ts";
import { malformed } from "./binlog-error.ts";
import { charsetOfCollation, textDecoderOf } from "./charsets.ts";
import { EventReader } from "./event-reader.ts";
import { MARIADB_TYPE, type StoredColumn } from "./stored-column.ts";

/** Sparse arrays by column position, as far as the server told. */
export interface TableMetadata {
  readonly unsigned: boolean[];
  readonly collations: number[];
  names: string[] | null;
  readonly members: (readonly string[] | null)[];
  readonly geometryTypes: number[];
  readonly dimensions: number[];
  primaryKey: number[] | null;
  visible: boolean[] | null;
}

const FIELD = {
  signedness: 1,
  defaultCharset: 2,
  columnCharset: 3,
  columnName: 4,
  setMembers: 5,
  enumMembers: 6,
  geometryType: 7,
  primaryKey: 8,
  primaryKeyWithPrefix: 9,
  listDefaultCharset: 10,
  listColumnCharset: 11,
  visibility: 12,
  dimensions: 13,
} as const;

const NUMERIC: ReadonlySet<number> = new Set([
  TYPE.tiny,
  TYPE.short,
  TYPE.int24,
  TYPE.long,
  TYPE.longlong,
  TYPE.newdecimal,
  TYPE.float,
  TYPE.double,
  // The server counts it with the numbers.
  TYPE.year,
]);
const CHARACTER: ReadonlySet<number> = new Set([
  TYPE.string,
  TYPE.varString,
  TYPE.varchar,
  TYPE.blob,
  TYPE.tinyBlob,
  TYPE.mediumBlob,
  TYPE.longBlob,
  // It counts among them, with the binary collation.
  TYPE.vector,
  MARIADB_TYPE.blobCompressed,
  MARIADB_TYPE.varcharCompressed,
]);

/** The optional metadata at the end of a table map: (type, length, value) until the end. */
export function readTableMetadata(
  reader: EventReader,
  columns: readonly StoredColumn[],
  mariadb: boolean,
): TableMetadata {
  const positions = (wanted: (type: number) => boolean): number[] =>
    columns.flatMap((column, index) => (wanted(column.type) ? [index] : []));
  const numeric = positions((type) => NUMERIC.has(type));
  // MariaDB counts geometries among the texts, too.
  const character = positions((type) => CHARACTER.has(type) || (mariadb && type === TYPE.geometry));
  const sets = positions((type) => type === TYPE.set);
  const enums = positions((type) => type === TYPE.enum);
  const lists = positions((type) => type === TYPE.set || type === TYPE.enum);
  const geometries = positions((type) => type === TYPE.geometry);
  const vectors = positions((type) => type === TYPE.vector);
  const metadata: TableMetadata = {
    unsigned: [],
    collations: [],
    names: null,
    members: [],
    geometryTypes: [],
    dimensions: [],
    primaryKey: null,
    visible: null,
  };
  const rawMembers: Buffer[][] = [];
  while (reader.left > 0) {
    const field = reader.uint8();
    const length = reader.lenencLength();
    const at = reader.skip(length);
    const value = new EventReader(reader.buffer, at, at + length);
    switch (field) {
      case FIELD.signedness:
        readBits(value, numeric, metadata.unsigned);
        break;
      case FIELD.defaultCharset:
        readDefaultCharset(value, character, metadata.collations);
        break;
      case FIELD.listDefaultCharset:
        readDefaultCharset(value, lists, metadata.collations);
        break;
      case FIELD.columnCharset:
        readNumbers(value, character, metadata.collations);
        break;
      case FIELD.listColumnCharset:
        readNumbers(value, lists, metadata.collations);
        break;
      case FIELD.geometryType:
        readNumbers(value, geometries, metadata.geometryTypes);
        break;
      case FIELD.dimensions:
        readNumbers(value, vectors, metadata.dimensions);
        break;
      case FIELD.columnName:
        metadata.names = columns.map(() => value.lenencText());
        break;
      case FIELD.setMembers:
        readMembers(value, sets, rawMembers);
        break;
      case FIELD.enumMembers:
        readMembers(value, enums, rawMembers);
        break;
      case FIELD.primaryKey:
      case FIELD.primaryKeyWithPrefix:
        metadata.primaryKey = [];
        while (value.left > 0) {
          metadata.primaryKey.push(number(value));
          if (field === FIELD.primaryKeyWithPrefix) value.lenencInt();
        }
        break;
      case FIELD.visibility:
        metadata.visible = [];
        readBits(
          value,
          columns.map((_, index) => index),
          metadata.visible,
        );
        break;
      default:
        // Newer servers may tell more; the field's length is known, and rows do not depend on it.
        value.at = value.end;
    }
    if (value.left > 0) throw malformed(`a table map's field ${field} is too long`);
  }
  rawMembers.forEach((members, column) => {
    metadata.members[column] = decodeMembers(members, metadata.collations[column]);
  });
  return metadata;
}

function number(reader: EventReader): number {
  return Number(reader.lenencInt());
}

/** One bit for each of the columns, from the highest of the first byte. */
function readBits(reader: EventReader, columns: readonly number[], into: boolean[]): void {
  const bits = reader.bytes((columns.length + 7) >> 3);
  columns.forEach((column, index) => {
    into[column] = ((bits[index >> 3] as number) & (0x80 >> (index & 7))) !== 0;
  });
}

function readNumbers(reader: EventReader, columns: readonly number[], into: number[]): void {
  for (const column of columns) into[column] = number(reader);
}

/** The collation of most, then (index among those columns, collation) of the others. */
function readDefaultCharset(reader: EventReader, columns: readonly number[], into: number[]): void {
  const common = number(reader);
  for (const column of columns) into[column] = common;
  while (reader.left > 0) {
    const column = columns[number(reader)];
    if (column === undefined) throw malformed("a table map tells the collation of no column");
    into[column] = number(reader);
  }
}

function readMembers(reader: EventReader, columns: readonly number[], into: Buffer[][]): void {
  for (const column of columns) {
    const count = number(reader);
    const members: Buffer[] = [];
    for (let index = 0; index < count; index += 1) members.push(reader.lenencBytes());
    into[column] = members;
  }
}

/** Members in Unicode; null when their character set is not known. */
function decodeMembers(members: readonly Buffer[], collation: number | undefined): string[] | null {
  const charset = collation === undefined ? null : charsetOfCollation(collation);
  if (charset === null || charset === "other") return null;
  const decode = textDecoderOf(charset === "binary" ? "latin1" : charset);
  return members.map((bytes) => decode(bytes, 0, bytes.length));
}
