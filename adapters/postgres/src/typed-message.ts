import type { ByteSource } from "@freshet/adapter-core";
import { ProtocolViolation } from "@freshet/pg-wire";

export interface TypedMessage {
  readonly type: number;
  /** The whole message with its header. */
  readonly bytes: Buffer;
}

/** One typed message no longer than `limit` bytes. */
export async function readMessage(source: ByteSource, limit: number): Promise<TypedMessage> {
  const header = await source.peek(5);
  const length = header.readInt32BE(1);
  if (length < 4 || length > limit) throw new ProtocolViolation("invalid message length");
  const bytes = await source.read(length + 1);
  return { type: bytes[0] as number, bytes };
}
