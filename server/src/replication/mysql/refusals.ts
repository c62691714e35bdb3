import { qualified } from "./names.ts";
import type { ServerInfo } from "./server-info.ts";
import type { TableDetail } from "./table-detail.ts";

const LOGGED_ENGINES: ReadonlySet<string> = new Set(["innodb"]);

/** Why a table cannot be followed exactly, with the fix where there is one; null when it can. */
export function refusalOf(detail: TableDetail, server: ServerInfo): string | null {
  const name = qualified(detail);
  switch (detail.kind) {
    case "BASE TABLE":
      break;
    case "VIEW":
      return `${name} is a view; views are not supported incrementally yet`;
    case "SYSTEM VERSIONED":
      return `${name} is system versioned: what a query sees of it depends on time`;
    case "SEQUENCE":
      return `${name} is a sequence`;
    default:
      return `${name} is not a table (${detail.kind.toLowerCase()})`;
  }
  if (!LOGGED_ENGINES.has(detail.engine.toLowerCase())) {
    const engine = detail.engine === "" ? "no readable engine" : `engine ${detail.engine}`;
    return `${name} has ${engine}; only InnoDB gives consistent copies (fix: ALTER TABLE ${name} ENGINE = InnoDB)`;
  }
  const hashed = detail.indexes.find((index) => index.hashed);
  if (hashed !== undefined) {
    return `${name} has the unique key "${hashed.name}" of long values, for which the binary log has a column that cannot be told from others (fix: a key of a prefix, or of a hash in a column of its own)`;
  }
  const [cascade] = detail.cascades;
  if (cascade !== undefined && !server.logsCascades) {
    const fix =
      server.flavour === "mysql" && server.versionNumber >= 90_600
        ? "set innodb_native_foreign_keys = OFF and restart the server, or "
        : "";
    return `${name} has the foreign key "${cascade}" with ON DELETE or ON UPDATE CASCADE, SET NULL or SET DEFAULT, whose effects this server does not write to its binary log (fix: ${fix}make it RESTRICT or NO ACTION)`;
  }
  return null;
}
