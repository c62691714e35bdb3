import { messageOf, OperationalError } from "@freshet/util";
import type pg from "pg";
import { dropTriggers } from "./event-triggers.ts";
import { type SetupNames, quoteName, quoteText } from "./names.ts";
import { assertReplica } from "./replica-mark.ts";
import { dropSlot, readSlot } from "./slot.ts";

const FAILED = "Failed: ";
/** Triggers of a server that is gone fire still, in transactions that may go on for long. */
const LOCK_TIMEOUT = "2s";

/**
 * Removes what this deployment made upstream; returns one sentence for each thing. `whole`: what
 * cannot be removed keeps what would be removed after it.
 */
export async function cleanUp(
  client: pg.Client,
  names: SetupNames,
  options: { readonly whole?: boolean } = {},
): Promise<readonly string[]> {
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
  // By the publication it is found again.
  if (options.whole === true && done.some(isFailure)) return done;
  const commands: readonly (readonly [string, string])[] = [
    ...dropTriggers(names).map((command) => ["Dropped an event trigger.", command] as const),
    [
      `Dropped the schema ${names.schema}.`,
      `DROP SCHEMA IF EXISTS ${quoteName(names.schema)} CASCADE`,
    ],
    // Last: it tells whose the rest is.
    [
      `Dropped the publication ${names.publication}.`,
      `DROP PUBLICATION IF EXISTS ${quoteName(names.publication)}`,
    ],
  ];
  for (const [sentence, command] of commands) {
    done.push(await attempt(sentence, () => client.query(command)));
    if (options.whole === true && done.some(isFailure)) break;
  }
  return done;
}

/**
 * Removes what a server that is gone left behind. Throws while it is connected, and when something
 * stays because a lock on it is held.
 */
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
  await client.query(`SET lock_timeout TO ${quoteText(LOCK_TIMEOUT)}`);
  const rest = await cleanUp(client, names, { whole: true }).finally(() =>
    client.query("SET lock_timeout TO 0"),
  );
  // The rest is tried again as long as there is the publication.
  const failure = rest.find(isFailure);
  if (failure !== undefined) throw new OperationalError(failure.slice(FAILED.length));
  return [...done, ...rest.filter((sentence) => !sentence.startsWith("There is no slot"))];
}

function isFailure(sentence: string): boolean {
  return sentence.startsWith(FAILED);
}

/** The server may be moving it still for a client that is gone, which can take long. */
async function dropBackupSlot(client: pg.Client, names: SetupNames): Promise<readonly string[]> {
  const { backupSlot } = names;
  const slot = await readSlot(client, names, backupSlot);
  if (slot === null) return [];
  if (slot.active) {
    return [
      `${FAILED}The slot ${backupSlot} is in use by process ${slot.activePid}: clean up again when it has ended.`,
    ];
  }
  return [await attempt(`Dropped the slot ${backupSlot}.`, () => dropSlot(client, backupSlot))];
}

async function attempt(sentence: string, work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return sentence;
  } catch (error) {
    return `${FAILED}${sentence} (${messageOf(error)})`;
  }
}
