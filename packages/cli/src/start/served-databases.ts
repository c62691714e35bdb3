import { Metrics, type Probe, renderMetrics } from "@freshet/telemetry";
import type { Supervisor } from "../threads/supervisor.ts";

/**
 * The databases that one process serves, each with threads of its own, as one for whoever asks
 * after the process: ready when all are.
 */
export class ServedDatabases {
  /** What the main thread counts for the whole process. */
  readonly ownMetrics = new Metrics();
  readonly #supervisors: Supervisor[] = [];
  #started = false;
  #waitingFor: string | null = "the upstream";

  add(supervisor: Supervisor): void {
    this.#supervisors.push(supervisor);
  }

  get supervisors(): readonly Supervisor[] {
    return this.#supervisors;
  }

  /** What the process cannot begin without; null once all its databases are added. */
  waitFor(what: string | null): void {
    this.#waitingFor = what;
  }

  live(): Probe {
    if (this.#waitingFor !== null) return { ...this.#waiting(), ok: true };
    return this.#join((supervisor) => supervisor.live());
  }

  ready(): Probe {
    if (this.#waitingFor !== null) return this.#waiting();
    return this.#join((supervisor) => supervisor.ready());
  }

  /** All threads that somebody connects to have come up once at least. */
  startup(): Probe {
    if (this.#waitingFor !== null) return this.#waiting();
    const probe = this.#join((supervisor) => ({ ...supervisor.live(), ok: supervisor.started }));
    this.#started ||= probe.ok;
    return { ...probe, ok: this.#started };
  }

  async metrics(): Promise<string> {
    const snapshots = await Promise.all(this.#supervisors.map((one) => one.metrics()));
    return renderMetrics([await this.ownMetrics.snapshot(), ...snapshots.flat()]);
  }

  /** Readiness says no from now on. */
  announceStop(): void {
    for (const supervisor of this.#supervisors) supervisor.announceStop();
  }

  async stop(drainLimitMs: number): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.stop(drainLimitMs)));
  }

  #waiting(): Probe {
    return { ok: false, detail: { reason: `waiting for ${this.#waitingFor ?? ""}` } };
  }

  #join(ask: (supervisor: Supervisor) => Probe): Probe {
    const probes = this.#supervisors.map((one) => ({ label: one.label, ...ask(one) }));
    const ok = probes.every((probe) => probe.ok);
    const [only] = probes;
    if (probes.length === 1 && only !== undefined) return { ok, detail: only.detail };
    const detail = Object.fromEntries(probes.map((probe) => [probe.label, probe.detail]));
    return { ok, detail };
  }
}
