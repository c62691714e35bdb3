import { messageOf } from "@freshet/util";
import type pg from "pg";
import { dropTriggers } from "./event-triggers.ts";
import { type SetupNames, quoteName } from "./names.ts";
import { dropSlot, readSlot } from "./slot.ts";

/** Removes what this deployment made upstream; returns one sentence for each thing. */
export async function cleanUp(client: pg.Client, names: SetupNames): Promise<readonly string[]> {
  const done: string[] = [];
  const slot = await readSlot(client, names);
  if (slot === null) done.push(`There is no slot ${names.slot}.`);
  else if (slot.active) {
    done.push(
      `The slot ${names.slot} is in use by process ${slot.activePid}: stop that Freshet, then clean up again.`,
    );
  } else {
    done.push(await attempt(`Dropped the slot ${names.slot}.`, () => dropSlot(client, names)));
  }
  const commands: readonly (readonly [string, string])[] = [
    ...dropTriggers(names).map((command) => ["Dropped an event trigger.", command] as const),
    [
      `Dropped the publication ${names.publication}.`,
      `DROP PUBLICATION IF EXISTS ${quoteName(names.publication)}`,
    ],
    [
      `Dropped the schema ${names.schema}.`,
      `DROP SCHEMA IF EXISTS ${quoteName(names.schema)} CASCADE`,
    ],
  ];
  for (const [sentence, command] of commands) {
    done.push(await attempt(sentence, () => client.query(command)));
  }
  return done;
}

async function attempt(sentence: string, work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return sentence;
  } catch (error) {
    return `Failed: ${sentence} (${messageOf(error)})`;
  }
}
