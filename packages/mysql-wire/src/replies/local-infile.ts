import { payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";

export const LOCAL_INFILE_HEADER = 0xfb;

/** Asks the client for a file; the name is a byte string. */
export function localInfile(fileName: string): Buffer {
  return payload((out) => {
    out.uint8(LOCAL_INFILE_HEADER);
    out.byteText(fileName);
  });
}

export function parseLocalInfile(buffer: Buffer, start: number, end: number): string {
  return new PayloadReader(buffer, start + 1, end).rest();
}
