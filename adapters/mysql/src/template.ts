import type { Learned, LearnedSettings, StartupTemplates } from "@freshet/adapter-core";
import type { HiddenSettings } from "./probe.ts";
import type { UpstreamConnection, UpstreamLogin } from "./upstream/connect.ts";

/** What a server says to a client that logs in like this. */
export interface StartupTemplate extends LearnedSettings<HiddenSettings> {
  /** Payload of the OK that ends the login. */
  readonly ok: Buffer;
  /** `SERVER_STATUS` flags. */
  readonly status: number;
}

export type LearnedTemplate = Learned<StartupTemplate, UpstreamConnection>;
export type Templates = StartupTemplates<StartupTemplate, UpstreamConnection>;

/** Without what makes no difference: connection attributes and the client's packet limit. */
export function templateKey(login: UpstreamLogin): string {
  const { user, database, capabilities, charset } = login;
  return [user, database ?? "", capabilities, charset].join("\0");
}
