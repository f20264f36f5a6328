// A node of dqlite that carries out one SQL statement a request, once: database/sql would try again, but not on a
// connection that is held.
package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/canonical/go-dqlite/app"
	"github.com/canonical/go-dqlite/client"
)

type request struct {
	Statement string
	Words     []interface{}
}

type answer struct {
	Rows    [][]string
	Changed int64
	Error   string
}

func rows(found *sql.Rows) (all [][]string, err error) {
	defer found.Close()
	names, err := found.Columns()
	for err == nil && found.Next() {
		row, places := make([]string, len(names)), make([]interface{}, len(names))
		for i := range row {
			places[i] = &row[i]
		}
		err = found.Scan(places...)
		all = append(all, row)
	}
	if err == nil {
		err = found.Err()
	}
	return all, err
}

func carriedOut(ctx context.Context, db *sql.DB, asked request, reads bool) (told answer) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return answer{Error: "not connected: " + err.Error()}
	}
	defer conn.Close()
	if reads {
		var found *sql.Rows
		if found, err = conn.QueryContext(ctx, asked.Statement, asked.Words...); err == nil {
			told.Rows, err = rows(found)
		}
	} else {
		var done sql.Result
		if done, err = conn.ExecContext(ctx, asked.Statement, asked.Words...); err == nil {
			told.Changed, err = done.RowsAffected()
		}
	}
	if err != nil {
		told.Error = err.Error()
	}
	return told
}

func main() {
	here, folder, others := os.Args[1], os.Args[2], os.Args[3:]
	ctx := context.Background()
	node, err := app.New(folder, app.WithAddress(here+":9001"), app.WithCluster(others),
		app.WithLogFunc(func(level client.LogLevel, text string, words ...interface{}) {
			if level >= client.LogWarn {
				log.Printf(text, words...)
			}
		}))
	if err == nil {
		err = node.Ready(ctx)
	}
	var db *sql.DB
	if err == nil {
		db, err = node.Open(ctx, "splitbrain")
	}
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		var asked request
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		json.NewEncoder(w).Encode(carriedOut(r.Context(), db, asked, strings.HasSuffix(r.URL.Path, "/query")))
	})
	log.Fatal(http.ListenAndServe(here+":8001", nil))
}
