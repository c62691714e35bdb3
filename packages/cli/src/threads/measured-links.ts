import type { TcpLink } from "@freshet/rpc";
import type { Metrics } from "@freshet/telemetry";

type End = "adapter" | "server";
type EitherLink = Pick<TcpLink<unknown, unknown>, "onClose" | "closeReason" | "outstandingBytes">;

/** Counts the links of one end: how many there are, how they ended, what waits in them. */
export class MeasuredLinks {
  readonly #metrics: Metrics;
  readonly #end: End;
  readonly #links = new Set<EitherLink>();

  constructor(metrics: Metrics, end: End) {
    this.#metrics = metrics;
    this.#end = end;
    metrics.onCollect(() => this.#collect());
  }

  add(link: EitherLink): void {
    const { opened, closed } = this.#metrics.links;
    this.#links.add(link);
    opened.inc({ end: this.#end });
    link.onClose(() => {
      this.#links.delete(link);
      closed.inc({ end: this.#end, reason: kindOf(link.closeReason ?? "") });
    });
  }

  #collect(): void {
    let bytes = 0;
    for (const link of this.#links) bytes += link.outstandingBytes;
    this.#metrics.links.outstandingBytes.set({ end: this.#end }, bytes);
  }
}

/** Reasons are sentences; a label has few values. */
function kindOf(reason: string): string {
  if (reason.includes("does not keep up")) return "overflow";
  if (reason.includes("silent")) return "silent";
  if (reason.includes("lead")) return "leader";
  return reason.includes("clos") ? "closed" : "error";
}
