const IDENTIFIER_BYTES_LIMIT = 63;

/** Everything that we create upstream bears the deployment's name, so deployments never meet. */
export interface SetupNames {
  /** The slot, the publication and the schema of the event triggers' table share one name. */
  readonly slot: string;
  readonly publication: string;
  readonly schema: string;
  readonly eventTable: string;
  readonly triggers: {
    readonly commandEnd: string;
    readonly drop: string;
    readonly rewrite: string;
  };
}

export function setupNames(deployment: string): SetupNames {
  const tail = deployment.toLowerCase().replace(/[^a-z0-9_]/g, "_");
  const name = `freshet_${tail}`.slice(0, IDENTIFIER_BYTES_LIMIT);
  const short = name.slice(0, IDENTIFIER_BYTES_LIMIT - 8);
  return {
    slot: name,
    publication: name,
    schema: name,
    eventTable: "ddl_event",
    triggers: {
      commandEnd: `${short}_ddl`,
      drop: `${short}_drop`,
      rewrite: `${short}_rewrite`,
    },
  };
}

export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

export function qualified(table: { readonly schema: string; readonly name: string }): string {
  return `${quoteName(table.schema)}.${quoteName(table.name)}`;
}
