import type { Member, MemberKind, SharedDocument } from "../contract.ts";
import type { LockEntry, LockValue } from "../locks/lock-store.ts";

const NO_LOCK: LockEntry = { index: 0, session: null, value: null };

/** What the authorities within one process share. */
export class LocalSpace {
  readonly #documents = new Map<string, SharedDocument>();
  readonly #locks = new Map<string, LockEntry>();
  readonly #members = new Map<string, Member>();
  readonly #handlers = new Set<() => void>();
  #index = 0;

  document(name: string): SharedDocument {
    return this.#documents.get(name) ?? { name, value: null, version: "" };
  }

  /** Null when the version is another one by now. */
  putDocument(name: string, value: unknown, version: string): string | null {
    if (this.document(name).version !== version) return null;
    // As the others will see it: JSON, and nobody's own object.
    const copy = JSON.parse(JSON.stringify(value)) as unknown;
    const document = { name, value: copy, version: String(this.#next()) };
    this.#documents.set(name, document);
    this.#tell();
    return document.version;
  }

  lock(key: string): LockEntry {
    return this.#locks.get(key) ?? NO_LOCK;
  }

  acquire(key: string, session: string, value: LockValue, seen: LockEntry): boolean {
    const entry = this.lock(key);
    if (entry.index !== seen.index || entry.session !== null) return false;
    this.#locks.set(key, { index: this.#next(), session, value });
    this.#tell();
    return true;
  }

  /** Frees the lock when the session holds it. */
  release(key: string, session: string): void {
    const { session: holder, value } = this.lock(key);
    if (holder !== session) return;
    this.#locks.set(key, { index: this.#next(), session: null, value });
    this.#tell();
  }

  endSession(session: string): void {
    for (const key of this.#locks.keys()) this.release(key, session);
  }

  setMember(member: Member): void {
    this.#members.set(`${member.kind} ${member.name}`, member);
    this.#tell();
  }

  removeMember(kind: MemberKind, name: string): void {
    this.#members.delete(`${kind} ${name}`);
    this.#tell();
  }

  members(kind: MemberKind): readonly Member[] {
    return [...this.#members.values()]
      .filter((member) => member.kind === kind)
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Calls the handler with what `look` sees, now and whenever it has changed. */
  watch<T>(look: () => T, handler: (seen: T) => void, signal: AbortSignal): void {
    let last: string | null = null;
    const check = (): void => {
      // Not within the call that changes something, as if the news had come from afar.
      queueMicrotask(() => {
        if (signal.aborted) return;
        const seen = look();
        const text = JSON.stringify(seen);
        if (text === last) return;
        last = text;
        handler(seen);
      });
    };
    this.#handlers.add(check);
    signal.addEventListener("abort", () => this.#handlers.delete(check), { once: true });
    check();
  }

  #next(): number {
    this.#index += 1;
    return this.#index;
  }

  #tell(): void {
    for (const handler of [...this.#handlers]) handler();
  }
}
