import type { Socket } from "node:net";
import type { ByteSource } from "@freshet/adapter-core";
import { packet, ProtocolViolation } from "@freshet/mysql-wire";

const HEADER_BYTES = 4;
/** Connection attributes alone may have 64 kB. More would be memory for strangers. */
const PAYLOAD_LIMIT_BYTES = 131_072;

/**
 * Whole payloads in both directions, numbered as the protocol wants, for the short dialogs
 * before a session runs. One reader at a time.
 */
export class PacketDialog {
  readonly socket: Socket;
  readonly source: ByteSource;
  /** Of the next packet we send. */
  sequence: number;

  constructor(socket: Socket, source: ByteSource, sequence = 0) {
    this.socket = socket;
    this.source = source;
    this.sequence = sequence;
  }

  async receive(): Promise<Buffer> {
    const header = await this.source.peek(HEADER_BYTES);
    const length = header.readUIntLE(0, 3);
    if (length > PAYLOAD_LIMIT_BYTES) throw new ProtocolViolation("Bad handshake", 1043);
    const bytes = await this.source.read(HEADER_BYTES + length);
    this.sequence = ((bytes[3] as number) + 1) & 0xff;
    return Buffer.from(bytes.subarray(HEADER_BYTES));
  }

  send(payload: Buffer): void {
    this.socket.write(packet(this.sequence, payload));
    this.sequence = (this.sequence + 1) & 0xff;
  }
}
