import { type Socket, connect } from "node:net";
import type {
  OracleClient,
  SessionSettings,
  WireColumn,
  WireResult,
  WireStatement,
} from "../dialect.ts";
import { authResponse, encryptedPassword } from "./authentication.ts";
import { binaryValue, boundValue } from "./binary-values.ts";
import { Cursor, lengthEncoded, Packets, uint } from "./packets.ts";

const CAPABILITY = {
  longPassword: 1,
  longFlag: 1 << 2,
  connectWithDb: 1 << 3,
  localFiles: 1 << 7,
  protocol41: 1 << 9,
  transactions: 1 << 13,
  secureConnection: 1 << 15,
  multiStatements: 1 << 16,
  multiResults: 1 << 17,
  psMultiResults: 1 << 18,
  pluginAuth: 1 << 19,
  deprecateEof: 1 << 24,
} as const;
const ALWAYS =
  Object.values(CAPABILITY).reduce((all, flag) => all | flag, 0) & ~CAPABILITY.deprecateEof;

const COMMAND = { quit: 1, query: 3, prepare: 0x16, execute: 0x17, close: 0x19 } as const;
const STATUS = { moreResults: 8, shown: 1 | 2 } as const;
const UNSIGNED_FLAG = 0x20;
/** Left out: one statement has it or not, as the plan's constant tables and joins fall. */
const NOT_NULL_FLAG = 1;
/** Keys, no default, GROUP: how the plan came by the column. */
const PLAN_FLAGS = 2 | 4 | 8 | 4096 | 16384 | 32768;
/** Decimals "not fixed" (31, MariaDB 39) of a computed column become 0 in a temporary table. */
const NOT_FIXED = [31, 39];
const LONG = 3;
const LONGLONG = 8;
/** utf8mb4_general_ci, which both kinds of server have. */
const CHARSET = 45;

/** A setting that is no variable: asks for replies without EOF packets. */
export const DEPRECATE_EOF = "deprecate eof";

interface Prepared {
  readonly id: number;
  readonly params: number;
  readonly columns: readonly WireColumn[];
}

/** The failure of a command, as the server told it. */
class ServerError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** The MySQL protocol with nothing between the test and the bytes: values as they were sent. */
export class RawClient implements OracleClient {
  readonly #socket: Socket;
  readonly #packets: Packets;
  readonly #prepared = new Map<string, Prepared>();
  #capabilities = 0;
  /** Commands wait for each other. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#packets = new Packets(socket);
  }

  /** `settings` are session variables, with their values as SQL. */
  static async connect(url: string, settings: SessionSettings = {}): Promise<RawClient> {
    const { hostname, port, username, password, pathname } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const client = new RawClient(socket);
    const { [DEPRECATE_EOF]: deprecateEof, ...variables } = settings;
    client.#capabilities = ALWAYS | (deprecateEof === undefined ? 0 : CAPABILITY.deprecateEof);
    await client.#login(username, decodeURIComponent(password), pathname.slice(1));
    for (const [name, value] of Object.entries(variables)) {
      await client.run(`SET SESSION ${name} = ${value}`);
    }
    return client;
  }

  /** A text; one result per statement in it. `copy` is the file that it asks for. */
  simple(text: string, copy: string | null = null): Promise<WireResult[]> {
    return this.#inTurn(async () => {
      this.#packets.command(Buffer.concat([uint(COMMAND.query, 1), Buffer.from(text, "utf8")]));
      return this.#results(copy);
    });
  }

  /** One statement by its text; throws what the server reports. */
  async run(text: string, copy: string | null = null): Promise<WireResult> {
    const results = await this.simple(text, copy);
    const failed = results.find(({ error }) => error !== null);
    if (failed?.error) throw new Error(`${failed.error.code} ${failed.error.message} in ${text}`);
    return results.at(-1)!;
  }

  /** As a prepared statement; what was prepared without a name is closed again. */
  execute(statement: WireStatement): Promise<WireResult> {
    return this.#inTurn(() => this.#executed(statement));
  }

  /** As it is when the statement is prepared: temporary tables of a plan change it later. */
  describe(text: string): Promise<readonly WireColumn[] | null> {
    return this.#inTurn(async () => {
      try {
        const { id, columns } = await this.#prepare(text);
        this.#closeStatement(id);
        return columns.map(comparable);
      } catch (error) {
        failure(error);
        return null;
      }
    });
  }

  async batch(statements: readonly WireStatement[]): Promise<WireResult[]> {
    const results: WireResult[] = [];
    for (const statement of statements) results.push(await this.execute(statement));
    return results;
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    this.#packets.command(uint(COMMAND.quit, 1));
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), 500);
    await closed;
    clearTimeout(timer);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #login(user: string, password: string, database: string): Promise<void> {
    const packets = this.#packets;
    const greeting = new Cursor(await this.#next());
    greeting.uint(1);
    greeting.zeroEnded();
    greeting.uint(4);
    const first = greeting.bytes(8);
    greeting.bytes(1 + 2 + 1 + 2 + 2 + 1 + 10);
    let scramble = Buffer.concat([first, greeting.bytes(12)]);
    greeting.bytes(1);
    let plugin = greeting.zeroEnded();
    const answer = authResponse(plugin, password, scramble);
    packets.send(
      Buffer.concat([
        ...[uint(this.#capabilities >>> 0, 4), uint(0x1000000, 4), uint(CHARSET, 1)],
        ...[Buffer.alloc(23), Buffer.from(`${user}\0`), lengthEncoded(answer)],
        ...[Buffer.from(`${database}\0`), Buffer.from(`${plugin}\0`)],
      ]),
    );
    for (;;) {
      const packet = await this.#next();
      const cursor = new Cursor(packet, 1);
      if (packet[0] === 0) return;
      if (packet[0] === 0xfe) {
        plugin = cursor.zeroEnded();
        scramble = Buffer.from(cursor.bytes(20));
        packets.send(authResponse(plugin, password, scramble));
      } else if (packet[0] === 1 && packet[1] === 4) {
        packets.send(Buffer.from([2]));
      } else if (packet[0] === 1 && packet[1] !== 3) {
        packets.send(encryptedPassword(password, scramble, packet.toString("latin1", 1)));
      }
    }
  }

  /** A packet; throws a `ServerError` when it is one. */
  async #next(): Promise<Buffer> {
    const packet = await this.#packets.next();
    if (packet[0] === 0xff) {
      const state = packet[3] === 0x23 ? 9 : 3;
      throw new ServerError(String(packet.readUInt16LE(1)), packet.toString("utf8", state));
    }
    return packet;
  }

  async #results(copy: string | null): Promise<WireResult[]> {
    const results: WireResult[] = [];
    for (;;) {
      try {
        const { result, more } = await this.#result(copy, null);
        results.push(result);
        if (!more) return results;
      } catch (error) {
        results.push(failure(error));
        return results;
      }
    }
  }

  async #executed(statement: WireStatement): Promise<WireResult> {
    const { text, params, types, name } = statement;
    try {
      const known = name === undefined ? undefined : this.#prepared.get(name);
      const prepared = known ?? (await this.#prepare(text));
      if (name !== undefined) this.#prepared.set(name, prepared);
      if (prepared.params !== params.length) throw new Error(`${prepared.params} parameters`);
      this.#packets.command(executeCommand(prepared.id, params, types));
      const result = await this.#executionResult(prepared);
      if (name !== undefined) return result;
      this.#closeStatement(prepared.id);
      // What a statement was told when it was prepared must be right too.
      return { ...result, columns: [...result.columns, ...prepared.columns.map(comparable)] };
    } catch (error) {
      return failure(error);
    }
  }

  #closeStatement(id: number): void {
    this.#packets.command(Buffer.concat([uint(COMMAND.close, 1), uint(id, 4)]));
  }

  async #executionResult(prepared: Prepared): Promise<WireResult> {
    const { result, more } = await this.#result(null, prepared);
    if (more) throw new Error("a prepared statement has several results");
    return result;
  }

  async #prepare(text: string): Promise<Prepared> {
    this.#packets.command(Buffer.concat([uint(COMMAND.prepare, 1), Buffer.from(text, "utf8")]));
    const head = new Cursor(await this.#next(), 1);
    const id = head.uint(4);
    const columns = head.uint(2);
    const params = head.uint(2);
    await this.#definitions(params);
    return { id, params, columns: await this.#definitions(columns) };
  }

  async #definitions(count: number): Promise<readonly WireColumn[]> {
    const columns: WireColumn[] = [];
    for (let index = 0; index < count; index += 1) columns.push(columnOf(await this.#next()));
    const ended = (this.#capabilities & CAPABILITY.deprecateEof) === 0;
    if (count > 0 && ended) await this.#next();
    return columns;
  }

  async #result(
    copy: string | null,
    prepared: Prepared | null,
  ): Promise<{ result: WireResult; more: boolean }> {
    let head = await this.#next();
    if (head[0] === 0xfb) {
      this.#packets.send(Buffer.from(copy ?? "", "utf8"));
      if (copy !== null && copy !== "") this.#packets.send(Buffer.alloc(0));
      head = await this.#next();
    }
    if (head[0] === 0) {
      const { tag, more } = okOf(head);
      return { result: { columns: [], rows: [], tag, error: null }, more };
    }
    const columns = await this.#definitions(new Cursor(head).length() ?? 0);
    const rows: (string | null)[][] = [];
    for (;;) {
      const packet = await this.#next();
      if (packet[0] === 0xfe && packet.length < 0xffffff && !isRow(packet, prepared, columns)) {
        const deprecated = (this.#capabilities & CAPABILITY.deprecateEof) !== 0;
        const { tag, more } = deprecated ? okOf(packet) : eofOf(packet);
        return { result: { columns: columns.map(comparable), rows, tag, error: null }, more };
      }
      rows.push(prepared === null ? textRow(packet, columns.length) : binaryRow(packet, columns));
    }
  }
}

/** A text row may begin with 0xfe only when its first value has 16 MB. */
function isRow(packet: Buffer, prepared: Prepared | null, columns: readonly WireColumn[]): boolean {
  return prepared === null && packet.length > 9 + columns.length + 0xffff;
}

function failure(error: unknown): WireResult {
  if (!(error instanceof ServerError)) throw error;
  const { code, message } = error;
  return { columns: [], rows: [], tag: "", error: { code, message } };
}

function okOf(packet: Buffer): { tag: string; more: boolean } {
  const cursor = new Cursor(packet, 1);
  const affected = cursor.length();
  const inserted = cursor.length();
  const status = cursor.uint(2);
  const warnings = cursor.uint(2);
  const tag = `affected ${affected}, inserted ${inserted}, ${shown(status, warnings)}`;
  return { tag, more: (status & STATUS.moreResults) !== 0 };
}

function eofOf(packet: Buffer): { tag: string; more: boolean } {
  const status = packet.readUInt16LE(3);
  const tag = shown(status, packet.readUInt16LE(1));
  return { tag, more: (status & STATUS.moreResults) !== 0 };
}

/** Which index was used is not ours to tell; transaction and autocommit are. */
function shown(status: number, warnings: number): string {
  return `status ${status & STATUS.shown}, ${warnings} warnings`;
}

function textRow(packet: Buffer, count: number): (string | null)[] {
  const cursor = new Cursor(packet);
  return Array.from({ length: count }, () => cursor.text());
}

function binaryRow(packet: Buffer, columns: readonly WireColumn[]): (string | null)[] {
  const cursor = new Cursor(packet, 1);
  const nulls = cursor.bytes((columns.length + 9) >> 3);
  return columns.map(({ type, flags }, index) => {
    const bit = index + 2;
    if (((nulls[bit >> 3]! >> (bit & 7)) & 1) === 1) return null;
    return binaryValue(cursor, Number(type), (Number(flags) & UNSIGNED_FLAG) !== 0);
  });
}

/** Protocol::ColumnDefinition41. */
function columnOf(packet: Buffer): WireColumn {
  const cursor = new Cursor(packet);
  const text = (): string => cursor.text() ?? "";
  const [catalog, , table, originalTable] = [text(), text(), text(), text()];
  const name = text();
  text();
  cursor.length();
  return {
    ...{ catalog, table, name, computed: originalTable === "" ? 1 : 0 },
    ...{ charset: cursor.uint(2), length: cursor.uint(4), type: cursor.uint(1) },
    ...{ flags: cursor.uint(2), decimals: cursor.uint(1) },
  };
}

/**
 * Without what the plan decides: the same statement has other flags, decimals, widths and original
 * names for another parameter or with other statistics (a temporary table, a constant one, a
 * derived table merged or not). Plain statements' definitions are compared whole by the adapter's
 * own tests.
 */
function comparable({ computed, ...column }: WireColumn): WireColumn {
  const [flags, decimals] = [Number(column["flags"]), Number(column["decimals"])];
  const kept = { ...column, decimals: NOT_FIXED.includes(decimals) ? 0 : decimals };
  if (computed === 0) return { ...kept, flags: flags & ~(NOT_NULL_FLAG | PLAN_FLAGS) };
  const type = column["type"] === LONG ? LONGLONG : (column["type"] ?? 0);
  return { ...kept, length: 0, type, flags: flags & UNSIGNED_FLAG };
}

function executeCommand(
  id: number,
  params: readonly (string | null)[],
  types: readonly string[] | undefined,
): Buffer {
  const head = [uint(COMMAND.execute, 1), uint(id, 4), uint(0, 1), uint(1, 4)];
  if (params.length === 0) return Buffer.concat(head);
  const values = params.map((value, index) => boundValue(value, types?.[index]));
  const nulls = Buffer.alloc((params.length + 7) >> 3);
  values.forEach(({ bytes }, index) => {
    if (bytes === null) nulls[index >> 3]! |= 1 << (index & 7);
  });
  const declared = values.map(({ type, unsigned }) => Buffer.from([type, unsigned ? 0x80 : 0]));
  const sent = values.flatMap(({ bytes }) => (bytes === null ? [] : [bytes]));
  return Buffer.concat([...head, nulls, uint(1, 1), ...declared, ...sent]);
}
