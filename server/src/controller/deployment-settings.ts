import type { State, StateForm } from "./state.ts";

/** What statements set for the whole deployment. */
export interface DeploymentSettings {
  /** Shown by SHOW FRESHET STATUS; nothing else depends on it. */
  readonly maintenance: boolean;
}

export const SETTINGS_FORM: StateForm<DeploymentSettings> = {
  initial: { maintenance: false },
  title: "settings of the deployment",
  parse(value) {
    const { maintenance } = value as Partial<DeploymentSettings>;
    return { maintenance: maintenance === true };
  },
};

export function setMaintenance(state: State<DeploymentSettings>, on: boolean): Promise<void> {
  return state.update((value) =>
    value.maintenance === on ? value : { ...value, maintenance: on },
  );
}
