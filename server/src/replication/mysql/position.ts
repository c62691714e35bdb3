import { InvariantError } from "@freshet/util";

/** A place in the binary log: always the end of a transaction (or of an event outside of one). */
export interface LogPosition {
  readonly file: string;
  readonly offset: number;
  /**
   * When the file was created, seconds since 1970, as its first event says: after RESET the same
   * file names begin again. 0 where it is not known; it plays no part in the order.
   */
  readonly created: number;
}

const FORM = /^(.+)\/(\d{20})(?:@(\d+))?$/;

/** `binlog.000003/00000000000000001234@1763815000`; resuming there repeats nothing. */
export function positionText({ file, offset, created }: LogPosition): string {
  const place = `${file}/${String(offset).padStart(20, "0")}`;
  return created === 0 ? place : `${place}@${created}`;
}

export function parsePosition(text: string): LogPosition {
  const match = FORM.exec(text);
  if (match === null) throw new InvariantError(`not a position: ${text}`);
  return { file: match[1]!, offset: Number(match[2]), created: Number(match[3] ?? 0) };
}

/** `binlog.000003` is file 3; numbers grow beyond six digits. */
export function fileNumber(file: string): number {
  const match = /\.(\d+)$/.exec(file);
  if (match === null) throw new InvariantError(`not the name of a binary log: ${file}`);
  return Number(match[1]);
}

export function compareLogPositions(left: LogPosition, right: LogPosition): number {
  if (left.file !== right.file) {
    const difference = fileNumber(left.file) - fileNumber(right.file);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return left.offset < right.offset ? -1 : left.offset > right.offset ? 1 : 0;
}

export function comparePositions(left: string, right: string): number {
  return compareLogPositions(parsePosition(left), parsePosition(right));
}
