import type { ColumnType } from "../dialect.ts";

/** A value as an SQL literal that no setting changes. */
export function quote(value: string): string {
  const quoted = `'${value.replaceAll("'", "''")}'`;
  return value.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

export function literal(value: string | null, type: ColumnType): string {
  if (value === null) return "NULL";
  return type.literal === "bare" ? value : quote(value);
}
