import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { HandshakeChannel, HandshakeFrame } from "./handshake-channel.ts";
import { type Introduction, type PeerIdentity, agree } from "./identity.ts";
import { LinkRefused } from "./link-refused.ts";
import { FRAME, FRAME_LIMIT_BYTES, WireError } from "./wire.ts";

const MAGIC = "freshet-rpc";
const NONCE_BYTES = 32;
const NAME_LENGTH = 256;
const REASON_LENGTH = 1_000;

export interface HandshakeOptions {
  readonly secret: string | null;
  /** See `channelOf`. */
  readonly channel: Buffer;
}

export interface Agreement {
  readonly protocol: number;
  readonly peer: PeerIdentity;
}

interface Transcript {
  readonly hello: Buffer;
  readonly challenge: Buffer;
}

/** The adapter's part. Rejects with LinkRefused, WireError or what the channel says. */
export async function dialHandshake(
  channel: HandshakeChannel,
  own: Introduction,
  options: HandshakeOptions,
): Promise<Agreement> {
  const hello = channel.write(FRAME.hello, introduce(own));
  const { payload: challenge } = expect(await channel.read(), FRAME.challenge);
  const server = readIntroduction(challenge);
  const transcript = { hello, challenge };
  channel.write(FRAME.proof, { proof: proofOf(options, "adapter", transcript) });
  const accept = readObject(expect(await channel.read(), FRAME.accept).payload);
  if (options.secret !== null) {
    const wanted = proofOf(options, `server ${String(accept["protocol"])}`, transcript);
    if (!same(wanted, accept["proof"])) {
      throw new LinkRefused(
        `server ${server.identity.member} did not prove that it has the shared secret (--rpc-secret)`,
      );
    }
  }
  const protocol = agree(own, server);
  if (accept["protocol"] !== protocol) throw new WireError("another version than was agreed");
  channel.frames.limitBytes = FRAME_LIMIT_BYTES;
  return { protocol, peer: server.identity };
}

/** The server's part; `own` is asked again when the proof is there. Rejects as the other does. */
export async function serveHandshake(
  channel: HandshakeChannel,
  own: () => Introduction,
  options: HandshakeOptions,
): Promise<Agreement> {
  const { payload: hello } = expect(await channel.read(), FRAME.hello);
  const adapter = readIntroduction(hello);
  const challenge = channel.write(FRAME.challenge, introduce(own()));
  const { payload } = expect(await channel.read(), FRAME.proof);
  const transcript = { hello, challenge };
  try {
    checkProof(options, transcript, readObject(payload)["proof"], adapter.identity.member);
    const protocol = agree(adapter, own());
    channel.frames.limitBytes = FRAME_LIMIT_BYTES;
    const proof = proofOf(options, `server ${protocol}`, transcript);
    channel.write(FRAME.accept, { protocol, proof });
    return { protocol, peer: adapter.identity };
  } catch (error) {
    if (error instanceof LinkRefused) channel.write(FRAME.refused, { reason: error.message });
    throw error;
  }
}

function checkProof(
  options: HandshakeOptions,
  transcript: Transcript,
  proof: unknown,
  member: string,
): void {
  if (same(proofOf(options, "adapter", transcript), proof)) return;
  if (options.secret === null) {
    throw new LinkRefused(`adapter ${member} has a shared secret, the server none (--rpc-secret)`);
  }
  if (proof === "") {
    throw new LinkRefused(`adapter ${member} has no shared secret, the server has (--rpc-secret)`);
  }
  throw new LinkRefused(`the shared secret of adapter ${member} is another one (--rpc-secret)`);
}

/** Every part is preceded by its length, so that no two transcripts look alike. */
function proofOf(options: HandshakeOptions, label: string, transcript: Transcript): string {
  if (options.secret === null) return "";
  const hmac = createHmac("sha256", options.secret);
  const parts = [Buffer.from(label), transcript.hello, transcript.challenge, options.channel];
  for (const part of parts) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(part.length);
    hmac.update(length).update(part);
  }
  return hmac.digest("hex");
}

function same(wanted: string, proof: unknown): boolean {
  if (typeof proof !== "string" || proof.length !== wanted.length) return false;
  const [one, other] = [Buffer.from(wanted, "latin1"), Buffer.from(proof, "latin1")];
  return one.length === other.length && timingSafeEqual(one, other);
}

function introduce({ identity, versions, term }: Introduction): object {
  const nonce = randomBytes(NONCE_BYTES).toString("hex");
  return { magic: MAGIC, ...identity, versions, term, nonce };
}

function readIntroduction(payload: Buffer): Introduction {
  const value = readObject(payload);
  const { versions, term, nonce } = value;
  if (value["magic"] !== MAGIC) throw new WireError("the peer is no part of Freshet");
  if (!isRange(versions) || !(term === null || Number.isSafeInteger(term))) {
    throw new WireError("an introduction without versions or term");
  }
  if (typeof nonce !== "string" || nonce.length !== 2 * NONCE_BYTES) {
    throw new WireError("an introduction without a nonce");
  }
  const identity = {
    product: name(value["product"]),
    deployment: name(value["deployment"]),
    member: name(value["member"]),
    dialect: name(value["dialect"]),
    database: name(value["database"]),
    region: name(value["region"]),
  };
  return { identity, versions, term: term as number | null };
}

function expect(frame: HandshakeFrame, type: number): HandshakeFrame {
  if (frame.type === type) return frame;
  if (frame.type === FRAME.refused) {
    const reason = readObject(frame.payload)["reason"];
    throw new LinkRefused(clean(typeof reason === "string" ? reason : "refused"));
  }
  throw new WireError(`a frame of type ${frame.type} in the handshake`);
}

function readObject(payload: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString());
  } catch (error) {
    throw new WireError("a handshake frame that is not JSON", { cause: error });
  }
  if (typeof value !== "object" || value === null) throw new WireError("not an object");
  return value as Record<string, unknown>;
}

function isRange(value: unknown): value is [number, number] {
  return Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger);
}

function name(value: unknown): string {
  if (typeof value !== "string" || value.length > NAME_LENGTH) {
    throw new WireError("an introduction without names");
  }
  return clean(value);
}

/** What strangers say is for logs: one line of bounded length. */
function clean(text: string): string {
  return text.slice(0, REASON_LENGTH).replaceAll(/\p{Cc}/gu, "?");
}
