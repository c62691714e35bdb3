import { CLIENT, SERVER_STATUS, SESSION_TRACK } from "../capabilities.ts";
import { PacketBuilder, payload } from "../packet-builder.ts";
import { PayloadReader } from "../payload-reader.ts";

export const OK_HEADER = 0x00;
/** Header of an EOF packet and of the OK packet that replaces it with CLIENT.deprecateEof. */
export const EOF_HEADER = 0xfe;

/** One piece of the session state information of an OK packet; texts are byte strings. */
export type SessionChange =
  | { readonly kind: "variable"; readonly name: string; readonly value: string }
  | { readonly kind: "schema"; readonly name: string }
  | { readonly kind: "state"; readonly changed: boolean }
  | { readonly kind: "gtids"; readonly encoding: number; readonly gtids: string }
  | { readonly kind: "transaction-characteristics"; readonly statements: string }
  | { readonly kind: "transaction-state"; readonly state: string }
  | { readonly kind: "other"; readonly type: number; readonly data: string };

export interface Ok {
  /** Bigint above 2^53 - 1. */
  readonly affectedRows: number | bigint;
  readonly insertId: number | bigint;
  /** `SERVER_STATUS` flags. */
  readonly status: number;
  readonly warnings: number;
  /** Byte string. */
  readonly info: string;
  readonly sessionChanges: readonly SessionChange[];
}

const NO_CHANGES: readonly SessionChange[] = [];

export type OkFields = Partial<Ok> & { readonly status: number };

/** `capabilities` are the client's: they decide whether there is room for session changes. */
export function okPacket(ok: OkFields, capabilities: number, header: number = OK_HEADER): Buffer {
  return payload((out) => writeOk(out, ok, capabilities, header));
}

export function writeOk(
  out: PacketBuilder,
  ok: OkFields,
  capabilities: number,
  header: number = OK_HEADER,
): void {
  const info = ok.info ?? "";
  const track = (capabilities & CLIENT.sessionTrack) !== 0;
  const changes = track ? (ok.sessionChanges ?? NO_CHANGES) : NO_CHANGES;
  const changed = SERVER_STATUS.sessionStateChanged;
  out.uint8(header);
  out.lenencInt(ok.affectedRows ?? 0);
  out.lenencInt(ok.insertId ?? 0);
  out.uint16(changes.length > 0 ? ok.status | changed : ok.status & ~changed);
  out.uint16(ok.warnings ?? 0);
  if (!track) {
    out.byteText(info);
    return;
  }
  if (info === "" && changes.length === 0) return;
  out.lenencText(info);
  if (changes.length > 0) out.lenencBytes(sessionChanges(changes));
}

export function parseOk(buffer: Buffer, start: number, end: number, capabilities: number): Ok {
  const reader = new PayloadReader(buffer, start + 1, end);
  const affectedRows = reader.lenencInt();
  const insertId = reader.lenencInt();
  const status = reader.uint16();
  const warnings = reader.uint16();
  let info = "";
  let changes = NO_CHANGES;
  if ((capabilities & CLIENT.sessionTrack) === 0) info = reader.rest();
  else if (reader.left > 0) {
    info = reader.lenencString();
    if ((status & SERVER_STATUS.sessionStateChanged) !== 0 && reader.left > 0) {
      const length = reader.lenencLength();
      const at = reader.skip(length);
      changes = parseSessionChanges(buffer, at, at + length);
    }
  }
  return { affectedRows, insertId, status, warnings, info, sessionChanges: changes };
}

function sessionChanges(changes: readonly SessionChange[]): Buffer {
  const out = new PacketBuilder(128);
  for (const change of changes) {
    const data = payload((part) => writeChange(part, change));
    out.uint8(changeType(change));
    out.lenencBytes(data);
  }
  return out.copy();
}

function changeType(change: SessionChange): number {
  switch (change.kind) {
    case "variable":
      return SESSION_TRACK.systemVariables;
    case "schema":
      return SESSION_TRACK.schema;
    case "state":
      return SESSION_TRACK.stateChange;
    case "gtids":
      return SESSION_TRACK.gtids;
    case "transaction-characteristics":
      return SESSION_TRACK.transactionCharacteristics;
    case "transaction-state":
      return SESSION_TRACK.transactionState;
    case "other":
      return change.type;
  }
}

function writeChange(out: PacketBuilder, change: SessionChange): void {
  switch (change.kind) {
    case "variable":
      out.lenencText(change.name);
      out.lenencText(change.value);
      return;
    case "schema":
      out.lenencText(change.name);
      return;
    case "state":
      out.lenencText(change.changed ? "1" : "0");
      return;
    case "gtids":
      out.uint8(change.encoding);
      out.lenencText(change.gtids);
      return;
    case "transaction-characteristics":
      out.lenencText(change.statements);
      return;
    case "transaction-state":
      out.lenencText(change.state);
      return;
    case "other":
      out.byteText(change.data);
  }
}

function parseSessionChanges(buffer: Buffer, start: number, end: number): SessionChange[] {
  const reader = new PayloadReader(buffer, start, end);
  const changes: SessionChange[] = [];
  while (reader.left > 0) {
    const type = reader.uint8();
    const length = reader.lenencLength();
    const at = reader.skip(length);
    const data = new PayloadReader(buffer, at, at + length);
    if (type === SESSION_TRACK.systemVariables) {
      // MariaDB puts several variables into one piece.
      do {
        changes.push({ kind: "variable", name: data.lenencString(), value: data.lenencString() });
      } while (data.left > 0);
    } else changes.push(parseChange(type, data));
  }
  return changes;
}

function parseChange(type: number, data: PayloadReader): SessionChange {
  switch (type) {
    case SESSION_TRACK.schema:
      return { kind: "schema", name: data.lenencString() };
    case SESSION_TRACK.stateChange:
      return { kind: "state", changed: data.lenencString() === "1" };
    case SESSION_TRACK.gtids:
      return { kind: "gtids", encoding: data.uint8(), gtids: data.lenencString() };
    case SESSION_TRACK.transactionCharacteristics:
      return { kind: "transaction-characteristics", statements: data.lenencString() };
    case SESSION_TRACK.transactionState:
      return { kind: "transaction-state", state: data.lenencString() };
    default:
      return { kind: "other", type, data: data.rest() };
  }
}
