import { describe, expect, it } from "vitest";
import { KUBERNETES_VERSIONS } from "../../packages/cli/src/testing/helm-tools.ts";
import { complaints, objectsOf, render, topologies } from "./chart.ts";

describe("every topology of the chart is valid Kubernetes", () => {
  for (const version of KUBERNETES_VERSIONS) {
    it(version, async () => {
      const names = await topologies();
      const rendered = await Promise.all(names.map((name) => render(name)));
      // Reading the schemas takes most of the time, so all are checked at once.
      if ((await complaints(rendered.join("\n---\n"), version)).length === 0) return;
      for (const [index, manifests] of rendered.entries()) {
        expect(await complaints(manifests, version), names[index]).toEqual([]);
      }
    });
  }
});

describe("the validation itself", () => {
  const [version] = KUBERNETES_VERSIONS;

  it("refuses a field that Kubernetes does not know", async () => {
    const broken = (await render("minimal")).replace("serviceName:", "serviceNam:");
    expect((await complaints(broken, version)).join()).toContain("serviceNam");
  });

  it("refuses a value of the wrong type", async () => {
    const broken = (await render("minimal")).replace(/containerPort: \d+/, "containerPort: many");
    expect((await complaints(broken, version)).join()).toContain("containerPort");
  });

  it("refuses a wrong ServiceMonitor and a wrong PrometheusRule", async () => {
    const rendered = await render("separate-everything");
    const monitor = rendered.replace("scrapeTimeout:", "scrapeTimeot:");
    expect((await complaints(monitor, version)).join()).toContain("scrapeTimeot");
    const rule = rendered.replace(/\bexpr:/, "expression:");
    expect((await complaints(rule, version)).join()).toContain("PrometheusRule");
  });

  it("refuses a kind whose schema is not there, rather than skip it", async () => {
    const unknown = "apiVersion: example.org/v1\nkind: Unknown\nmetadata:\n  name: one\n";
    expect((await complaints(unknown, version)).join()).toContain("could not find schema");
  });
});

it("the topologies have the objects they are meant to have", async () => {
  const kinds = async (topology: string): Promise<string[]> =>
    objectsOf(await render(topology)).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
  expect(await kinds("minimal")).toEqual([
    "ServiceAccount/shop-freshet",
    "Service/shop-freshet-postgres",
    "Service/shop-freshet-metrics",
    "StatefulSet/shop-freshet",
  ]);
  expect((await kinds("separate-everything")).sort()).toEqual(
    [
      "ConfigMap/shop-freshet-dashboard",
      "Deployment/shop-freshet-adapter",
      "HorizontalPodAutoscaler/shop-freshet-adapter",
      "NetworkPolicy/shop-freshet-adapter",
      "NetworkPolicy/shop-freshet-server",
      "PodDisruptionBudget/shop-freshet-adapter",
      "PodDisruptionBudget/shop-freshet-server",
      "PrometheusRule/shop-freshet",
      "Service/shop-freshet-metrics",
      "Service/shop-freshet-mysql",
      "Service/shop-freshet-postgres",
      "Service/shop-freshet-rpc",
      "ServiceAccount/shop-freshet",
      "ServiceMonitor/shop-freshet",
      "StatefulSet/shop-freshet-server",
    ].sort(),
  );
});
