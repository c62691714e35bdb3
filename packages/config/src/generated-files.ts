import { join } from "node:path";
import { helmOptions, helmValuesSchema } from "./helm-schema.ts";
import { configurationMarkdown } from "./reference.ts";

const root = join(import.meta.dirname, "..", "..", "..");

/** Files of the repository whose text is derived from the option specification. */
export function generatedFiles(): readonly { readonly path: string; readonly text: string }[] {
  const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
  return [
    { path: join(root, "CONFIGURATION.md"), text: configurationMarkdown() },
    { path: join(root, "helm/freshet/values.schema.json"), text: json(helmValuesSchema()) },
    { path: join(root, "helm/freshet/files/options.json"), text: json(helmOptions()) },
  ];
}
