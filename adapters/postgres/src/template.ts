import type { Learned, LearnedSettings, StartupTemplates } from "@freshet/adapter-core";
import type { HiddenSettings } from "./probe.ts";
import type { UpstreamConnection } from "./upstream/connect.ts";

/** What a server says to a client that starts with these parameters. */
export interface StartupTemplate extends LearnedSettings<HiddenSettings> {
  readonly parameters: ReadonlyMap<string, string>;
}

export type LearnedTemplate = Learned<StartupTemplate, UpstreamConnection>;
export type Templates = StartupTemplates<StartupTemplate, UpstreamConnection>;

/** Parameters that make no difference to the template. */
export function templateKey(parameters: readonly (readonly [string, string])[]): string {
  return parameters
    .filter(([name]) => name !== "application_name")
    .map(([name, value]) => `${name}\0${value}`)
    .join("\0\0");
}
