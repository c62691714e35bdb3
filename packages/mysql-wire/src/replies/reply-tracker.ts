import { CLIENT, SERVER_STATUS } from "../capabilities.ts";
import { COMMAND } from "../command-codes.ts";
import { AUTH_PACKET, CACHING_SHA2 } from "../handshake/auth-packets.ts";
import { MAX_PAYLOAD_BYTES } from "../packet-scanner.ts";
import { PayloadReader } from "../payload-reader.ts";
import { ProtocolViolation } from "../protocol-violation.ts";
import { EOF_MAX_BYTES } from "./eof.ts";
import { ERR_HEADER, PROGRESS_REPORT } from "./err.ts";
import { LOCAL_INFILE_HEADER } from "./local-infile.ts";
import { EOF_HEADER, OK_HEADER } from "./ok.ts";

/** What a server's packet is within the reply. */
export type PacketKind =
  | "ok"
  | "error"
  /** MariaDB: the reply has not begun yet. */
  | "progress"
  | "column-count"
  | "column"
  /** A prepared statement's parameter. */
  | "param"
  /** EOF after columns or parameters. */
  | "metadata-end"
  | "row"
  /** EOF or OK after rows. */
  | "rows-end"
  | "prepare-ok"
  | "infile"
  | "auth"
  /** The bare string of COM_STATISTICS. */
  | "text"
  /** An event of COM_BINLOG_DUMP. */
  | "event"
  /** The rest of a payload of 16 MB or more. */
  | "continuation";

/** What may come next. */
type State =
  | "idle"
  /** OK, ERR, LOCAL INFILE or a column count. */
  | "result"
  /** One packet that ends the reply. */
  | "single"
  | "statistics"
  | "columns"
  | "columns-eof"
  | "rows"
  | "field-list"
  | "prepare"
  | "prepare-params"
  | "prepare-params-eof"
  | "prepare-columns"
  | "prepare-columns-eof"
  | "auth"
  | "events";

/** Where a command's reply begins; null: none comes. Unknown commands get one packet. */
function firstState(command: number): State | null {
  switch (command) {
    case COMMAND.quit:
    case COMMAND.stmtClose:
    case COMMAND.stmtSendLongData:
      return null;
    case COMMAND.query:
    case COMMAND.processInfo:
    case COMMAND.stmtExecute:
    case COMMAND.stmtBulkExecute:
      return "result";
    case COMMAND.stmtPrepare:
      return "prepare";
    case COMMAND.stmtFetch:
      return "rows";
    case COMMAND.fieldList:
      return "field-list";
    case COMMAND.statistics:
      return "statistics";
    case COMMAND.changeUser:
      return "auth";
    case COMMAND.binlogDump:
    case COMMAND.binlogDumpGtid:
      return "events";
    default:
      return "single";
  }
}

/**
 * Finds the end of the reply to each command in what a server sends (MySQL internals, "Command
 * Phase"). It is told of every physical packet, so that long rows need not be joined, and looks
 * only at a payload's first bytes. One command at a time: the next `begin` comes after `done`.
 */
export class ReplyTracker {
  /** `SERVER_STATUS` flags of the last OK or EOF seen. */
  status = 0;
  warnings = 0;
  /** Error number of the reply to this command, 0 when there was none. */
  errorCode = 0;
  /** True between replies. */
  done = true;
  /** True while the client has to send: LOCAL INFILE data or an answer to authenticate with. */
  awaitsClient = false;
  /** Of the last COM_STMT_PREPARE. */
  statementId = 0;
  paramCount = 0;
  columnCount = 0;

  readonly #deprecateEof: boolean;
  #state: State = "idle";
  #left = 0;
  /** One result of this command has ended. */
  #hadResult = false;
  #continues = false;
  #isExecute = false;
  /**
   * The rows being read are OUT parameters, after which OK always comes: MySQL says so in the EOF
   * before the rows, and no longer in the one after them.
   */
  #outParams = false;

  /** `capabilities` are those agreed on with the server whose packets these are. */
  constructor(capabilities: number) {
    this.#deprecateEof = (capabilities & CLIENT.deprecateEof) !== 0;
  }

  /** A command goes to the server; false when it is never answered. */
  begin(command: number): boolean {
    const state = firstState(command);
    this.errorCode = 0;
    this.awaitsClient = false;
    if (state === null) return false;
    this.#state = state;
    this.#hadResult = false;
    this.#outParams = false;
    this.#isExecute = command === COMMAND.stmtExecute;
    this.done = false;
    return true;
  }

  /** Between two rows: an ERR may come instead of the next. */
  get inRows(): boolean {
    return this.#state === "rows" && !this.#continues;
  }

  /** Another result of this command follows the one that has just ended. */
  get moreResults(): boolean {
    return this.#state === "result" && this.#hadResult;
  }

  /**
   * One physical packet: its payload has `length` bytes, of which the first 32 at least (or all)
   * are at `start` of the buffer.
   */
  packet(buffer: Buffer, start: number, length: number): PacketKind {
    if (this.#continues) {
      this.#continues = length === MAX_PAYLOAD_BYTES;
      return "continuation";
    }
    this.#continues = length === MAX_PAYLOAD_BYTES;
    const first = length === 0 ? -1 : (buffer[start] as number);
    switch (this.#state) {
      case "rows":
        // The hot case: anything but these two is a row.
        if (first < EOF_HEADER) return "row";
        return this.#afterRows(buffer, start, length, first);
      case "result":
        return this.#result(buffer, start, length, first);
      case "columns":
        if (first === ERR_HEADER) return this.#error(buffer, start, length);
        this.#left -= 1;
        if (this.#left === 0) this.#state = this.#deprecateEof ? "rows" : "columns-eof";
        return "column";
      case "columns-eof":
        if (first === ERR_HEADER) return this.#error(buffer, start, length);
        this.#readEof(buffer, start, length);
        if (this.#opensCursor()) this.#resultEnded();
        else this.#state = "rows";
        this.#outParams = (this.status & SERVER_STATUS.psOutParams) !== 0;
        return "metadata-end";
      case "field-list":
        if (first < EOF_HEADER) return "column";
        return this.#afterRows(buffer, start, length, first);
      case "single":
        return this.#single(buffer, start, length, first);
      case "statistics":
        if (first === ERR_HEADER) return this.#error(buffer, start, length);
        this.#finish();
        return "text";
      case "prepare":
      case "prepare-params":
      case "prepare-params-eof":
      case "prepare-columns":
      case "prepare-columns-eof":
        return this.#prepare(buffer, start, length, first);
      case "auth":
        return this.#auth(buffer, start, length, first);
      case "events":
        if (first === ERR_HEADER) return this.#error(buffer, start, length);
        if (first === EOF_HEADER && length <= EOF_MAX_BYTES) {
          this.#finish();
          return "rows-end";
        }
        return "event";
      case "idle":
        // A server that closes an idle connection says why.
        if (first === ERR_HEADER) return this.#error(buffer, start, length);
        throw new ProtocolViolation("A packet without a command");
    }
  }

  /** The client has sent its whole file, or its answer: the server speaks next. */
  clientAnswered(): void {
    this.awaitsClient = false;
  }

  /**
   * Rows stay in the server until fetched. The flag alone does not say so: MariaDB sets it also
   * while a stored procedure has a cursor of its own open, whose results are always several.
   */
  #opensCursor(): boolean {
    const flags = SERVER_STATUS.cursorExists | SERVER_STATUS.moreResultsExist;
    return this.#isExecute && (this.status & flags) === SERVER_STATUS.cursorExists;
  }

  #result(buffer: Buffer, start: number, length: number, first: number): PacketKind {
    switch (first) {
      case OK_HEADER:
        this.awaitsClient = false;
        this.#readOk(buffer, start, length);
        this.#resultEnded();
        return "ok";
      case ERR_HEADER:
        return this.#error(buffer, start, length);
      case LOCAL_INFILE_HEADER:
        this.awaitsClient = true;
        return "infile";
      case EOF_HEADER:
        if (length <= EOF_MAX_BYTES) {
          // Some commands are executed as text and answered by EOF alone.
          this.#readEof(buffer, start, length);
          this.#resultEnded();
          return "ok";
        }
        throw new ProtocolViolation("A result without a column count");
      default: {
        const count = new PayloadReader(buffer, start, start + length).lenencInt();
        this.#left = Number(count);
        this.#state = "columns";
        return "column-count";
      }
    }
  }

  #afterRows(buffer: Buffer, start: number, length: number, first: number): PacketKind {
    if (first === ERR_HEADER) return this.#error(buffer, start, length);
    if (this.#deprecateEof) {
      // A row whose first value has an 8-byte length fills its first packet.
      if (length === MAX_PAYLOAD_BYTES) return "row";
      this.#readOk(buffer, start, length);
    } else {
      if (length > EOF_MAX_BYTES) return "row";
      this.#readEof(buffer, start, length);
    }
    this.#resultEnded();
    return "rows-end";
  }

  #single(buffer: Buffer, start: number, length: number, first: number): PacketKind {
    if (first === ERR_HEADER) return this.#error(buffer, start, length);
    if (first === EOF_HEADER && !(this.#deprecateEof && length > 5)) {
      this.#readEof(buffer, start, length);
    } else this.#readOk(buffer, start, length);
    this.#finish();
    return "ok";
  }

  #prepare(buffer: Buffer, start: number, length: number, first: number): PacketKind {
    if (first === ERR_HEADER) return this.#error(buffer, start, length);
    switch (this.#state) {
      case "prepare": {
        const reader = new PayloadReader(buffer, start + 1, start + length);
        this.statementId = reader.uint32();
        this.columnCount = reader.uint16();
        this.paramCount = reader.uint16();
        this.#left = this.paramCount;
        if (this.#left > 0) this.#state = "prepare-params";
        else this.#prepareColumns();
        return "prepare-ok";
      }
      case "prepare-params":
        this.#left -= 1;
        if (this.#left === 0) {
          if (this.#deprecateEof) this.#prepareColumns();
          else this.#state = "prepare-params-eof";
        }
        return "param";
      case "prepare-columns":
        this.#left -= 1;
        if (this.#left === 0) {
          if (this.#deprecateEof) this.#finish();
          else this.#state = "prepare-columns-eof";
        }
        return "column";
      default:
        this.#readEof(buffer, start, length);
        if (this.#state === "prepare-params-eof") this.#prepareColumns();
        else this.#finish();
        return "metadata-end";
    }
  }

  #prepareColumns(): void {
    this.#left = this.columnCount;
    if (this.#left > 0) this.#state = "prepare-columns";
    else this.#finish();
  }

  #auth(buffer: Buffer, start: number, length: number, first: number): PacketKind {
    if (first === ERR_HEADER) return this.#error(buffer, start, length);
    if (first === OK_HEADER) {
      this.#readOk(buffer, start, length);
      this.#finish();
      return "ok";
    }
    // The success of caching_sha2_password's fast path needs no answer: OK follows.
    const isNotice =
      first === AUTH_PACKET.moreData && buffer[start + 1] === CACHING_SHA2.fastAuthSuccess;
    this.awaitsClient = !(isNotice && length === 2);
    return "auth";
  }

  /** ERR, which ends the reply in any state, or a MariaDB progress report, which does not. */
  #error(buffer: Buffer, start: number, length: number): PacketKind {
    const code = new PayloadReader(buffer, start + 1, start + length).uint16();
    if (code === PROGRESS_REPORT) return "progress";
    this.errorCode = code;
    this.status &= ~SERVER_STATUS.moreResultsExist;
    this.#finish();
    return "error";
  }

  #readOk(buffer: Buffer, start: number, length: number): void {
    const reader = new PayloadReader(buffer, start + 1, start + length);
    reader.lenencInt();
    reader.lenencInt();
    this.status = reader.uint16();
    this.warnings = reader.uint16();
  }

  #readEof(buffer: Buffer, start: number, length: number): void {
    if (buffer[start] !== EOF_HEADER || length < 5) {
      throw new ProtocolViolation("An EOF packet was expected");
    }
    this.warnings = buffer.readUInt16LE(start + 1);
    this.status = buffer.readUInt16LE(start + 3);
  }

  #resultEnded(): void {
    const more = this.#outParams || (this.status & SERVER_STATUS.moreResultsExist) !== 0;
    this.#outParams = false;
    this.#hadResult = true;
    if (more) this.#state = "result";
    else this.#finish();
  }

  #finish(): void {
    this.#state = "idle";
    this.awaitsClient = false;
    this.done = true;
  }
}
