import type { Connection } from "mysql2";
import { quoteText } from "./names.ts";
import { queryRows } from "./session.ts";

/** Variables whose global value new sessions begin with, and on which answers depend. */
const VARIABLES = [
  ...["sql_mode", "time_zone", "system_time_zone", "init_connect", "autocommit"],
  ...["character_set_client", "character_set_connection", "character_set_results"],
  ...["collation_connection", "transaction_isolation", "tx_isolation", "sql_select_limit"],
  ...["div_precision_increment", "default_week_format", "lc_time_names", "max_sort_length"],
  ...["group_concat_max_len", "sql_auto_is_null", "sql_big_selects"],
];

/** Tells when SET GLOBAL changed what new sessions begin with: the log says nothing of it. */
export class GlobalSettings {
  #last: string | null = null;

  async changed(client: Connection): Promise<boolean> {
    const names = VARIABLES.map(quoteText).join(", ");
    const rows = await queryRows(client, `SHOW GLOBAL VARIABLES WHERE Variable_name IN (${names})`);
    const now = JSON.stringify(rows.map((row) => [row["Variable_name"], row["Value"]]).sort());
    const changed = this.#last !== null && this.#last !== now;
    this.#last = now;
    return changed;
  }
}
