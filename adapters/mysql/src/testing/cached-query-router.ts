import {
  COMMAND,
  parseColumnDefinition,
  parseTextRow,
  prepareCommand,
  queryCommand,
  ReplyTracker,
  TYPE,
  type WireColumn,
} from "@freshet/mysql-wire";
import type { CacheDefinition } from "@freshet/rpc";
import {
  type CacheStatementParse,
  type LexerSettings,
  mysqlLexer,
  parseMysqlCacheStatement,
  type StatementTraits,
} from "@freshet/sql";
import type { CanonicalParam, EncodedRows, SqlType, ValueKind } from "@freshet/types";
import { encodedRows, ExactTextRouter } from "../../../core/src/testing/exact-text-router.ts";
import { DEFAULT_LEXER_SETTINGS } from "../settings.ts";
import { RawClient, type RawReply } from "./raw-client.ts";

const BINARY = 63;

function kindOf({ columnType, charset, flags }: WireColumn): ValueKind {
  switch (columnType) {
    case TYPE.tiny:
    case TYPE.short:
    case TYPE.long:
    case TYPE.int24:
    case TYPE.year:
      return "int";
    case TYPE.longlong:
    case TYPE.bit:
      return "bigint";
    case TYPE.float:
      return "float4";
    case TYPE.double:
      return "float8";
    case TYPE.newdecimal:
      return "decimal";
    case TYPE.date:
      return "civildate";
    case TYPE.datetime:
      return "civildatetime";
    case TYPE.timestamp:
      return "timestamptz";
    case TYPE.time:
      return "time";
    case TYPE.json:
      return "opaque";
    default:
      if ((flags & 0x100) !== 0) return "enum";
      return charset === BINARY ? "bytes" : "text";
  }
}

function typeOf(column: WireColumn): SqlType {
  return {
    kind: kindOf(column),
    upstreamId: column.columnType,
    name: column.columnType === TYPE.bit ? "bit" : String(column.columnType),
    modifier: column.decimals,
    ...((column.flags & 32) !== 0 ? { unsigned: true } : {}),
  };
}

/** The `ExactTextRouter` of MySQL and MariaDB. */
export class CachedQueryRouter extends ExactTextRouter {
  readonly #url: string;
  #client: RawClient | null = null;

  constructor(url: string) {
    super();
    this.#url = url;
  }

  async connect(): Promise<void> {
    this.#client = await RawClient.connect(this.#url);
    await this.#run("SET time_zone = '+00:00'");
  }

  close(): Promise<void> {
    this.#client?.close();
    return Promise.resolve();
  }

  #run(text: string): Promise<RawReply> {
    const client = this.#client as RawClient;
    return client.run(queryCommand(text, client.capabilities));
  }

  /** `parameters`: types of the `?`s as they are compared. */
  async cache(
    text: string,
    parameters: readonly SqlType[] = [],
    inTransaction: CacheDefinition["inTransaction"] = "until-write",
  ): Promise<void> {
    const client = this.#client as RawClient;
    const reply = await client.run(prepareCommand(text));
    const columns = columnsOf(reply, COMMAND.stmtPrepare, client.capabilities).map((column) => ({
      name: Buffer.from(column.name, "latin1").toString("utf8"),
      type: typeOf(column),
      wire: {
        schema: column.schema,
        table: column.table,
        originalTable: column.originalTable,
        originalName: column.originalName,
        charset: column.charset,
        length: column.length,
        columnType: column.columnType,
        flags: column.flags,
        decimals: column.decimals,
      },
    }));
    this.add({ text, parameters, columns, inTransaction });
  }

  protected override traits(text: string, settings = DEFAULT_LEXER_SETTINGS): StatementTraits {
    return mysqlLexer.traits(text, settings);
  }

  protected override parse(text: string, settings: LexerSettings): CacheStatementParse {
    return parseMysqlCacheStatement(text, settings);
  }

  protected override async read(
    { query, columns }: CacheDefinition,
    params: readonly CanonicalParam[],
  ): Promise<EncodedRows> {
    const { capabilities } = this.#client as RawClient;
    let at = 0;
    const reply = await this.#run(query.replace(/\?/g, () => literal(params[at++] ?? null)));
    const rows = rowsOf(reply, capabilities, columns.length);
    return encodedRows(
      rows.map((row) => row.map((value, index) => canonical(value, columns[index]?.type))),
    );
  }
}

function literal(value: CanonicalParam): string {
  if (value === null) return "NULL";
  const text = String(value);
  return /^-?\d+(\.\d+)?$/.test(text) ? text : `'${text.replace(/'/g, "''")}'`;
}

/** Text of the protocol (byte string) to canonical bytes. */
function canonical(value: string | null, type: SqlType | undefined): Buffer | null {
  if (value === null) return null;
  const bytes = Buffer.from(value, "latin1");
  if (type?.kind === "bytes") return Buffer.from(`\\x${bytes.toString("hex")}`);
  if (type?.name === "bit") return Buffer.from(String(BigInt(`0x${bytes.toString("hex")}`)));
  if (type?.kind === "int" || type?.kind === "bigint") return Buffer.from(String(BigInt(value)));
  return bytes;
}

export function columnsOf(reply: RawReply, command: number, capabilities: number): WireColumn[] {
  const tracker = new ReplyTracker(capabilities);
  tracker.begin(command);
  return reply.packets.flatMap((one) =>
    tracker.packet(one, 4, one.length - 4) === "column"
      ? [parseColumnDefinition(one, 4, one.length)]
      : [],
  );
}

export function rowsOf(
  reply: RawReply,
  capabilities: number,
  columns: number,
): (string | null)[][] {
  const tracker = new ReplyTracker(capabilities);
  tracker.begin(COMMAND.query);
  return reply.packets.flatMap((one) =>
    tracker.packet(one, 4, one.length - 4) === "row"
      ? [parseTextRow(one, 4, one.length, columns)]
      : [],
  );
}
