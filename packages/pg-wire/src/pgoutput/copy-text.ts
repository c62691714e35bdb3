/**
 * COPY's text format (Postgres manual, COPY, "Text Format"): fields divided by tabs, rows by
 * newlines, `\N` is NULL, backslash escapes for the rest.
 */

/** The fields of one row, without its newline. */
export function parseCopyRow(line: string): (string | null)[] {
  const fields: (string | null)[] = line.split("\t");
  if (!line.includes("\\")) return fields;
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index] as string;
    if (field === "\\N") fields[index] = null;
    else if (field.includes("\\")) fields[index] = unescapeCopyField(field);
  }
  return fields;
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** What the server writes: one letter, or the character itself, after each backslash. */
function unescapeCopyField(field: string): string {
  return field.replace(/\\([\s\S])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
}
