import type { Address } from "./parse-address.ts";
import type { UserPassword } from "./parse-users.ts";

/** What one option's text becomes; see `parse-value.ts` for the accepted spellings. */
export interface OptionValues {
  /** A name: letters, digits, `.`, `_` and `-`. */
  readonly text: string;
  /** Any text of one line. */
  readonly secret: string;
  /** `host:port`, or an http or https URL of a host and port. */
  readonly endpoint: string;
  /** An http or https URL. */
  readonly link: string;
  /** `schema.table`, `schema.*` or `*.*`. */
  readonly tables: string;
  /** `file:///directory` or `s3://bucket/prefix`. */
  readonly location: string;
  readonly path: string;
  /** A `postgres://`, `postgresql://`, `mysql://` or `mariadb://` URL. */
  readonly url: string;
  readonly address: Address;
  readonly integer: number;
  /** Bytes: `512MB`, `2GB`; units are powers of 1024. */
  readonly bytes: number;
  /** Milliseconds: `500ms`, `5s`, `2m`; a bare number is seconds. */
  readonly duration: number;
  readonly flag: boolean;
  readonly choice: string;
  readonly users: readonly UserPassword[];
}

export type OptionType = keyof OptionValues;

export type OptionGroup =
  | "Upstream"
  | "Listening"
  | "Security"
  | "Caching"
  | "Running"
  | "Cluster"
  | "Backup"
  | "Logging"
  | "Actions";

/** One option; `OPTIONS` is the only list of them, help, docs and types are derived from it. */
export interface OptionSpec {
  /** The field of `Config`. */
  readonly key: string;
  /** The long flag without dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** Environment variables, the first is the documented one. */
  readonly env: readonly string[];
  readonly group: OptionGroup;
  readonly type: OptionType;
  /** As it would be typed; `null`: absent, unless `defaultText` says what is derived. */
  readonly default: string | null;
  readonly defaultText?: string;
  readonly choices?: readonly string[];
  /** Least and greatest value of an integer. */
  readonly range?: readonly [number, number];
  /** May be given several times, or as a list: URLs with spaces between, all else with commas. */
  readonly repeatable?: boolean;
  /** Never printed. */
  readonly secret?: boolean;
  /** One sentence without a full stop. */
  readonly help: string;
}

type Base<S extends OptionSpec> = S extends { type: "choice"; choices: readonly (infer C)[] }
  ? C
  : OptionValues[S["type"]];
type Repeated<S extends OptionSpec> = S extends { repeatable: true } ? readonly Base<S>[] : Base<S>;

/** The type of an option's value in `Config`. */
export type ValueOf<S extends OptionSpec> = S["default"] extends null
  ? Repeated<S> | null
  : Repeated<S>;
