import { normaliseDecimal } from "./decimal.ts";
import { intervalTotal } from "./interval.ts";
import { typeCollator } from "./collation/type-collator.ts";
import { trimPadding } from "./compare.ts";
import type { Decimal, Interval, Row, SqlType, Value, ValueKind } from "./value.ts";

/**
 * A string that is equal for two rows if and only if no column of theirs IS DISTINCT FROM the
 * other's: the Map key of GROUP BY, DISTINCT and joins. Only for types that `isHashable`
 * accepts (an opaque value keys by its text). Keys are comparable between rows of the same types,
 * where int, bigint and decimal count as one type.
 *
 * Form: NULL is the single U+0001, which texts escape by doubling when it is their first
 * character; of several columns, texts carry their length and the others end in a comma.
 */
export function groupKey(types: readonly SqlType[], row: Row): string {
  if (types.length === 1) return keyPart(types[0]!, row[0]!);
  let key = "";
  for (let index = 0; index < types.length; index += 1) {
    const type = types[index]!;
    const part = keyPart(type, row[index]!);
    key += isTextual(type.kind) ? `${part.length}:${part}` : `${part},`;
  }
  return key;
}

function isTextual(kind: ValueKind): boolean {
  return kind === "text" || kind === "bpchar" || kind === "enum" || kind === "opaque";
}

const NULL_PART = "\u0001";

function keyPart(type: SqlType, value: Value): string {
  if (value === null) return NULL_PART;
  switch (type.kind) {
    case "int":
    case "date":
    case "civildate":
    case "time":
      return `${value as number}`;
    case "text": {
      const collator = typeCollator(type);
      return textPart(collator === null ? (value as string) : collator.sortKey(value as string));
    }
    case "enum":
    case "opaque":
      return textPart(value as string);
    case "bpchar":
      return textPart(trimPadding(value as string));
    case "uuid":
    case "bytes":
      return value as string;
    case "bigint":
    case "timestamp":
    case "timestamptz":
    case "civildatetime":
      return (value as bigint).toString();
    case "bool":
      return value === true ? "t" : "f";
    case "float4":
    case "float8":
      // Number's shortest text is injective; both zeros print "0".
      return `${value as number}`;
    case "decimal":
      return decimalPart(value as Decimal);
    case "interval":
      return intervalTotal(value as Interval).toString();
  }
}

function textPart(text: string): string {
  return text.charCodeAt(0) === 1 ? NULL_PART + text : text;
}

function decimalPart(value: Decimal): string {
  if (value.special !== undefined) return value.special;
  if (value.scale === 0) return value.unscaled.toString();
  const { unscaled, scale } = normaliseDecimal(value);
  return scale === 0 ? unscaled.toString() : `${unscaled}e${scale}`;
}
