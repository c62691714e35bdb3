import type { State, StateForm } from "./state.ts";

/** What statements set for the whole deployment. */
export interface DeploymentSettings {
  /** Shown by SHOW FRESHET STATUS; nothing else depends on it. */
  readonly maintenance: boolean;
  /** What widens `--replication-tables`, as patterns like its own. */
  readonly tables: readonly string[];
}

export const SETTINGS_FORM: StateForm<DeploymentSettings> = {
  initial: { maintenance: false, tables: [] },
  title: "settings of the deployment",
  parse(value) {
    const { maintenance, tables = [] } = value as Partial<DeploymentSettings>;
    if (!Array.isArray(tables) || !tables.every((name) => typeof name === "string")) {
      throw new Error("its tables are no list of names");
    }
    return { maintenance: maintenance === true, tables };
  },
};

export function setMaintenance(state: State<DeploymentSettings>, on: boolean): Promise<void> {
  return state.update((value) =>
    value.maintenance === on ? value : { ...value, maintenance: on },
  );
}
