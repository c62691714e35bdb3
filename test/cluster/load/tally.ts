import { codeOf } from "../../chaos/continuous-reader.ts";

/** A statement that takes longer hangs, whatever happens around it. */
const HUNG_MS = 30_000;

export interface ClientError {
  readonly atMs: number;
  readonly who: string;
  /** The statement, or what else was tried. */
  readonly what: string;
  /** SQLSTATE, error number, or what the client library says. */
  readonly kind: string;
}

export class HungError extends Error {
  override readonly name = "HungError";
}

/** What clients of a load saw, as far as it is not simply right. */
export class Tally {
  readonly errors: ClientError[] = [];
  readonly wrong: string[] = [];
  readonly hung: string[] = [];
  statements = 0;
  hits = 0;
  commits = 0;
  /** How far behind the newest commit the oldest cached answer was. */
  oldestMs = 0;

  failed(who: string, what: string, error: unknown): void {
    if (error instanceof HungError) return;
    this.errors.push({ atMs: performance.now(), who, what, kind: codeOf(error) });
  }

  isWrong(who: string, what: string): void {
    this.wrong.push(`${new Date().toISOString()} ${who}: ${what}`);
  }

  /** Rejects, and counts, what takes too long. */
  async watched<T>(who: string, what: string, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        this.hung.push(`${new Date().toISOString()} ${who}: ${what}`);
        reject(new HungError(`${what} takes more than ${HUNG_MS} ms`));
      }, HUNG_MS);
    });
    try {
      return await Promise.race([work, late]);
    } finally {
      clearTimeout(timer);
      this.statements += 1;
      work.catch(() => undefined);
    }
  }

  /** How many errors of each kind. */
  kinds(from = 0): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    for (const { kind } of this.errors.slice(from)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
    return counts;
  }
}
