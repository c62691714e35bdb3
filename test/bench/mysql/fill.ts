import { mysqlConnect, mysqlExecuted } from "../../support/mysql-database.ts";

const CONNECTIONS = 8;

/** Asks for every parameter once, so that its answer is cached. */
export async function fill(
  url: string,
  text: string,
  parameters: readonly number[],
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    const client = await mysqlConnect(url);
    while (next < parameters.length) {
      const value = parameters[next] ?? 0;
      next += 1;
      await mysqlExecuted(client, text, [value]);
    }
    await client.end();
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, work));
}
