import type { Socket } from "node:net";

const LARGEST = 0xffffff;

/** Packets of one connection as they come, one command at a time. */
export class Packets {
  readonly #socket: Socket;
  readonly #arrived: Buffer[] = [];
  #pending: Buffer = Buffer.alloc(0);
  #waiting: { resolve: (packet: Buffer) => void; reject: (error: Error) => void } | null = null;
  #failure: Error | null = null;
  #sequence = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (bytes) => this.#receive(bytes));
    socket.on("error", (error) => this.#fail(error));
    socket.on("close", () => this.#fail(new Error("the connection was closed")));
  }

  next(): Promise<Buffer> {
    const packet = this.#arrived.shift();
    if (packet !== undefined) return Promise.resolve(packet);
    if (this.#failure !== null) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  /** A first packet of a command. */
  command(payload: Buffer): void {
    this.#sequence = 0;
    this.send(payload);
  }

  send(payload: Buffer): void {
    if (payload.length >= LARGEST) throw new Error("too long for one packet");
    const header = Buffer.alloc(4);
    header.writeUIntLE(payload.length, 0, 3);
    header[3] = this.#sequence;
    this.#sequence = (this.#sequence + 1) & 0xff;
    this.#socket.write(Buffer.concat([header, payload]));
  }

  #receive(bytes: Buffer): void {
    let data = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (data.length >= 4) {
      const end = 4 + data.readUIntLE(0, 3);
      if (data.length < end) break;
      const expected = this.#sequence;
      if (data[3] !== expected)
        this.#fail(new Error(`sequence id ${data[3]} instead of ${expected}`));
      this.#sequence = (expected + 1) & 0xff;
      this.#deliver(data.subarray(4, end));
      data = data.subarray(end);
    }
    this.#pending = data;
  }

  #deliver(packet: Buffer): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    if (waiting === null) this.#arrived.push(packet);
    else waiting.resolve(packet);
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#waiting?.reject(error);
    this.#waiting = null;
  }
}

/** Reads what a packet is made of, little-endian. */
export class Cursor {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get left(): number {
    return this.#bytes.length - this.at;
  }

  uint(size: number): number {
    this.at += size;
    return this.#bytes.readUIntLE(this.at - size, size);
  }

  /** Length-encoded; null for the mark of NULL in rows. */
  length(): number | null {
    const first = this.uint(1);
    if (first < 0xfb) return first;
    if (first === 0xfb) return null;
    if (first === 0xfc) return this.uint(2);
    if (first === 0xfd) return this.uint(3);
    this.at += 8;
    return Number(this.#bytes.readBigUInt64LE(this.at - 8));
  }

  bytes(size: number): Buffer {
    this.at += size;
    if (this.at > this.#bytes.length) throw new Error("a packet ends early");
    return this.#bytes.subarray(this.at - size, this.at);
  }

  /** As latin1, so that each character is a byte. */
  text(): string | null {
    const size = this.length();
    return size === null ? null : this.bytes(size).toString("latin1");
  }

  zeroEnded(): string {
    const end = this.#bytes.indexOf(0, this.at);
    const text = this.#bytes.toString("latin1", this.at, end);
    this.at = end + 1;
    return text;
  }
}

export function uint(value: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  bytes.writeUIntLE(value, 0, size);
  return bytes;
}

export function lengthEncoded(bytes: Buffer): Buffer {
  const { length } = bytes;
  if (length < 0xfb) return Buffer.concat([uint(length, 1), bytes]);
  if (length <= 0xffff) return Buffer.concat([uint(0xfc, 1), uint(length, 2), bytes]);
  return Buffer.concat([uint(0xfd, 1), uint(length, 3), bytes]);
}
