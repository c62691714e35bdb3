import { describe, expect, it } from "vitest";
import { SnapshotMark } from "./snapshot-mark.ts";

describe("SnapshotMark", () => {
  it("includes what had ended before the snapshot", () => {
    const mark = new SnapshotMark("10:20:10,15");
    const included = [3, 9, 11, 14, 16, 19];
    const later = [10, 15, 20, 21, 1_000_000];
    expect(included.every((xid) => mark.includes(xid))).toBe(true);
    expect(later.some((xid) => mark.includes(xid))).toBe(false);
  });

  it("extends 32-bit ids across the wrap-around", () => {
    const epoch = 1n << 32n;
    const mark = new SnapshotMark(`${epoch - 5n}:${epoch + 5n}:${epoch - 3n},${epoch + 3n}`);
    expect(mark.includes(0xffff_fffa)).toBe(true);
    expect(mark.includes(0xffff_fffd)).toBe(false);
    expect(mark.includes(0xffff_fffe)).toBe(true);
    expect(mark.includes(3)).toBe(false);
    expect(mark.includes(4)).toBe(true);
    expect(mark.includes(5)).toBe(false);
  });

  it("knows a snapshot without transactions in progress", () => {
    const mark = new SnapshotMark("20:20:");
    expect(mark.includes(19)).toBe(true);
    expect(mark.includes(20)).toBe(false);
  });
});
