import { ERROR, parseChangeUser } from "@freshet/mysql-wire";
import { messageOf } from "@freshet/util";
import { authenticate } from "./auth/authenticate.ts";
import type { CommandPacket, Session } from "./session.ts";
import { UpstreamRefused } from "./upstream/connect.ts";

/**
 * COM_CHANGE_USER: the client proves itself to us as at its login, then goes on with a new
 * upstream connection. Like the server's, a failure ends the session.
 */
export async function changeUser(session: Session, command: CommandPacket): Promise<void> {
  const { context, options } = session;
  const { buffer, payloadAt, end } = command;
  const change = parseChangeUser(buffer, payloadAt, end, session.capabilities);
  await session.link?.queue.idle();
  if (session.closed) return;
  const user = Buffer.from(change.user, "latin1").toString("utf8");
  const face = await context.greetings.face();
  const accepted = await authenticate(
    {
      send: (payload) => {
        session.send(payload);
        session.flush();
      },
      receive: () => session.nextPacket(),
    },
    {
      password: context.password(user),
      scramble: options.scramble,
      defaultPlugin: face.plugin,
      plugin: change.authPlugin,
      response: change.authResponse,
      encrypted: options.encrypted,
      trusted: context.allowUnauthenticated,
    },
  );
  if (session.closed) return;
  if (!accepted) {
    const using = change.authResponse.length > 0 ? "YES" : "NO";
    return session.fatal(
      ERROR.accessDenied,
      "28000",
      `Access denied for user '${change.user}' (using password: ${using})`,
    );
  }
  const login = {
    ...session.login,
    user: change.user,
    password: context.password(user),
    database: change.database === "" ? null : change.database,
    charset: change.charset ?? session.login.charset,
    attributes: change.attributes ?? session.login.attributes,
  };
  try {
    const connection = await context.connect(login);
    if (session.closed) connection.socket.destroy();
    else {
      session.changeTo(login, user, connection);
      session.send(connection.ok);
    }
  } catch (error) {
    if (session.closed) return;
    if (error instanceof UpstreamRefused) {
      session.fatal(error.code, error.sqlState, error.text);
    } else {
      session.fatal(ERROR.clientServerLost, "HY000", messageOf(error));
    }
  }
}
