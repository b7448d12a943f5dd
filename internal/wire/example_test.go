package wire_test

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"strings"

	_ "github.com/go-sql-driver/mysql"

	"orchestrator/internal/wire"
)

// A fake server whose answers are a function.
func ExampleServer() {
	server := &wire.Server{
		Version: "8.0.36",
		Handler: wire.HandlerFunc(func(ctx context.Context, _ *wire.Session, text string) ([]wire.Result, error) {
			var results []wire.Result
			for _, statement := range wire.SplitStatements(text) {
				switch {
				case statement == "select @@server_id":
					results = append(results, wire.Result{Columns: []string{"@@server_id"}, Rows: [][]any{{7}}})
				case statement == "hang":
					<-ctx.Done()
					return nil, wire.ErrCloseConn
				case strings.HasPrefix(statement, "set "):
					results = append(results, wire.Result{})
				default:
					return results, &wire.Error{Code: wire.CodeParse, State: "42000", Message: "cannot parse " + statement}
				}
			}
			return results, nil
		}),
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error)
	go func() { ended <- server.Serve(ctx, ln) }()

	db, err := sql.Open("mysql", "user@tcp("+ln.Addr().String()+")/")
	if err != nil {
		fmt.Println(err)
		return
	}
	var id int
	fmt.Println(db.QueryRow("select @@server_id").Scan(&id), id)
	_, err = db.Exec("selekt")
	fmt.Println(err)

	fmt.Println(db.Close())
	stop()
	fmt.Println(<-ended)
	// Output:
	// <nil> 7
	// Error 1064 (42000): cannot parse selekt
	// <nil>
	// <nil>
}
