import { type Hash, createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { constants, crc32, createZstdCompress, createZstdDecompress } from "node:zlib";
import { OperationalError } from "@freshet/util";
import type { BackupLocation } from "./location.ts";
import type { CopiedFile } from "./manifest.ts";

const CHUNK_BYTES = 1 << 18;
const PLAIN_CHUNK_BYTES = 1 << 20;
/** Rows compress well, and faster than most disks and networks take them. */
const LEVEL = { [constants.ZSTD_c_compressionLevel]: 1 };

/** Stores a local file compressed, and reads it back to see that it arrived. */
export async function storeFile(options: {
  readonly path: string;
  readonly name: string;
  readonly location: BackupLocation;
  readonly prefix: string;
  readonly signal: AbortSignal;
}): Promise<CopiedFile> {
  const { path, name, location, prefix, signal } = options;
  const storedName = `${name}.zst`;
  const plain = new Check();
  const stored = new Measure();
  const compress = createZstdCompress({ params: LEVEL, chunkSize: CHUNK_BYTES });
  const reading = pipeline(
    createReadStream(path, { highWaterMark: PLAIN_CHUNK_BYTES }),
    (source: AsyncIterable<Buffer>) => plain.pass(source),
    compress,
    { signal },
  );
  reading.catch(() => undefined);
  try {
    const { size } = await stat(path);
    await location.write(prefix + storedName, stored.pass(compress), size, signal);
  } catch (error) {
    // A location that failed before it read leaves the file open: its space would never be free.
    compress.destroy();
    throw error;
  }
  await reading;
  const back = new Measure();
  for await (const chunk of await location.read(prefix + storedName, signal)) {
    signal.throwIfAborted();
    back.add(chunk as Buffer);
  }
  const storedSha256 = stored.sha256();
  if (back.bytes !== stored.bytes || back.sha256() !== storedSha256) {
    throw new OperationalError(`${prefix}${storedName} is not what was written there`);
  }
  return {
    name,
    bytes: plain.bytes,
    crc32: plain.crc32,
    storedName,
    storedBytes: stored.bytes,
    storedSha256,
    compression: "zstd",
  };
}

/** Brings a file back to a local path. @throws OperationalError when it is not what was stored. */
export async function fetchFile(options: {
  readonly file: CopiedFile;
  readonly path: string;
  readonly location: BackupLocation;
  readonly prefix: string;
  readonly signal: AbortSignal;
}): Promise<void> {
  const { file, path, location, prefix, signal } = options;
  const stored = new Measure();
  const plain = new Check();
  const damaged = (cause?: unknown) =>
    new OperationalError(`${prefix}${file.storedName} is damaged`, { cause });
  const source: Readable = await location.read(prefix + file.storedName, signal);
  await pipeline(
    source,
    (chunks: AsyncIterable<Buffer>) => stored.pass(chunks),
    createZstdDecompress({ chunkSize: PLAIN_CHUNK_BYTES }),
    (chunks: AsyncIterable<Buffer>) => plain.pass(chunks),
    createWriteStream(path, { highWaterMark: PLAIN_CHUNK_BYTES, mode: 0o600 }),
    { signal },
  ).catch((error: unknown) => {
    throw isDecompression(error) ? damaged(error) : error;
  });
  const same =
    stored.bytes === file.storedBytes &&
    plain.bytes === file.bytes &&
    plain.crc32 === file.crc32 &&
    stored.sha256() === file.storedSha256;
  if (!same) throw damaged();
}

function isDecompression(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" && /^Z(STD)?_/.test(code);
}

/** Of what passes uncompressed: many bytes, of which nobody but a defect changes any. */
class Check {
  bytes = 0;
  crc32 = 0;

  async *pass(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of source) {
      this.bytes += chunk.length;
      this.crc32 = crc32(chunk, this.crc32);
      yield chunk;
    }
  }
}

/** Bytes and checksum of what passes. */
class Measure {
  readonly #hash: Hash = createHash("sha256");
  bytes = 0;

  add(chunk: Buffer): void {
    this.bytes += chunk.length;
    this.#hash.update(chunk);
  }

  async *pass(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of source) {
      this.add(chunk);
      yield chunk;
    }
  }

  /** Once, at the end. */
  sha256(): string {
    return this.#hash.digest("hex");
  }
}
