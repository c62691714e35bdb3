import { byteString } from "@freshet/util";
import { CLIENT } from "../capabilities.ts";
import { COMMAND } from "../command-codes.ts";
import { payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";
import { malformedPacket } from "../protocol-violation.ts";
import { readParamTypes, readParamValues } from "./bound-params.ts";
import type { BoundParam } from "./bound-params.ts";

export interface QueryCommand {
  /** Byte string, as sent. */
  readonly text: string;
  /** Offset of the text in the buffer; it reaches to the payload's end. */
  readonly textAt: number;
  readonly attributes: readonly BoundParam[];
}

const NO_ATTRIBUTES: readonly BoundParam[] = [];

/** COM_QUERY. `capabilities` are the client's: they tell whether attributes precede the text. */
export function parseQuery(
  buffer: Buffer,
  start: number,
  end: number,
  capabilities: number,
): QueryCommand {
  if ((capabilities & CLIENT.queryAttributes) === 0) {
    return {
      text: byteString(buffer, start + 1, end),
      textAt: start + 1,
      attributes: NO_ATTRIBUTES,
    };
  }
  const reader = new PayloadReader(buffer, start + 1, end);
  const count = reader.lenencInt();
  // The number of parameter sets is always one.
  if (reader.lenencInt() !== 1) throw malformedPacket();
  let attributes = NO_ATTRIBUTES;
  if (count !== 0) {
    if (typeof count === "bigint" || count > 0xffff) throw malformedPacket();
    const bitmapAt = reader.skip((count + 7) >> 3);
    if (reader.uint8() !== 1) throw malformedPacket();
    const bound = readParamTypes(reader, count, true);
    const values = readParamValues(reader, bitmapAt, count, bound, () => false);
    // Where the text begins is not known without reading all values.
    if (values === null) throw malformedPacket();
    attributes = values;
  }
  const textAt = reader.at;
  return { text: byteString(buffer, textAt, end), textAt, attributes };
}

/** `text` is a byte string; without attributes. */
export function queryCommand(text: string, capabilities: number): Buffer {
  return payload((out) => {
    out.uint8(COMMAND.query);
    if ((capabilities & CLIENT.queryAttributes) !== 0) {
      out.lenencInt(0);
      out.lenencInt(1);
    }
    out.byteText(text);
  });
}
