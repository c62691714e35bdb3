import type { Readable } from "node:stream";
import type * as S3 from "@aws-sdk/client-s3";
import { OperationalError, messageOf } from "@freshet/util";
import type { BackupLocation, StoredObject } from "./location.ts";

/** Loaded by those only who use a bucket: it is large. */
type Sdk = typeof S3;

/** An upload has at most 10 000 parts, each but the last of at least 5 MB. */
const PARTS_LIMIT = 9_000;
const PART_BYTES = 8 << 20;
const REMOVED_AT_ONCE = 1_000;

const CONNECT_LIMIT_MS = 30_000;
/** Without it, a peer that is gone without a word would be waited for, and backups end, for ever. */
const SILENCE_LIMIT_MS = 300_000;

/**
 * Copies in a bucket. Endpoint, region and credentials come from where the SDK looks for them
 * (AWS_ENDPOINT_URL_S3, AWS_REGION, AWS_ACCESS_KEY_ID …, profiles, instance roles). Memory: one part.
 */
export class S3Location implements BackupLocation {
  readonly #env: NodeJS.ProcessEnv;
  readonly #silenceMs: number;
  #opened: Promise<{ readonly sdk: Sdk; readonly client: S3.S3Client }> | null = null;
  readonly #bucket: string;
  /** Empty or with a `/` at the end. */
  readonly #prefix: string;

  constructor(
    bucket: string,
    prefix: string,
    env: NodeJS.ProcessEnv = process.env,
    silenceMs = SILENCE_LIMIT_MS,
  ) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#env = env;
    this.#silenceMs = silenceMs;
  }

  #open(): Promise<{ readonly sdk: Sdk; readonly client: S3.S3Client }> {
    return (this.#opened ??= import("@aws-sdk/client-s3").then((sdk) => {
      // Gateways seldom have names for buckets, know only one region and not the newest checksums.
      const env = this.#env;
      const gateway = (env["AWS_ENDPOINT_URL_S3"] ?? env["AWS_ENDPOINT_URL"] ?? "") !== "";
      const region = env["AWS_REGION"] ?? env["AWS_DEFAULT_REGION"];
      const client = new sdk.S3Client({
        requestChecksumCalculation: "WHEN_REQUIRED",
        responseChecksumValidation: "WHEN_REQUIRED",
        requestHandler: { connectionTimeout: CONNECT_LIMIT_MS, socketTimeout: this.#silenceMs },
        ...(gateway ? { forcePathStyle: true, region: region ?? "us-east-1" } : {}),
      });
      return { sdk, client };
    }));
  }

  async list(prefix: string): Promise<readonly StoredObject[]> {
    const { sdk, client } = await this.#open();
    const objects: StoredObject[] = [];
    let next: string | undefined;
    do {
      const page = await this.#said("listing", () =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: this.#bucket,
            Prefix: this.#prefix + prefix,
            ContinuationToken: next,
          }),
        ),
      );
      for (const { Key: key, Size: bytes } of page.Contents ?? []) {
        if (key !== undefined) {
          objects.push({ name: key.slice(this.#prefix.length), bytes: bytes ?? 0 });
        }
      }
      next = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    } while (next !== undefined);
    return objects;
  }

  async read(name: string, signal: AbortSignal): Promise<Readable> {
    const { sdk, client } = await this.#open();
    const object = await this.#said(`reading ${name}`, () =>
      client.send(new sdk.GetObjectCommand(this.#key(name)), { abortSignal: signal }),
    );
    if (object.Body === undefined) throw new OperationalError(`${name} has no content`);
    return object.Body as Readable;
  }

  async write(
    name: string,
    content: AsyncIterable<Buffer>,
    bytes: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { sdk, client } = await this.#open();
    const parts = inParts(content, Math.max(PART_BYTES, Math.ceil(bytes / PARTS_LIMIT)));
    const first = await parts.next();
    const second = first.done === true ? first : await parts.next();
    await this.#said(`writing ${name}`, async () => {
      if (second.done === true) {
        const body = first.done === true ? Buffer.alloc(0) : first.value;
        const put = new sdk.PutObjectCommand({ ...this.#key(name), Body: body });
        await client.send(put, { abortSignal: signal });
      } else {
        await this.#upload(name, prepend([first.value as Buffer, second.value], parts), signal);
      }
    });
  }

  async remove(names: readonly string[]): Promise<void> {
    const { sdk, client } = await this.#open();
    for (let at = 0; at < names.length; at += REMOVED_AT_ONCE) {
      const keys = names.slice(at, at + REMOVED_AT_ONCE);
      const answer = await this.#said("removing", () =>
        client.send(
          new sdk.DeleteObjectsCommand({
            Bucket: this.#bucket,
            Delete: { Objects: keys.map((name) => ({ Key: this.#prefix + name })), Quiet: true },
          }),
        ),
      );
      const failed = answer.Errors?.find((each) => each.Code !== "NoSuchKey");
      if (failed !== undefined) {
        throw new OperationalError(`${failed.Key} cannot be removed: ${failed.Message}`);
      }
    }
  }

  close(): void {
    void this.#opened?.then(({ client }) => client.destroy());
  }

  async #upload(name: string, parts: AsyncIterable<Buffer>, signal: AbortSignal): Promise<void> {
    const { sdk, client } = await this.#open();
    const key = this.#key(name);
    await this.#abortUploads(name);
    const { UploadId: id } = await client.send(new sdk.CreateMultipartUploadCommand(key), {
      abortSignal: signal,
    });
    try {
      const done: { PartNumber: number; ETag: string | undefined }[] = [];
      for await (const part of parts) {
        const number = done.length + 1;
        const { ETag: tag } = await client.send(
          new sdk.UploadPartCommand({ ...key, UploadId: id, PartNumber: number, Body: part }),
          { abortSignal: signal },
        );
        done.push({ PartNumber: number, ETag: tag });
      }
      await client.send(
        new sdk.CompleteMultipartUploadCommand({
          ...key,
          UploadId: id,
          MultipartUpload: { Parts: done },
        }),
        { abortSignal: signal },
      );
    } catch (error) {
      const abort = new sdk.AbortMultipartUploadCommand({ ...key, UploadId: id });
      await client.send(abort).catch(() => undefined);
      throw error;
    }
  }

  /** What a killed process left of its uploads is stored, and paid for, until somebody removes it. */
  async #abortUploads(name: string): Promise<void> {
    const { sdk, client } = await this.#open();
    const replica = this.#prefix + name.split("/").slice(0, -2).join("/");
    try {
      const { Uploads: uploads } = await client.send(
        new sdk.ListMultipartUploadsCommand({ Bucket: this.#bucket, Prefix: `${replica}/` }),
      );
      for (const { Key: key, UploadId: id } of uploads ?? []) {
        await client.send(
          new sdk.AbortMultipartUploadCommand({ Bucket: this.#bucket, Key: key, UploadId: id }),
        );
      }
    } catch {
      // Not every user may list them; it costs space only.
    }
  }

  #key(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#bucket, Key: this.#prefix + name };
  }

  async #said<T>(what: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw new OperationalError(`${what} in bucket ${this.#bucket}: ${messageOf(error)}`, {
        cause: error,
      });
    }
  }
}

/** Cut or joined to parts of exactly this size, but for the last. */
async function* inParts(
  content: AsyncIterable<Buffer>,
  size: number,
): AsyncGenerator<Buffer, void, undefined> {
  let part = Buffer.allocUnsafe(size);
  let length = 0;
  for await (const chunk of content) {
    for (let at = 0; at < chunk.length;) {
      const taken = chunk.copy(part, length, at, at + size - length);
      at += taken;
      length += taken;
      if (length < size) continue;
      yield part;
      part = Buffer.allocUnsafe(size);
      length = 0;
    }
  }
  if (length > 0) yield part.subarray(0, length);
}

async function* prepend(
  first: readonly Buffer[],
  rest: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, undefined> {
  yield* first;
  yield* rest;
}
