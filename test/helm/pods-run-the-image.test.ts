import { join } from "node:path";
import { type Config, parseConfig } from "@freshet/config";
import { must } from "@freshet/util";
import { beforeAll, describe, expect, it } from "vitest";
import { readDockerfile } from "../image/dockerfile.ts";
import { type KubernetesObject, objectsOf, render, topologies } from "./chart.ts";

interface EnvVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly key: string; readonly optional?: boolean };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

interface Container {
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env: readonly EnvVariable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly volumeMounts: readonly { readonly mountPath: string }[];
  readonly resources: { readonly limits?: { readonly memory?: string } };
  readonly securityContext: Readonly<Record<string, unknown>>;
}

interface PodSpec {
  readonly containers: readonly Container[];
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: Readonly<Record<string, unknown>>;
}

interface Pod {
  readonly topology: string;
  readonly role: string;
  readonly spec: PodSpec;
  readonly container: Container;
}

/** What a Secret's key may hold. */
const SECRETS: Readonly<Record<string, string>> = {
  uri: "postgres://app:secret@pg/shop",
  "postgres-url": "postgres://app:secret@pg/shop",
  "mysql-url": "mysql://app:secret@my/shop",
};
const FIELDS: Readonly<Record<string, string>> = {
  "metadata.name": "shop-freshet-server-0",
  "status.podIP": "10.1.2.3",
  "status.hostIP": "10.0.0.7",
};

const pods: Pod[] = [];
beforeAll(async () => {
  for (const topology of await topologies()) {
    for (const object of objectsOf(await render(topology))) pods.push(...podsOf(topology, object));
  }
});

describe("the pods", () => {
  it("are those of every role", () => {
    expect(new Set(pods.map(({ role }) => role))).toEqual(
      new Set(["combined", "server", "adapter"]),
    );
  });

  it("run the image's own entry point with a role as the only argument", async () => {
    const stages = await readDockerfile(join(import.meta.dirname, "..", "..", "Dockerfile"));
    const entry = stages.at(-1)?.steps.find(({ instruction }) => instruction === "ENTRYPOINT");
    expect(entry?.words).toEqual(["node", "/app/main.js"]);
    for (const { role, container } of pods) {
      expect(container.command).toBeUndefined();
      expect(container.args).toEqual(role === "combined" ? undefined : [role]);
    }
  });

  it("are configured by what the command accepts", () => {
    for (const pod of pods) {
      const config = configOf(pod);
      expect(config.role).toBe(pod.role);
      expect(config.metricsAddress).toEqual({ host: "0.0.0.0", port: 6034 });
    }
  });

  it("give the cache a half of the container's memory", () => {
    for (const pod of pods) {
      const limit = must(pod.container.resources.limits?.memory, "there is a limit");
      const bytes = Number(limit.replace("Gi", "")) * 2 ** 30;
      expect(configOf(pod).memoryLimitBytes).toBe(bytes / 2);
    }
  });

  it("have more time to end than draining takes", () => {
    for (const pod of pods) {
      const { drainDelayMs, drainTimeoutMs } = configOf(pod);
      const graceMs = pod.spec.terminationGracePeriodSeconds * 1000;
      expect(graceMs).toBeGreaterThanOrEqual(drainDelayMs + drainTimeoutMs + 15_000);
    }
  });

  it("have every file that an option names below a mount", () => {
    for (const { container } of pods) {
      const mounts = container.volumeMounts.map(({ mountPath }) => mountPath);
      const paths = container.env.map(({ value }) => value ?? "").filter((v) => /^\/\w/.test(v));
      for (const path of paths) {
        expect(mounts.some((mount) => path === mount || path.startsWith(`${mount}/`))).toBe(true);
      }
    }
  });

  it("hold no secret in arguments or in the open", async () => {
    for (const topology of await topologies()) {
      const objects = objectsOf(await render(topology)).filter(({ kind }) => kind !== "Secret");
      expect(JSON.stringify(objects)).not.toContain("app:secret");
    }
  });

  it("may do as little as possible", () => {
    for (const { spec, container } of pods) {
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 10001 });
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ["ALL"] },
      });
    }
  });
});

describe("options reach the roles that use them", () => {
  it("and no others", () => {
    const [server, adapter] = ["server", "adapter"].map((role) =>
      configOf(
        must(
          pods.find((pod) => pod.topology === "separate-everything" && pod.role === role),
          "the topology has the role",
        ),
      ),
    );
    expect(server).toMatchObject({
      deployment: "shop",
      memberName: "shop-freshet-server-0",
      advertiseHost: "10.1.2.3",
      backup: "s3://example-backups/freshet",
      backupKeep: 5,
      abandonedAfterMs: 7_200_000,
      authorityAddress: "https://consul-server.consul.svc:8501",
      rpcTlsCa: "/etc/freshet/rpc-tls/ca.crt",
    });
    expect(server?.rpcAddresses?.map(({ port }) => port)).toEqual([6035, 6036]);
    expect(adapter).toMatchObject({ backup: null, tlsMode: "required", memberName: null });
    expect(adapter?.addresses?.map(({ port }) => port)).toEqual([5433, 3307]);
  });

  it("and the agent of the pod's node can be the authority", () => {
    const addresses = pods
      .filter(({ topology }) => topology === "multi-region")
      .map((pod) => configOf(pod).authorityAddress);
    expect(addresses).toEqual(["10.0.0.7:8500", "10.0.0.7:8500"]);
  });

  it("and a region is part of its servers' names", () => {
    const names = pods
      .filter(({ topology }) => topology === "multi-region")
      .map((pod) => configOf(pod))
      .map(({ memberName, region, fallbackRegions }) => ({ memberName, region, fallbackRegions }));
    expect(names).toContainEqual({
      memberName: "eu-west.shop-freshet-server-0",
      region: "eu-west",
      fallbackRegions: null,
    });
    expect(names).toContainEqual({
      memberName: null,
      region: "eu-west",
      fallbackRegions: ["eu-north", "us-east"],
    });
  });
});

/** The configuration as the command in the pod reads it. Throws where it would refuse to start. */
function configOf({ container, role }: Pod): Config {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of container.env) {
    const field = valueFrom?.fieldRef?.fieldPath;
    const secret = valueFrom?.secretKeyRef;
    if (secret?.optional === true) continue;
    const text = value ?? FIELDS[field ?? ""] ?? SECRETS[secret?.key ?? ""] ?? "secret";
    // As Kubernetes does it: only variables that stand before are known.
    env[name] = text.replace(/\$\((\w+)\)/g, (all, other: string) => env[other] ?? all);
  }
  expect(Object.values(env).join("\n")).not.toContain("$(");
  return parseConfig(container.args ?? (role === "combined" ? [] : [role]), env);
}

function podsOf(topology: string, object: KubernetesObject): Pod[] {
  const role = object.metadata.labels?.["app.kubernetes.io/component"] ?? "";
  if (!/^(StatefulSet|Deployment)$/.test(object.kind) || role === "consul") return [];
  const { spec } = (object.spec as { template: { spec: PodSpec } }).template;
  return [{ topology, role, spec, container: must(spec.containers[0], "a pod has a container") }];
}
