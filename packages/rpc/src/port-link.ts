import type { MessagePort } from "node:worker_threads";
import { LinkBase } from "./link-base.ts";
import type { LinkOptions } from "./link-base.ts";
import { packBatch, unpackBatch } from "./packed-batch.ts";
import type { PackedBatch } from "./packed-batch.ts";

type Frame = PackedBatch | { readonly ack: number };

/**
 * A link between two threads over a `MessagePort`, one at each end. The port is read from the
 * first `onMessage` on, nothing that arrives before is lost. Rows that arrive are views into
 * their batch's buffer.
 */
export function portLink<Out, In>(port: MessagePort, options: LinkOptions = {}): PortLink<Out, In> {
  return new PortLink<Out, In>(port, options);
}

export class PortLink<Out, In> extends LinkBase<Out, In> {
  readonly #port: MessagePort;
  #reading = false;

  constructor(port: MessagePort, options: LinkOptions) {
    super(options);
    this.#port = port;
    port.on("close", () => this.ended());
  }

  override onMessage(handler: (message: In) => void): void {
    super.onMessage(handler);
    if (this.#reading) return;
    this.#reading = true;
    this.#port.on("message", (frame: Frame) => this.#read(frame));
  }

  #read(frame: Frame): void {
    if ("ack" in frame) return this.acknowledged(frame.ack);
    this.received(unpackBatch(frame));
    if (!this.closed) this.#port.postMessage({ ack: frame.cost });
  }

  protected override deliver(messages: readonly Out[], cost: number): void {
    const batch = packBatch(messages, cost);
    this.#port.postMessage(batch, [batch.bytes.buffer as ArrayBuffer]);
  }

  protected override disconnect(): void {
    this.#port.close();
  }
}
