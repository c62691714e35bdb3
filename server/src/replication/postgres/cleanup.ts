import { messageOf, OperationalError } from "@freshet/util";
import type pg from "pg";
import { dropTriggers } from "./event-triggers.ts";
import { type SetupNames, quoteName } from "./names.ts";
import { assertReplica } from "./replica-mark.ts";
import { queryRows } from "./session.ts";
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
    done.push(await attempt(`Dropped the slot ${names.slot}.`, () => dropSlot(client, names.slot)));
  }
  done.push(...(await dropBackupSlot(client, names)));
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

/** Removes what a server that is gone left behind; throws while it is connected. */
export async function removeReplica(
  client: pg.Client,
  names: SetupNames,
  whose: { readonly deployment: string; readonly replica: string },
): Promise<readonly string[]> {
  await assertReplica(client, names, whose);
  const slot = await readSlot(client, names);
  if (slot?.active === true) {
    throw new OperationalError(
      `${whose.replica} is connected (process ${slot.activePid}): its slot stays`,
    );
  }
  // First, and failing when the server has come back meanwhile.
  if (slot !== null) await dropSlot(client, names.slot);
  const done = slot === null ? [] : [`Dropped the slot ${names.slot}.`];
  const rest = await cleanUp(client, names);
  return [...done, ...rest.filter((sentence) => !sentence.startsWith("There is no slot"))];
}

async function dropBackupSlot(client: pg.Client, names: SetupNames): Promise<readonly string[]> {
  const dropped = await queryRows(
    client,
    `SELECT pg_drop_replication_slot(slot_name)::text FROM pg_replication_slots
     WHERE slot_name = $1 AND NOT active`,
    [names.backupSlot],
  );
  return dropped.length === 0 ? [] : [`Dropped the slot ${names.backupSlot}.`];
}

async function attempt(sentence: string, work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return sentence;
  } catch (error) {
    return `Failed: ${sentence} (${messageOf(error)})`;
  }
}
