import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { ConfigurationError } from "@freshet/util";
import { FileLocation } from "./file-location.ts";
import { S3Location } from "./s3-location.ts";

export interface StoredObject {
  /** With `/` between its parts. */
  readonly name: string;
  readonly bytes: number;
}

/**
 * Where copies are kept: named objects, written as a whole. An object that could not be written to
 * its end may be there in part (a directory) or not at all (a bucket).
 */
export interface BackupLocation {
  /** Objects whose names begin with the prefix, in no order. */
  list(prefix: string): Promise<readonly StoredObject[]>;
  /** @throws when it is not there. */
  read(name: string, signal: AbortSignal): Promise<Readable>;
  /** Replaces what has the name; durable when it resolves. `bytes` is about how many will come. */
  write(
    name: string,
    content: AsyncIterable<Buffer>,
    bytes: number,
    signal: AbortSignal,
  ): Promise<void>;
  /** Objects that are gone already are no error. */
  remove(names: readonly string[]): Promise<void>;
  close(): void;
}

/** `file:///directory` or `s3://bucket/prefix`. */
export function openLocation(text: string): BackupLocation {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "file:" && url.host === "") {
    return new FileLocation(fileURLToPath(url));
  }
  if (url?.protocol === "s3:" && url.host !== "") {
    const prefix = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, "");
    return new S3Location(url.host, prefix === "" ? "" : `${prefix}/`);
  }
  throw new ConfigurationError(
    `--backup is "${text}": give file:///directory or s3://bucket/prefix.`,
  );
}
