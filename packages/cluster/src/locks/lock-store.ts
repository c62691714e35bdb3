/** What stands beside a lock; it stays when the lock is released, so that tokens only grow. */
export interface LockValue {
  /** The fencing token: greater for every owner that follows. */
  readonly token: number;
  /** Of the process that holds it or held it last; unique for every start. */
  readonly instance: string;
  readonly name: string;
  /** Of a leader. */
  readonly region?: string;
  readonly addresses?: Readonly<Record<string, string>>;
  /** Of the owner of a name: where it runs, so that its end can be seen at once. */
  readonly process?: ProcessIdentity;
}

/** A process, recognisable by others under the same kernel. */
export interface ProcessIdentity {
  /** Kernel and process namespace in which `pid` means this process. */
  readonly place: string;
  readonly pid: number;
  /** Tells it from an earlier process with the same pid. */
  readonly started: string;
}

export interface LockEntry {
  /** Changes with every change; 0: there was never such a lock. */
  readonly index: number;
  /** The session that holds it. */
  readonly session: string | null;
  readonly value: LockValue | null;
}

/** Locks that a session of this process can hold; they are free when the session ends. */
export interface LockStore {
  /** Null while there is none: the authority is away, or it has expired. */
  readonly session: string | null;
  onSession(handler: () => void): void;
  /** As of now, not as some replica remembers. Rejects with AuthorityUnavailable, as all do. */
  read(key: string): Promise<LockEntry>;
  watch(key: string, handler: (entry: LockEntry) => void, signal: AbortSignal): void;
  /** False when the entry is not the one given any more. */
  acquire(key: string, value: LockValue, seen: LockEntry): Promise<boolean>;
  /** Does nothing when this session does not hold it. */
  release(key: string, value: LockValue): Promise<void>;
  /** Ends the session of a process that is known to have ended; best effort. */
  endSession(session: string): Promise<void>;
}

/**
 * A token for the next owner. Tokens of one lock grow by themselves; the clock makes them grow
 * across the loss of all of the authority's data too, when what owners have stored remains.
 */
export function nextToken(seen: LockEntry, nowMs: number): number {
  return Math.max((seen.value?.token ?? 0) + 1, nowMs);
}
