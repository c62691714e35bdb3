interface Latin1Sliceable {
  latin1Slice(start: number, end: number): string;
}

/**
 * The bytes of a range as a byte string (char codes = bytes). Same as `toString("latin1")`
 * without its argument handling, which shows on the hot path.
 */
export function byteString(buffer: Buffer, start: number, end: number): string {
  return (buffer as unknown as Latin1Sliceable).latin1Slice(start, end);
}
