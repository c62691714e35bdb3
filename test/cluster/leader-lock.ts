interface KeyValue {
  readonly Value: string | null;
  readonly Session?: string;
}

export interface LeaderLock {
  readonly name: string;
  /** Its term. */
  readonly token: number;
  readonly addresses?: Readonly<Record<string, string>>;
}

/**
 * What stands beside the deployment's leader lock, read from Consul itself rather than through the
 * product; null when the lock is free. Rejects when Consul does not answer.
 */
export async function leaderLock(
  consulAddress: string,
  deployment: string,
  region = "default",
): Promise<LeaderLock | null> {
  const key = `freshet/${deployment}/leaders/${region}`;
  const response = await fetch(`http://${consulAddress}/v1/kv/${key}`, {
    signal: AbortSignal.timeout(5_000),
  });
  if (response.status === 404) return null;
  if (!response.ok) throw new Error(`Consul answers ${response.status}`);
  const [entry] = (await response.json()) as readonly KeyValue[];
  if (entry?.Session === undefined || entry.Value === null) return null;
  return JSON.parse(Buffer.from(entry.Value, "base64").toString("utf8")) as LeaderLock;
}
