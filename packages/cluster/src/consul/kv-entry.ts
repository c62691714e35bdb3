import type { EventEmitter } from "node:events";
import { type ConsulAnswer, type ConsulClient, ConsulRefusal } from "./consul-client.ts";

/** An entry of Consul's KV store. */
export interface KvEntry {
  readonly modifyIndex: number;
  readonly session: string | null;
  readonly value: Buffer;
}

interface RawEntry {
  readonly ModifyIndex: number;
  readonly Session?: string;
  readonly Value: Buffer | null;
}

/**
 * Reads an entry, null when there is none. In `consistent` mode Consul's leader makes sure first
 * that it still is the leader: what decides about locks and documents is never old.
 */
export async function readKv(
  client: ConsulClient,
  key: string,
  limits: {
    readonly signal?: AbortSignal;
    readonly timeoutMs?: number;
    /** Waits until something is newer. */
    readonly after?: { readonly index: string; readonly wait: string };
  } = {},
): Promise<ConsulAnswer<KvEntry | null>> {
  const { signal, timeoutMs, after } = limits;
  const { data, index } = await client.request<RawEntry | undefined>(
    (consul, context: { readonly ctx: EventEmitter }) => {
      const asked = { key, buffer: true, consistent: true, ...after, ...context };
      return consul.kv.get(asked);
    },
    { signal, blocks: after !== undefined, ...(timeoutMs === undefined ? {} : { timeoutMs }) },
  );
  if (data === undefined) return { data: null, index };
  return {
    data: {
      modifyIndex: data.ModifyIndex,
      session: data.Session ?? null,
      value: data.Value ?? Buffer.alloc(0),
    },
    index,
  };
}

export type KvOperation =
  | { readonly verb: "check-index"; readonly key: string; readonly index: number }
  | { readonly verb: "check-not-exists"; readonly key: string }
  | { readonly verb: "check-session"; readonly key: string; readonly session: string }
  | { readonly verb: "cas"; readonly key: string; readonly index: number; readonly value: Buffer }
  | {
      readonly verb: "lock" | "unlock";
      readonly key: string;
      readonly session: string;
      readonly value: Buffer;
    };

export type TransactionResult =
  | {
      readonly kind: "done";
      /** ModifyIndex after each operation. */
      readonly indexes: readonly number[];
    }
  /** Nothing was done; the numbers of the operations that failed, from 0. */
  | { readonly kind: "failed"; readonly operations: readonly number[] };

/** All or nothing (Consul's HTTP interface, "Transactions"). */
export async function transact(
  client: ConsulClient,
  operations: readonly KvOperation[],
): Promise<TransactionResult> {
  const body = operations.map((operation) => ({
    KV: {
      Verb: operation.verb,
      Key: operation.key,
      ...("index" in operation ? { Index: operation.index } : {}),
      ...("session" in operation ? { Session: operation.session } : {}),
      ...("value" in operation ? { Value: operation.value.toString("base64") } : {}),
    },
  }));
  try {
    const { data } = await client.request<TransactionAnswer>((consul, context) =>
      // The library's type has other letters than Consul, to which it gives this as it is.
      consul.transaction.create(body as never, context as never),
    );
    const indexes = (data.Results ?? []).map(({ KV }) => KV?.ModifyIndex ?? 0);
    return { kind: "done", indexes };
  } catch (error) {
    if (!(error instanceof ConsulRefusal && error.status === 409)) throw error;
    const { Errors } = error.body as { Errors?: { OpIndex: number }[] };
    return { kind: "failed", operations: (Errors ?? []).map(({ OpIndex }) => OpIndex) };
  }
}

interface TransactionAnswer {
  readonly Results: { readonly KV?: { readonly ModifyIndex: number } }[] | null;
}
