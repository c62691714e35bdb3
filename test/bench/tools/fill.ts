import { withClient } from "./sql.ts";

const CONNECTIONS = 8;

/** Asks for every parameter once, so that its answer is cached. */
export async function fill(
  url: string,
  text: string,
  parameters: readonly (number | string)[],
): Promise<void> {
  let next = 0;
  const work = (): Promise<void> =>
    withClient(url, async (client) => {
      while (next < parameters.length) {
        const value = parameters[next];
        next += 1;
        await client.query({ name: "fill", text, values: [value] });
      }
    });
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}

export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
