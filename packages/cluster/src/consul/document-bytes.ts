import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import { OperationalError } from "@freshet/util";

/** Longer documents are compressed. */
const PLAIN_LIMIT_BYTES = 16 * 1024;
/**
 * Consul takes 512 KiB in a transaction, in which a value is written in base64 (`kv_max_value_size`
 * and `txn_max_req_len`); the rest is left for what stands around it.
 */
export const DOCUMENT_LIMIT_BYTES = 384 * 1024 - 4096;

const GZIP_START = 0x1f;

/** The stored form: JSON, compressed when it is long. */
export async function encodeDocument(name: string, value: unknown): Promise<Buffer> {
  const json = Buffer.from(JSON.stringify(value) ?? "null");
  if (json.length <= PLAIN_LIMIT_BYTES) return json;
  const bytes = await promisify(gzip)(json);
  if (bytes.length > DOCUMENT_LIMIT_BYTES) {
    throw new OperationalError(
      `the document ${name} is too large for Consul: ${bytes.length} bytes compressed, ` +
        `${DOCUMENT_LIMIT_BYTES} at most; drop caches that are not needed`,
    );
  }
  return bytes;
}

export async function decodeDocument(bytes: Buffer): Promise<unknown> {
  // No JSON starts with that byte.
  const json = bytes[0] === GZIP_START ? await promisify(gunzip)(bytes) : bytes;
  return JSON.parse(json.toString()) as unknown;
}
