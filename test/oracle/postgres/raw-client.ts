import { type Socket, connect } from "node:net";
import type { OracleClient, WireResult, WireStatement } from "../dialect.ts";
import { ScramExchange } from "./authentication.ts";

/** A column as RowDescription tells it. */
type RowColumn = {
  readonly name: string;
  readonly table: number;
  readonly attribute: number;
  readonly type: number;
  readonly size: number;
  readonly modifier: number;
  readonly format: number;
};

/** For COPY FROM STDIN within a simple query. */
type CopyData = string;

interface Exchange {
  readonly results: WireResult[];
  readonly copy: CopyData | null;
  readonly resolve: (results: WireResult[]) => void;
  readonly reject: (error: Error) => void;
}

interface Partial {
  columns: readonly RowColumn[];
  rows: (string | null)[][];
}

/**
 * The Postgres protocol with nothing between the test and the bytes: no type parsing, no
 * rewriting, whole batches under one Sync.
 */
export class RawClient implements OracleClient {
  readonly #socket: Socket;
  readonly #exchanges: Exchange[] = [];
  /** Our names to the server's; forgotten after an error, when only the server knows. */
  readonly #prepared = new Map<string, string>();
  #nextName = 1;
  #pending: Buffer = Buffer.alloc(0);
  #partial: Partial = { columns: [], rows: [] };
  #startup: { resolve: () => void; reject: (error: Error) => void } | null = null;
  #scram: ScramExchange | null = null;
  #failure: Error | null = null;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#receive(bytes));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  static async connect(url: string, settings: Readonly<Record<string, string>> = {}) {
    const { hostname, port, username, password, pathname } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const client = new RawClient(socket);
    client.#scram = new ScramExchange(password);
    const parameters = { user: username, database: pathname.slice(1), ...settings };
    const words = Object.entries(parameters).flatMap(([name, value]) => [name, value]);
    const body = Buffer.concat([int32(196608), ...words.map(cstring), Buffer.from([0])]);
    await new Promise<void>((resolve, reject) => {
      client.#startup = { resolve, reject };
      socket.write(Buffer.concat([int32(body.length + 4), body]));
    });
    return client;
  }

  /** A simple Query; one result per statement in it. `copy` feeds a COPY FROM STDIN. */
  simple(text: string, copy: CopyData | null = null): Promise<WireResult[]> {
    return this.#exchange(message("Q", cstring(text)), copy);
  }

  /** One statement by simple Query; throws what the server reports. */
  async run(text: string, copy: CopyData | null = null): Promise<WireResult> {
    const results = await this.simple(text, copy);
    const failed = results.find(({ error }) => error !== null);
    if (failed?.error) throw new Error(`${failed.error.code} ${failed.error.message} in ${text}`);
    return results[results.length - 1]!;
  }

  /** Statements of the extended protocol, all before one Sync. */
  async batch(statements: readonly WireStatement[]): Promise<WireResult[]> {
    const frames = statements.flatMap((statement) => this.#framesOf(statement));
    const results = await this.#exchange(Buffer.concat([...frames, message("S")]), null);
    if (results.some(({ error }) => error !== null)) this.#prepared.clear();
    return results;
  }

  async execute(statement: WireStatement): Promise<WireResult> {
    const [result] = await this.batch([statement]);
    return result!;
  }

  /** The same before and after. */
  describe(): Promise<null> {
    return Promise.resolve(null);
  }

  async close(): Promise<void> {
    if (this.#socket.destroyed) return;
    this.#socket.removeAllListeners("close");
    const closed = new Promise<void>((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.end(message("X"));
    const timer = setTimeout(() => this.#socket.destroy(), 500);
    await closed;
    clearTimeout(timer);
  }

  #framesOf({ text, params, binary, name = "" }: WireStatement): Buffer[] {
    const formats = int16(binary === true ? 1 : 0);
    const values = params.map((value) => {
      if (value === null) return int32(-1);
      const bytes = Buffer.from(value, "utf8");
      return Buffer.concat([int32(bytes.length), bytes]);
    });
    const bind = [int16(0), int16(params.length), ...values];
    const known = name !== "" && this.#prepared.has(name);
    const serverName = name === "" ? "" : (this.#prepared.get(name) ?? `s${this.#nextName++}`);
    if (name !== "") this.#prepared.set(name, serverName);
    const parse = message("P", cstring(serverName), cstring(text), int16(0));
    return [
      ...(known ? [] : [parse]),
      message("B", cstring(""), cstring(serverName), ...bind, int16(1), formats),
      message("D", Buffer.from("P"), cstring("")),
      message("E", cstring(""), int32(0)),
    ];
  }

  #exchange(bytes: Buffer, copy: CopyData | null): Promise<WireResult[]> {
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#exchanges.push({ results: [], copy, resolve, reject });
      this.#socket.write(bytes);
    });
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#startup?.reject(error);
    for (const exchange of this.#exchanges.splice(0)) exchange.reject(error);
  }

  #receive(bytes: Buffer): void {
    let data = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (data.length >= 5) {
      const end = 1 + data.readInt32BE(1);
      if (data.length < end) break;
      this.#message(String.fromCharCode(data[0]!), data.subarray(5, end));
      data = data.subarray(end);
    }
    this.#pending = data;
  }

  #message(type: string, body: Buffer): void {
    const exchange = this.#exchanges[0];
    switch (type) {
      case "R":
        return this.#authenticate(body);
      case "T":
        this.#partial = { columns: columnsOf(body), rows: [] };
        return;
      case "D":
        this.#partial.rows.push(valuesOf(body));
        return;
      case "C":
        exchange?.results.push({ ...this.#take(), tag: textOf(body), error: null });
        return;
      case "I":
        exchange?.results.push({ ...this.#take(), tag: "", error: null });
        return;
      case "G":
        this.#socket.write(
          Buffer.concat([message("d", Buffer.from(exchange?.copy ?? "")), message("c")]),
        );
        return;
      case "E":
        if (exchange === undefined) return this.#fail(new Error(errorOf(body).message));
        exchange.results.push({ ...this.#take(), tag: "", error: errorOf(body) });
        return;
      case "Z":
        if (this.#startup !== null) {
          this.#startup.resolve();
          this.#startup = null;
        } else {
          const done = this.#exchanges.shift();
          done?.resolve(done.results);
        }
        return;
      default:
        return;
    }
  }

  #take(): Partial {
    const partial = this.#partial;
    this.#partial = { columns: [], rows: [] };
    return partial;
  }

  #authenticate(body: Buffer): void {
    const kind = body.readInt32BE(0);
    const scram = this.#scram!;
    if (kind === 10) {
      const first = Buffer.from(scram.first());
      this.#socket.write(message("p", cstring("SCRAM-SHA-256"), int32(first.length), first));
    } else if (kind === 11) {
      const final = scram.final(body.toString("utf8", 4));
      this.#socket.write(message("p", Buffer.from(final)));
    } else if (kind !== 0 && kind !== 12) {
      this.#fail(new Error(`authentication method ${kind} is not for this client`));
    }
  }
}

function columnsOf(body: Buffer): readonly RowColumn[] {
  let at = 2;
  return Array.from({ length: body.readInt16BE(0) }, (): RowColumn => {
    const end = body.indexOf(0, at);
    const name = body.toString("utf8", at, end);
    at = end + 19;
    return {
      name,
      table: body.readUInt32BE(end + 1),
      attribute: body.readInt16BE(end + 5),
      type: body.readUInt32BE(end + 7),
      size: body.readInt16BE(end + 11),
      modifier: body.readInt32BE(end + 13),
      format: body.readInt16BE(end + 17),
    };
  });
}

function valuesOf(body: Buffer): (string | null)[] {
  let at = 2;
  return Array.from({ length: body.readInt16BE(0) }, () => {
    const length = body.readInt32BE(at);
    at += 4;
    if (length < 0) return null;
    at += length;
    return body.toString("latin1", at - length, at);
  });
}

function errorOf(body: Buffer): { code: string; message: string } {
  const fields = new Map(
    body
      .toString("utf8")
      .split("\0")
      .map((field) => [field[0], field.slice(1)]),
  );
  return { code: fields.get("C") ?? "", message: fields.get("M") ?? "" };
}

function textOf(body: Buffer): string {
  return body.toString("utf8", 0, body.length - 1);
}

function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  return Buffer.concat([Buffer.from(type), int32(length), ...parts]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function cstring(text: string): Buffer {
  return Buffer.from(`${text}\0`, "utf8");
}
