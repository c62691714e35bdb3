import { type Logger, OperationalError, messageOf } from "@freshet/util";
import type { SharedDocument, WriteResult } from "../contract.ts";
import type { ConsulClient } from "./consul-client.ts";
import type { WatchKv } from "./consul-locks.ts";
import { decodeDocument, encodeDocument } from "./document-bytes.ts";
import type { Keys } from "./keys.ts";
import { type KvEntry, type KvOperation, readKv, transact } from "./kv-entry.ts";

/** The lock and session whose holding a write depends on. */
export interface Fence {
  readonly key: string;
  readonly session: string;
}

/** Documents as KV entries; a version is Consul's ModifyIndex. */
export class Documents {
  readonly #client: ConsulClient;
  readonly #keys: Keys;
  readonly #watchKv: WatchKv;
  readonly #logger: Logger;

  constructor(client: ConsulClient, keys: Keys, watchKv: WatchKv, logger: Logger) {
    this.#client = client;
    this.#keys = keys;
    this.#watchKv = watchKv;
    this.#logger = logger;
  }

  async read(name: string): Promise<SharedDocument> {
    const { data } = await readKv(this.#client, this.#keys.document(name));
    return documentOf(name, data);
  }

  async write(
    name: string,
    value: unknown,
    version: string,
    fence: Fence | null,
  ): Promise<WriteResult> {
    const operations: KvOperation[] = [
      {
        verb: "cas",
        key: this.#keys.document(name),
        // 0: only if there is none.
        index: version === "" ? 0 : Number(version),
        value: await encodeDocument(name, value),
      },
    ];
    if (fence !== null) operations.push({ verb: "check-session", ...fence });
    const result = await transact(this.#client, operations);
    if (result.kind === "done") return { kind: "written", version: String(result.indexes[0]) };
    return { kind: result.operations.includes(1) ? "fenced" : "conflict" };
  }

  watch(name: string, handler: (document: SharedDocument) => void, signal: AbortSignal): void {
    let last: string | null = null;
    let decoding: Promise<void> = Promise.resolve();
    const learn = async (entry: KvEntry | null): Promise<void> => {
      const version = versionOf(entry);
      if (signal.aborted || version === last) return;
      last = version;
      handler(await documentOf(name, entry));
    };
    this.#watchKv(
      this.#keys.document(name),
      (entry) => {
        decoding = decoding
          .then(() => learn(entry))
          .catch((error: unknown) => {
            this.#logger.error({ document: name, error: messageOf(error) }, "document not usable");
          });
      },
      signal,
    );
  }
}

async function documentOf(name: string, entry: KvEntry | null): Promise<SharedDocument> {
  if (entry === null) return { name, value: null, version: "" };
  try {
    return { name, value: await decodeDocument(entry.value), version: versionOf(entry) };
  } catch (cause) {
    throw new OperationalError(`the document ${name} in Consul is not one of ours`, { cause });
  }
}

function versionOf(entry: KvEntry | null): string {
  return entry === null ? "" : String(entry.modifyIndex);
}
