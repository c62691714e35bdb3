import { scopeOf } from "@freshet/adapter-core";
import type { RenderingSettings } from "@freshet/pg-wire";
import type { SessionScope } from "@freshet/rpc";
import {
  type LexerSettings,
  POSTGRES_ESCAPING_SETTINGS,
  POSTGRES_LEXER_SETTINGS,
} from "@freshet/sql";
import type { HiddenSettings } from "./probe.ts";

/**
 * One session's settings: the reported ones follow every ParameterStatus, the hidden ones come
 * from probes. `key` names the rendering; equal keys mean equal bytes.
 */
export class SessionSettings {
  readonly #reported: Map<string, string>;
  #hidden: HiddenSettings | null;
  #scope: SessionScope | null = null;
  #key: string | null = null;
  lexer: LexerSettings = POSTGRES_LEXER_SETTINGS;

  constructor(reported: ReadonlyMap<string, string>, hidden: HiddenSettings | null) {
    this.#reported = new Map(reported);
    this.#hidden = hidden;
    this.#refresh();
  }

  get reported(): ReadonlyMap<string, string> {
    return this.#reported;
  }

  get hidden(): HiddenSettings | null {
    return this.#hidden;
  }

  /** Null: caches cannot be used (unknown settings, or an encoding that is not UTF8). */
  get scope(): SessionScope | null {
    return this.#scope;
  }

  /** Rendering identity. */
  get key(): string {
    this.#key ??= Object.values(this.rendering()).join("\0");
    return this.#key;
  }

  report(name: string, value: string): void {
    if (this.#reported.get(name) === value) return;
    this.#reported.set(name, value);
    this.#refresh();
  }

  probed(hidden: HiddenSettings | null): void {
    this.#hidden = hidden;
    this.#refresh();
  }

  rendering(): RenderingSettings {
    const reported = (name: string) => this.#reported.get(name) ?? "";
    return {
      dateStyle: reported("DateStyle"),
      timeZone: reported("TimeZone"),
      intervalStyle: reported("IntervalStyle"),
      extraFloatDigits: Number(this.#hidden?.extraFloatDigits ?? 1),
      byteaOutput: this.#hidden?.byteaOutput ?? "",
    };
  }

  #refresh(): void {
    const hidden = this.#hidden;
    this.#key = null;
    const escaping = this.#reported.get("standard_conforming_strings") === "off";
    this.lexer = escaping ? POSTGRES_ESCAPING_SETTINGS : POSTGRES_LEXER_SETTINGS;
    const usable =
      hidden !== null &&
      this.#reported.get("client_encoding") === "UTF8" &&
      this.#reported.get("server_encoding") === "UTF8";
    this.#scope = usable ? scopeOf(hidden.database, hidden.role, hidden.schemas) : null;
  }
}
