import { InvariantError } from "@freshet/util";

/**
 * Positions are LSNs as 16 upper-case hexadecimal digits, so string order is log order. The
 * position of a transaction is where its commit record ends; resuming there repeats nothing.
 */
export function positionOfLsn(lsn: bigint): string {
  return lsn.toString(16).toUpperCase().padStart(16, "0");
}

export function lsnOfPosition(position: string): bigint {
  if (!/^[0-9A-F]{16}$/.test(position)) throw new InvariantError(`not a position: ${position}`);
  return BigInt(`0x${position}`);
}

/** From the server's `X/Y` notation. */
export function positionOfText(text: string): string {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (match === null) throw new InvariantError(`not an LSN: ${text}`);
  return `${match[1]!.padStart(8, "0")}${match[2]!.padStart(8, "0")}`.toUpperCase();
}

/** Into the server's `X/Y` notation. */
export function textOfPosition(position: string): string {
  const lsn = lsnOfPosition(position);
  return `${(lsn >> 32n).toString(16)}/${(lsn & 0xffffffffn).toString(16)}`.toUpperCase();
}

export function comparePositions(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
