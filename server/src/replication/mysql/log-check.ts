import type { BinlogEvent } from "@freshet/mysql-wire";
import { LogLostError } from "./binlog-receiver.ts";
import type { LogPosition } from "./position.ts";

/** Is the file that we resume in the same that we left, or another of its name (after RESET)? */
export class LogCheck {
  #created: number;

  constructor(from: LogPosition) {
    this.#created = from.created;
  }

  event(event: BinlogEvent): void {
    if (this.#created === 0) return;
    if (event.kind === "format") {
      if (event.header.timestamp !== this.#created) {
        throw new LogLostError("changes are lost: the binary logs were reset");
      }
      this.#created = 0;
    }
  }
}
