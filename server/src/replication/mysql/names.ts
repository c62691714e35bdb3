/** An identifier as both servers read it in any sql_mode. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll("`", "``")}\``;
}

export function qualified(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}

/** A string literal; sessions of ours have backslash escapes switched off. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
