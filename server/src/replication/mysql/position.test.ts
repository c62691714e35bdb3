import { InvariantError } from "@freshet/util";
import { expect, test } from "vitest";
import { comparePositions, parsePosition, positionText } from "./position.ts";

test("a position is a file and an offset, and when the file was made where it is known", () => {
  const position = { file: "mysql-bin.000003", offset: 1234, created: 1_763_815_000 };
  const text = "mysql-bin.000003/00000000000000001234@1763815000";
  expect(positionText(position)).toBe(text);
  expect(parsePosition(text)).toEqual(position);
  expect(positionText({ ...position, created: 0 })).toBe("mysql-bin.000003/00000000000000001234");
  expect(() => parsePosition("16/B374D848")).toThrow(InvariantError);
});

test("positions are in the order of the log, whatever the width of the file's number", () => {
  const at = (file: number, offset: number): string =>
    positionText({ file: `binlog.${String(file).padStart(6, "0")}`, offset, created: 0 });
  expect(comparePositions(at(1, 5), at(1, 40))).toBe(-1);
  expect(comparePositions(at(9, 5), at(10, 4))).toBe(-1);
  expect(comparePositions(at(1_000_000, 4), at(999_999, 500))).toBe(1);
  expect(comparePositions(at(2, 4), `${at(2, 4)}@17`)).toBe(0);
});
