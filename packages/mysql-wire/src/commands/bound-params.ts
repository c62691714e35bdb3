import { TYPE, UNSIGNED_PARAMETER } from "../column-types.ts";
import type { PayloadReader } from "../payload-reader.ts";
import { malformedPacket } from "../protocol-violation.ts";
import { readBinaryValue } from "./binary-value.ts";
import type { BinaryValue } from "./binary-value.ts";

/** One parameter of COM_STMT_EXECUTE, or a query attribute. */
export interface BoundParam {
  /** `TYPE`. */
  readonly typeId: number;
  readonly unsigned: boolean;
  /** Byte string; "" when it has none. */
  readonly name: string;
  /** Null is NULL, and what stands here for a parameter sent as long data. */
  readonly value: BinaryValue;
  /** Its value came by COM_STMT_SEND_LONG_DATA. */
  readonly longData: boolean;
}

/** Types and names as bound; two bytes each of type and flags. */
export interface ParamTypes {
  readonly types: readonly number[];
  readonly names: readonly string[];
}

/** Types a server reads from a client; what others look like only the server knows. */
const READABLE: ReadonlySet<number> = new Set([
  TYPE.decimal,
  TYPE.tiny,
  TYPE.short,
  TYPE.long,
  TYPE.float,
  TYPE.double,
  TYPE.null,
  TYPE.timestamp,
  TYPE.longlong,
  TYPE.date,
  TYPE.time,
  TYPE.datetime,
  TYPE.varchar,
  TYPE.bit,
  TYPE.json,
  TYPE.newdecimal,
  TYPE.enum,
  TYPE.set,
  TYPE.tinyBlob,
  TYPE.mediumBlob,
  TYPE.longBlob,
  TYPE.blob,
  TYPE.varString,
  TYPE.string,
  TYPE.geometry,
]);

export function readParamTypes(
  reader: PayloadReader,
  count: number,
  withNames: boolean,
): ParamTypes {
  const types: number[] = [];
  const names: string[] = [];
  for (let index = 0; index < count; index += 1) {
    types.push(reader.uint16());
    if (withNames) names.push(reader.lenencString());
  }
  return { types, names };
}

/** The values after the types; null when a type is not known to be readable. */
export function readParamValues(
  reader: PayloadReader,
  bitmapAt: number,
  count: number,
  bound: ParamTypes,
  isLongData: (index: number) => boolean,
): BoundParam[] | null {
  const params: BoundParam[] = [];
  for (let index = 0; index < count; index += 1) {
    const type = bound.types[index];
    if (type === undefined) throw malformedPacket();
    const typeId = type & 0xff;
    const unsigned = ((type >>> 8) & UNSIGNED_PARAMETER) !== 0;
    const longData = isLongData(index);
    const isNull = (reader.buffer[bitmapAt + (index >> 3)]! & (1 << (index & 7))) !== 0;
    if (!READABLE.has(typeId)) return null;
    const value = isNull || longData ? null : readBinaryValue(reader, typeId, unsigned);
    params.push({ typeId, unsigned, name: bound.names[index] ?? "", value, longData });
  }
  return params;
}
