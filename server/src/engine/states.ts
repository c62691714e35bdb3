import { type Clock, type Logger, systemClock } from "@freshet/util";
import { DEFINITIONS_FORM, type DefinitionsValue } from "../controller/definitions.ts";
import { type DeploymentSettings, SETTINGS_FORM } from "../controller/deployment-settings.ts";
import { type DocumentPort, SharedState } from "../controller/shared-state.ts";
import { LocalState } from "../controller/state-file.ts";
import type { State, StateForm } from "../controller/state.ts";
import type { LocalFiles } from "../local-files.ts";
import type { SharedDocuments } from "./engine-options.ts";

/** What people have defined: kept by this process alone, or shared with the deployment. */
export interface States {
  readonly definitions: State<DefinitionsValue>;
  readonly settings: State<DeploymentSettings>;
}

/** Throws a ConfigurationError when a file cannot be understood. */
export async function openStates(
  files: LocalFiles,
  options: {
    readonly documents?: SharedDocuments | null;
    readonly logger: Logger;
    readonly clock?: Clock;
  },
): Promise<States> {
  const { documents = null, logger, clock = systemClock } = options;
  if (documents === null) {
    return {
      definitions: new LocalState(files.definitions, DEFINITIONS_FORM),
      settings: new LocalState(files.settings, SETTINGS_FORM),
    };
  }
  const shared = <T extends object>(port: DocumentPort, path: string, form: StateForm<T>) =>
    new SharedState<T>({ port, path, form, logger });
  const definitions = shared(documents.definitions, files.definitions, DEFINITIONS_FORM);
  const settings = shared(documents.settings, files.settings, SETTINGS_FORM);
  await Promise.all([definitions.load(clock), settings.load(clock)]);
  return { definitions, settings };
}
