export { MYSQL_TYPE as TYPE } from "@freshet/types";

/** Flags of a column definition. */
export const COLUMN_FLAG = {
  notNull: 1,
  primaryKey: 1 << 1,
  uniqueKey: 1 << 2,
  multipleKey: 1 << 3,
  blob: 1 << 4,
  unsigned: 1 << 5,
  zerofill: 1 << 6,
  binary: 1 << 7,
  enum: 1 << 8,
  autoIncrement: 1 << 9,
  timestamp: 1 << 10,
  set: 1 << 11,
  noDefaultValue: 1 << 12,
  onUpdateNow: 1 << 13,
  partKey: 1 << 14,
  num: 1 << 15,
} as const;

/** Bit of a parameter's second type byte. */
export const UNSIGNED_PARAMETER = 0x80;
