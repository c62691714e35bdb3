import { type Probe, renderMetrics } from "@freshet/telemetry";
import type { Supervisor } from "../threads/supervisor.ts";

/**
 * The databases that one process serves, each with threads of its own, as one for whoever asks
 * after the process: ready when all are.
 */
export class ServedDatabases {
  readonly #supervisors: Supervisor[] = [];

  add(supervisor: Supervisor): void {
    this.#supervisors.push(supervisor);
  }

  live(): Probe {
    return this.#join((supervisor) => supervisor.live());
  }

  ready(): Probe {
    return this.#join((supervisor) => supervisor.ready());
  }

  async metrics(): Promise<string> {
    const snapshots = await Promise.all(this.#supervisors.map((one) => one.metrics()));
    return snapshots.length === 0 ? "" : renderMetrics(snapshots.flat());
  }

  async stop(drainLimitMs: number): Promise<void> {
    await Promise.all(this.#supervisors.map((supervisor) => supervisor.stop(drainLimitMs)));
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
