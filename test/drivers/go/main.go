// Carries out the script with go-sql-driver: main PORT SCRIPT DATA_FILE
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

type client struct {
	pool *sql.DB
	conn *sql.Conn
	tx   *sql.Tx
}

var (
	ctx         = context.Background()
	port        = os.Args[1]
	dataFile    = os.Args[3]
	connections = map[string]*client{}
	current     *client
	statement   *sql.Stmt
	insertID    int64
)

func say(words ...any) { fmt.Println(words...) }

func shown(value any) string {
	var text string
	switch typed := value.(type) {
	case nil:
		text = "NULL"
	case []byte:
		text = fmt.Sprintf("bytes %q", typed)
	default:
		text = fmt.Sprintf("%T %v", typed, typed)
	}
	if len(text) > 120 {
		return fmt.Sprintf("<%d %x>", len(text), md5.Sum([]byte(text)))
	}
	return text
}

func valueOf(text string) any {
	kind, rest, _ := strings.Cut(text, ":")
	switch kind {
	case "i":
		number, _ := strconv.ParseInt(rest, 10, 64)
		return number
	case "f":
		number, _ := strconv.ParseFloat(rest, 64)
		return number
	case "b":
		data, _ := hex.DecodeString(rest)
		return data
	case "n":
		return nil
	}
	return rest
}

func values(texts []string) []any {
	list := []any{}
	for _, text := range texts {
		list = append(list, valueOf(text))
	}
	return list
}

func failed(err error) bool {
	if err == nil {
		return false
	}
	var own *mysql.MySQLError
	if errors.As(err, &own) {
		say("error", own.Number, string(own.SQLState[:]), own.Message)
	} else {
		say("driver error", err)
	}
	return true
}

func opened(database string, option string) (*client, error) {
	dsn := fmt.Sprintf("root:root@tcp(127.0.0.1:%s)/%s?charset=utf8mb4", port, database)
	switch option {
	case "multi":
		dsn += "&multiStatements=true"
	case "local":
		dsn += "&allowAllFiles=true"
	}
	pool, err := sql.Open("mysql", dsn)
	if err != nil {
		return nil, err
	}
	conn, err := pool.Conn(ctx)
	return &client{pool: pool, conn: conn}, err
}

func columns(rows *sql.Rows) int {
	types, err := rows.ColumnTypes()
	if failed(err) {
		return 0
	}
	for _, column := range types {
		length, hasLength := column.Length()
		precision, scale, hasPrecision := column.DecimalSize()
		nullable, hasNullable := column.Nullable()
		say("column", column.Name(), column.DatabaseTypeName(), column.ScanType(), length, hasLength,
			precision, scale, hasPrecision, nullable, hasNullable)
	}
	return len(types)
}

func eachRow(rows *sql.Rows, count int, take func(cells []any)) {
	for rows.Next() {
		cells := make([]any, count)
		into := make([]any, count)
		for n := range cells {
			into[n] = &cells[n]
		}
		if failed(rows.Scan(into...)) {
			return
		}
		take(cells)
	}
}

func results(rows *sql.Rows, err error) {
	if failed(err) {
		return
	}
	defer rows.Close()
	for {
		count := columns(rows)
		eachRow(rows, count, func(cells []any) {
			words := []any{"row"}
			for _, cell := range cells {
				words = append(words, shown(cell))
			}
			say(words...)
		})
		if failed(rows.Err()) {
			return
		}
		say("done")
		if !rows.NextResultSet() {
			failed(rows.Err())
			return
		}
	}
}

func done(result sql.Result, err error) {
	if failed(err) {
		return
	}
	affected, _ := result.RowsAffected()
	insertID, _ = result.LastInsertId()
	say("done affected", affected, "id", insertID)
	if own, is := result.(mysql.Result); is {
		say("all", own.AllRowsAffected(), own.AllLastInsertIds())
	}
}

func returnsRows(text string) bool {
	word, _, _ := strings.Cut(strings.ToUpper(strings.TrimSpace(text)), " ")
	return word == "SELECT" || word == "SHOW" || word == "CALL"
}

// With values it is prepared by the server, without it is text.
func execute(text string, arguments ...any) {
	if returnsRows(text) {
		results(current.conn.QueryContext(ctx, text, arguments...))
	} else {
		done(current.conn.ExecContext(ctx, text, arguments...))
	}
}

func prepared(times int, text string, arguments []any) {
	made, err := current.conn.PrepareContext(ctx, text)
	if failed(err) {
		return
	}
	defer made.Close()
	for ; times > 0; times-- {
		if returnsRows(text) {
			results(made.QueryContext(ctx, arguments...))
		} else {
			done(made.ExecContext(ctx, arguments...))
		}
	}
}

func stream(text string) {
	rows, err := current.conn.QueryContext(ctx, text)
	if failed(err) {
		return
	}
	defer rows.Close()
	count := columns(rows)
	number := 0
	digest := md5.New()
	eachRow(rows, count, func(cells []any) {
		number++
		for _, cell := range cells {
			io.WriteString(digest, shown(cell))
		}
	})
	say("streamed", number, hex.EncodeToString(digest.Sum(nil)), rows.Err())
}

func killQuery() {
	var thread int64
	failed(current.conn.QueryRowContext(ctx, "SELECT CONNECTION_ID()").Scan(&thread))
	second, err := opened("drivers", "")
	if failed(err) {
		return
	}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		for {
			var one int
			sleeping := "SELECT 1 FROM information_schema.processlist WHERE info LIKE 'SELECT SLEEP(30)%'"
			if second.conn.QueryRowContext(ctx, sleeping).Scan(&one) == nil {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		_, err := second.conn.ExecContext(ctx, fmt.Sprintf("KILL QUERY %d", thread))
		failed(err)
	}()
	execute("SELECT SLEEP(30) AS slept")
	<-finished
	second.conn.Close()
	second.pool.Close()
}

func run(name string, args []string) {
	switch name {
	case "section":
		say("#", args)
	case "connect":
		made, err := opened(args[1], append(args, "")[2])
		if !failed(err) {
			current = made
			connections[args[0]] = made
			say("connected")
		}
	case "use":
		current = connections[args[0]]
	case "close":
		connections[args[0]].conn.Close()
		connections[args[0]].pool.Close()
	case "text":
		times, _ := strconv.Atoi(args[0])
		for ; times > 0; times-- {
			execute(args[1])
		}
	case "prepared":
		times, _ := strconv.Atoi(args[0])
		prepared(times, args[1], values(args[2:]))
		// And as the driver does it by itself: prepare, execute and close in one go.
		if len(args) > 2 && returnsRows(args[1]) {
			execute(args[1], values(args[2:])...)
		}
	case "prepare":
		made, err := current.conn.PrepareContext(ctx, args[0])
		failed(err)
		statement = made
	case "run":
		results(statement.QueryContext(ctx, values(args)...))
	case "unprepare":
		failed(statement.Close())
	case "call":
		execute("SET @a = 0, @b = 21")
		prepared(1, "CALL "+args[0]+"(?, @a, @b)", []any{5})
		execute("SELECT @a, @b")
	case "stream":
		stream(args[0])
	case "cursor":
		stream(args[1])
	case "begin":
		made, err := current.conn.BeginTx(ctx, nil)
		failed(err)
		current.tx = made
	case "commit", "rollback":
		if current.tx == nil {
			execute(name)
		} else if name == "commit" {
			failed(current.tx.Commit())
		} else {
			failed(current.tx.Rollback())
		}
		current.tx = nil
	case "autocommit":
		execute("SET autocommit = " + args[0])
	case "ping":
		failed(current.conn.PingContext(ctx))
	case "reset":
		execute("SET @mine = NULL")
	case "insert-id":
		say("insert id", insertID)
	case "warnings":
		execute("SHOW WARNINGS")
	case "large":
		megabytes, _ := strconv.Atoi(args[0])
		part := make([]byte, 256)
		for n := range part {
			part[n] = byte(n)
		}
		body := bytes.Repeat(part, 4096*megabytes)
		done(current.conn.ExecContext(ctx, "INSERT INTO large VALUES (1, ?)", body))
	case "load":
		execute("LOAD DATA LOCAL INFILE '" + dataFile + "' INTO TABLE " + args[0])
	case "kill":
		killQuery()
	default:
		panic(name)
	}
}

func main() {
	file, err := os.Open(os.Args[2])
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Split(lines.Text(), "\t")
		for n := range words {
			words[n], _ = url.PathUnescape(words[n])
		}
		run(words[0], words[1:])
	}
}
