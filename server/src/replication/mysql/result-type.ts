import { COLUMN_FLAG, TYPE, collationOf, type WireColumn } from "@freshet/mysql-wire";
import { type SqlType, type ValueKind, mysqlCollation } from "@freshet/types";

const BINARY = 63;
/** "As many digits as it takes" in `decimals` of floating point. */
const NOT_FIXED = 31;

const NAMES: Readonly<Record<number, readonly [ValueKind, string]>> = {
  [TYPE.tiny]: ["int", "tinyint"],
  [TYPE.short]: ["int", "smallint"],
  [TYPE.int24]: ["int", "mediumint"],
  [TYPE.long]: ["int", "int"],
  [TYPE.longlong]: ["bigint", "bigint"],
  [TYPE.year]: ["int", "year"],
  [TYPE.bit]: ["bigint", "bit"],
  [TYPE.float]: ["float4", "float"],
  [TYPE.double]: ["float8", "double"],
  [TYPE.newdecimal]: ["decimal", "decimal"],
  [TYPE.date]: ["civildate", "date"],
  [TYPE.datetime]: ["civildatetime", "datetime"],
  [TYPE.timestamp]: ["timestamptz", "timestamp"],
  [TYPE.time]: ["time", "time"],
  [TYPE.json]: ["opaque", "json"],
};

/** The type of a result's column, as far as its metadata tell (labels of an ENUM they do not). */
export function resultTypeOf(column: WireColumn): SqlType {
  const { columnType, flags, decimals, length } = column;
  const unsigned = (flags & COLUMN_FLAG.unsigned) !== 0 ? { unsigned: true } : {};
  const known = NAMES[columnType];
  if (known !== undefined) {
    const [kind, name] = known;
    return { kind, name, upstreamId: columnType, modifier: modifierOf(column), ...unsigned };
  }
  const collation = mysqlCollation(collationOf(column.charset)?.name ?? "");
  if ((flags & COLUMN_FLAG.enum) !== 0) {
    return { kind: "enum", name: "enum", upstreamId: TYPE.enum, modifier: -1, collation };
  }
  if ((flags & COLUMN_FLAG.set) !== 0) {
    return { kind: "opaque", name: "set", upstreamId: TYPE.set, modifier: -1, collation };
  }
  const isBinary = column.charset === BINARY;
  switch (columnType) {
    case TYPE.string:
    case TYPE.varString:
    case TYPE.varchar:
    case TYPE.blob:
    case TYPE.tinyBlob:
    case TYPE.mediumBlob:
    case TYPE.longBlob: {
      const name =
        columnType === TYPE.string
          ? ["char", "binary"]
          : columnType === TYPE.varString || columnType === TYPE.varchar
            ? ["varchar", "varbinary"]
            : ["text", "blob"];
      // Results are in utf8mb4: four bytes for each character.
      const modifier = isBinary ? length : Math.floor(length / 4);
      return isBinary
        ? { kind: "bytes", name: name[1]!, upstreamId: columnType, modifier }
        : { kind: "text", name: name[0]!, upstreamId: columnType, modifier, collation };
    }
    default:
      return {
        kind: "opaque",
        name: `type ${columnType}`,
        upstreamId: columnType,
        modifier: decimals,
      };
  }
}

function modifierOf({ columnType, flags, decimals, length }: WireColumn): number {
  switch (columnType) {
    case TYPE.newdecimal: {
      const sign = (flags & COLUMN_FLAG.unsigned) !== 0 ? 0 : 1;
      return ((length - sign - (decimals > 0 ? 1 : 0)) << 8) | decimals;
    }
    case TYPE.float:
    case TYPE.double:
      return decimals === NOT_FIXED ? -1 : (length << 8) | decimals;
    case TYPE.datetime:
    case TYPE.timestamp:
    case TYPE.time:
      return decimals;
    case TYPE.bit:
      return length;
    case TYPE.year:
      return 4;
    default:
      return (flags & COLUMN_FLAG.zerofill) !== 0 ? length : -1;
  }
}
