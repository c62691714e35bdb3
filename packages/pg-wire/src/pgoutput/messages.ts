/**
 * Logical replication messages of the `pgoutput` plugin, protocol version 1, text format
 * (Postgres manual, "Logical Replication Message Formats"). LSNs are unsigned 64-bit.
 */

/** In place of a value that the upstream did not send because it is stored out of line, unchanged. */
export const UNCHANGED_TOAST: unique symbol = Symbol("unchanged toast");

/** Column values in the relation's order: text, SQL NULL, or unchanged. */
export type Tuple = readonly (string | null | typeof UNCHANGED_TOAST)[];

export interface RelationColumn {
  readonly name: string;
  readonly typeId: number;
  readonly typeModifier: number;
  /** Part of the replica identity; all columns are when it is FULL. */
  readonly key: boolean;
}

export interface RelationMessage {
  readonly kind: "relation";
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly replicaIdentity: string;
  readonly columns: readonly RelationColumn[];
}

export type PgOutputMessage =
  | {
      readonly kind: "begin";
      /** Where the commit record starts. */
      readonly commitLsn: bigint;
      /** Microseconds since 2000-01-01. */
      readonly commitTimeMicros: bigint;
      readonly xid: number;
    }
  | {
      readonly kind: "commit";
      readonly commitLsn: bigint;
      /** Where the commit record ends: the position to resume from. */
      readonly endLsn: bigint;
      readonly commitTimeMicros: bigint;
    }
  | { readonly kind: "origin" }
  | RelationMessage
  | { readonly kind: "type"; readonly id: number; readonly schema: string; readonly name: string }
  | { readonly kind: "insert"; readonly relation: number; readonly row: Tuple }
  | {
      readonly kind: "update";
      readonly relation: number;
      /** "full" with replica identity FULL, "key" when the key changed, else null. */
      readonly oldKind: "full" | "key" | null;
      readonly old: Tuple | null;
      readonly row: Tuple;
    }
  | {
      readonly kind: "delete";
      readonly relation: number;
      readonly oldKind: "full" | "key";
      readonly old: Tuple;
    }
  | { readonly kind: "truncate"; readonly relations: readonly number[]; readonly cascade: boolean }
  | { readonly kind: "message"; readonly prefix: string };
