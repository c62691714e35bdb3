import { TYPE } from "../column-types.ts";
import { malformed } from "./binlog-error.ts";
import type { EventReader } from "./event-reader.ts";
import type { EventHeader, MapColumn, TableMapEvent } from "./events.ts";
import { MARIADB_TYPE, type StoredColumn } from "./stored-column.ts";
import { readTableMetadata } from "./table-metadata.ts";

export function readTableMap(
  reader: EventReader,
  header: EventHeader,
  mariadb: boolean,
): TableMapEvent {
  const tableId = reader.uint48();
  const flags = reader.uint16();
  const definition = Buffer.from(reader.buffer.subarray(reader.at, reader.end));
  const schema = reader.text(reader.uint8());
  reader.skip(1);
  const table = reader.text(reader.uint8());
  reader.skip(1);
  const count = reader.lenencLength();
  const types = reader.bytes(count);
  const metaEnd = reader.lenencLength() + reader.at;
  const stored = Array.from(types, (type) => readStored(reader, type));
  if (reader.at !== metaEnd) throw malformed(`the types of table ${table} are inconsistent`);
  const nulls = reader.bytes((count + 7) >> 3);
  const metadata = readTableMetadata(reader, stored, mariadb);
  const columns = stored.map((column, index): MapColumn => ({
    ...column,
    nullable: ((nulls[index >> 3] as number) & (1 << (index & 7))) !== 0,
    unsigned: metadata.unsigned[index] ?? null,
    collation: metadata.collations[index] ?? null,
    name: metadata.names?.[index] ?? null,
    members: metadata.members[index] ?? null,
    geometryType: metadata.geometryTypes[index] ?? null,
    visible: metadata.visible?.[index] ?? null,
    dimensions: metadata.dimensions[index] ?? null,
  }));
  const { primaryKey } = metadata;
  return {
    kind: "tableMap",
    header,
    tableId,
    flags,
    schema,
    table,
    mariadb,
    columns,
    primaryKey,
    definition,
  };
}

function readStored(reader: EventReader, type: number): StoredColumn {
  switch (type) {
    case TYPE.float:
    case TYPE.double:
    case TYPE.timestamp2:
    case TYPE.datetime2:
    case TYPE.time2:
    case TYPE.json:
    case TYPE.blob:
    case TYPE.tinyBlob:
    case TYPE.mediumBlob:
    case TYPE.longBlob:
    case TYPE.geometry:
    case TYPE.vector:
    case MARIADB_TYPE.blobCompressed:
      return { type, meta: reader.uint8() };
    case TYPE.varchar:
    case TYPE.varString:
    case MARIADB_TYPE.varcharCompressed:
      return { type, meta: reader.uint16() };
    case TYPE.bit: {
      const bits = reader.uint8();
      return { type, meta: reader.uint8() * 8 + bits };
    }
    case TYPE.newdecimal: {
      const precision = reader.uint8();
      return { type, meta: (precision << 8) | reader.uint8() };
    }
    case TYPE.enum:
    case TYPE.set:
    case TYPE.string:
      return readString(reader);
    case TYPE.tiny:
    case TYPE.short:
    case TYPE.int24:
    case TYPE.long:
    case TYPE.longlong:
    case TYPE.year:
    case TYPE.date:
    case TYPE.newdate:
    case TYPE.time:
    case TYPE.datetime:
    case TYPE.timestamp:
    case TYPE.null:
      return { type, meta: 0 };
    default:
      throw malformed(`a column of the unknown type ${type}`);
  }
}

/** CHAR, ENUM and SET share a type; lengths above 255 hide two bits in the real type's byte. */
function readString(reader: EventReader): StoredColumn {
  const first = reader.uint8();
  const second = reader.uint8();
  if ((first & 0x30) !== 0x30) {
    return { type: first | 0x30, meta: second | (((first & 0x30) ^ 0x30) << 4) };
  }
  if (first !== TYPE.enum && first !== TYPE.set && first !== TYPE.string) {
    throw malformed(`a string column of the unknown type ${first}`);
  }
  return { type: first, meta: second };
}
