/** The file of a thread beside this one: `.ts` in a checkout, `.js` in the bundle. */
export function threadUrl(name: "engine-thread" | "adapter-thread"): URL {
  const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
  return new URL(`./${name}.${extension}`, import.meta.url);
}
