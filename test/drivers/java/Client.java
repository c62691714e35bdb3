import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.sql.CallableStatement;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.sql.Types;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/** Carries out the script with MariaDB Connector/J: Client PORT SCRIPT DATA_FILE */
public final class Client {
  private static String port;
  private static String dataFile;
  private static final Map<String, Connection> connections = new HashMap<>();
  private static Connection current;
  private static PreparedStatement prepared;
  private static long insertId;

  private interface Action {
    void run() throws Exception;
  }

  public static void main(String[] args) throws Exception {
    port = args[0];
    dataFile = args[2];
    for (String line : Files.readAllLines(Path.of(args[1]))) {
      String[] words = line.split("\t", -1);
      for (int n = 0; n < words.length; n += 1) words[n] = decoded(words[n]);
      String[] rest = Arrays.copyOfRange(words, 1, words.length);
      attempt(() -> run(words[0], rest));
    }
  }

  private static String decoded(String text) {
    return java.net.URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static void say(Object... words) {
    StringBuilder line = new StringBuilder();
    for (Object word : words) line.append(line.length() == 0 ? "" : " ").append(word);
    System.out.println(line);
  }

  /** The connection's thread is a number of this run. */
  private static String withoutThread(String message) {
    return message == null ? "null" : message.replaceAll("\\(conn=-?\\d+\\) ", "");
  }

  private static void attempt(Action action) throws Exception {
    try {
      action.run();
    } catch (SQLException error) {
      for (SQLException each = error; each != null; each = each.getNextException()) {
        String name = each.getClass().getSimpleName();
        say("error", name, each.getErrorCode(), each.getSQLState(), withoutThread(each.getMessage()));
      }
    }
  }

  private static String digest(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
  }

  private static String shown(Object value) throws Exception {
    if (value == null) return "NULL";
    String text =
        value instanceof byte[] bytes ? HexFormat.of().formatHex(bytes) : String.valueOf(value);
    if (value instanceof java.sql.Blob blob) {
      text = HexFormat.of().formatHex(blob.getBytes(1, (int) blob.length()));
    }
    if (text.length() > 120) {
      text = "<" + text.length() + " " + digest(text.getBytes(StandardCharsets.UTF_8)) + ">";
    }
    return value.getClass().getSimpleName() + " " + text;
  }

  private static Connection opened(String database, String option) throws SQLException {
    String options = "?useServerPrepStmts=true&sslMode=disable&allowPublicKeyRetrieval=true";
    if (option.equals("multi")) options += "&allowMultiQueries=true";
    options += "&allowLocalInfile=" + option.equals("local");
    String url = "jdbc:mariadb://127.0.0.1:" + port + "/" + database + options;
    return DriverManager.getConnection(url, "root", "root");
  }

  private static void columns(ResultSetMetaData meta) throws SQLException {
    for (int n = 1; n <= meta.getColumnCount(); n += 1) {
      say(
          "column", meta.getCatalogName(n), meta.getTableName(n), meta.getColumnName(n),
          meta.getColumnLabel(n), meta.getColumnType(n), meta.getColumnTypeName(n),
          meta.getColumnClassName(n), meta.getPrecision(n), meta.getScale(n),
          meta.getColumnDisplaySize(n), meta.isNullable(n), meta.isSigned(n),
          meta.isAutoIncrement(n), meta.isCaseSensitive(n), meta.isReadOnly(n));
    }
  }

  private static void row(ResultSet rows, StringBuilder into) throws Exception {
    int count = rows.getMetaData().getColumnCount();
    for (int n = 1; n <= count; n += 1) {
      try {
        into.append(" | ").append(shown(rows.getObject(n)));
      } catch (Exception error) {
        // E.g. a date that no calendar has: some are the driver's own exceptions, some Java's.
        into.append(" | unreadable: ").append(withoutThread(error.getMessage()));
      }
    }
  }

  private static void results(Statement statement, boolean hasRows) throws Exception {
    boolean rowsNext = hasRows;
    while (true) {
      if (rowsNext) {
        try (ResultSet rows = statement.getResultSet()) {
          columns(rows.getMetaData());
          while (rows.next()) {
            StringBuilder line = new StringBuilder("row");
            row(rows, line);
            say(line);
          }
        }
      } else {
        long count = statement.getLargeUpdateCount();
        if (count == -1) break;
        say("done", count);
      }
      warnings(statement.getWarnings());
      rowsNext = statement.getMoreResults();
    }
  }

  private static void warnings(SQLWarning first) {
    for (SQLWarning each = first; each != null; each = each.getNextWarning()) {
      say("warning", each.getErrorCode(), each.getSQLState(), withoutThread(each.getMessage()));
    }
  }

  private static void text(String sql) throws Exception {
    attempt(
        () -> {
          try (Statement statement = current.createStatement()) {
            results(statement, statement.execute(sql, Statement.RETURN_GENERATED_KEYS));
            insertId = 0;
            if (!sql.startsWith("INSERT")) return;
            try (ResultSet keys = statement.getGeneratedKeys()) {
              while (keys.next()) say("key", insertId = keys.getLong(1));
            }
          }
        });
  }

  private static void bind(PreparedStatement statement, String[] values) throws SQLException {
    for (int n = 0; n < values.length; n += 1) {
      String rest = values[n].substring(2);
      switch (values[n].charAt(0)) {
        case 'i' -> statement.setLong(n + 1, Long.parseLong(rest));
        case 'f' -> statement.setBigDecimal(n + 1, new BigDecimal(rest));
        case 's' -> statement.setString(n + 1, rest);
        case 'b' -> statement.setBytes(n + 1, HexFormat.of().parseHex(rest));
        default -> statement.setNull(n + 1, Types.VARCHAR);
      }
    }
  }

  private static void prepared(int times, String sql, String[] values) throws Exception {
    attempt(
        () -> {
          try (PreparedStatement statement = current.prepareStatement(sql)) {
            for (int count = times; count > 0; count -= 1) {
              bind(statement, values);
              results(statement, statement.execute());
            }
          }
        });
  }

  private static void call(String name) throws Exception {
    try (CallableStatement statement = current.prepareCall("{call " + name + "(?, ?, ?)}")) {
      statement.setInt(1, 5);
      statement.registerOutParameter(2, Types.INTEGER);
      statement.setInt(3, 21);
      statement.registerOutParameter(3, Types.INTEGER);
      results(statement, statement.execute());
      say("out", statement.getInt(2), statement.getInt(3));
    }
  }

  private static void fetched(String sql, int size) throws Exception {
    try (PreparedStatement statement = current.prepareStatement(sql)) {
      statement.setFetchSize(size);
      try (ResultSet rows = statement.executeQuery()) {
        columns(rows.getMetaData());
        StringBuilder all = new StringBuilder();
        int count = 0;
        for (; rows.next(); count += 1) row(rows, all);
        say("fetched", count, digest(all.toString().getBytes(StandardCharsets.UTF_8)));
      }
    }
  }

  private static void kill() throws Exception {
    try (Connection second = opened("drivers", "");
        Statement sleeper = current.createStatement();
        Statement watcher = second.createStatement()) {
      Thread killer =
          new Thread(
              () -> {
                try {
                  String sleeping =
                      "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'";
                  while (!watcher.executeQuery(sleeping).next()) Thread.sleep(10);
                  sleeper.cancel();
                } catch (Exception error) {
                  say("killer", error);
                }
              });
      killer.start();
      attempt(() -> results(sleeper, sleeper.execute("SELECT SLEEP(30) AS slept")));
      killer.join();
    }
  }

  private static byte[] body(int megabytes) {
    byte[] bytes = new byte[megabytes << 20];
    for (int n = 0; n < bytes.length; n += 1) bytes[n] = (byte) n;
    return bytes;
  }

  private static void run(String name, String[] args) throws Exception {
    switch (name) {
      case "section" -> say("#", args[0]);
      case "connect" -> {
        current = opened(args[1], args.length > 2 ? args[2] : "");
        connections.put(args[0], current);
        say("connected", current.getCatalog());
      }
      case "use" -> current = connections.get(args[0]);
      case "close" -> connections.remove(args[0]).close();
      case "text" -> {
        for (int n = Integer.parseInt(args[0]); n > 0; n -= 1) text(args[1]);
      }
      case "prepared" ->
          prepared(Integer.parseInt(args[0]), args[1], Arrays.copyOfRange(args, 2, args.length));
      case "prepare" -> prepared = current.prepareStatement(args[0]);
      case "run" -> {
        bind(prepared, args);
        results(prepared, prepared.execute());
      }
      case "unprepare" -> prepared.close();
      case "call" -> call(args[0]);
      case "stream" -> fetched(args[0], 1);
      case "cursor" -> fetched(args[1], Integer.parseInt(args[0]));
      case "begin" -> current.setAutoCommit(false);
      case "commit" -> {
        current.commit();
        current.setAutoCommit(true);
      }
      case "rollback" -> {
        current.rollback();
        current.setAutoCommit(true);
      }
      case "autocommit" -> current.setAutoCommit(args[0].equals("1"));
      case "ping" -> say("ping", current.isValid(5));
      case "reset" -> text("SET @mine = NULL");
      case "insert-id" -> say("insert id", insertId);
      case "warnings" -> {
        text("SHOW WARNINGS");
        warnings(current.getWarnings());
      }
      case "large" -> {
        try (PreparedStatement statement =
            current.prepareStatement("INSERT INTO large VALUES (1, ?)")) {
          statement.setBytes(1, body(Integer.parseInt(args[0])));
          say("inserted", statement.executeUpdate());
        }
      }
      case "load" -> text("LOAD DATA LOCAL INFILE '" + dataFile + "' INTO TABLE " + args[0]);
      case "kill" -> kill();
      default -> throw new IllegalArgumentException(name + List.of(args));
    }
  }
}
