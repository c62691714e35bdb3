import type { TcpLink } from "@freshet/rpc";
import type { Metrics } from "@freshet/telemetry";

type End = "adapter" | "server";
type EitherLink = Pick<
  TcpLink<unknown, unknown>,
  "onClose" | "closeReason" | "outstandingBytes" | "sentBytes" | "receivedBytes"
>;

interface Counted {
  sent: number;
  received: number;
}

/** Counts the links of one end: who got one, how they ended, what passes and what waits in them. */
export class MeasuredLinks {
  readonly #metrics: Metrics;
  readonly #end: End;
  readonly #links = new Map<EitherLink, Counted>();

  constructor(metrics: Metrics, end: End) {
    this.#metrics = metrics;
    this.#end = end;
    metrics.onCollect(() => this.#collect());
  }

  add(link: EitherLink): void {
    const { opened, closed } = this.#metrics.links;
    const counted = { sent: 0, received: 0 };
    this.#links.set(link, counted);
    opened.inc({ end: this.#end });
    link.onClose(() => {
      this.#links.delete(link);
      this.#count(link, counted);
      closed.inc({ end: this.#end, reason: kindOf(link.closeReason ?? "") });
    });
  }

  /** A handshake ended without a link. */
  refused(reason: string): void {
    this.#metrics.links.refused.inc({ end: this.#end, reason: kindOfRefusal(reason) });
  }

  #collect(): void {
    let bytes = 0;
    for (const [link, counted] of this.#links) {
      bytes += link.outstandingBytes;
      this.#count(link, counted);
    }
    this.#metrics.links.outstandingBytes.set({ end: this.#end }, bytes);
  }

  /** What has passed since it was counted last. */
  #count({ sentBytes, receivedBytes }: EitherLink, counted: Counted): void {
    const { links } = this.#metrics;
    links.sentBytes.inc({ end: this.#end }, sentBytes - counted.sent);
    links.receivedBytes.inc({ end: this.#end }, receivedBytes - counted.received);
    counted.sent = sentBytes;
    counted.received = receivedBytes;
  }
}

/** Reasons are sentences; a label has few values. */
function kindOf(reason: string): string {
  if (reason.includes("does not keep up")) return "overflow";
  if (reason.includes("silent")) return "silent";
  if (reason.includes("lead")) return "leader";
  return reason.includes("clos") ? "closed" : "error";
}

function kindOfRefusal(reason: string): string {
  if (reason.includes("secret")) return "secret";
  if (reason.includes("protocol versions")) return "version";
  if (reason.includes("lead")) return "term";
  if (reason.includes("deployment") || reason.includes("follows")) return "deployment";
  return "broken";
}
