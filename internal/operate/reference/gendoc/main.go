// Command gendoc writes the reference page of the topology operations, docs/topology-operations.md.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"orchestrator/internal/operate/reference"
)

func main() {
	out := flag.String("o", "docs/topology-operations.md", "file to write")
	flag.Parse()
	var page bytes.Buffer
	err := reference.Write(&page)
	if err == nil {
		err = os.WriteFile(*out, page.Bytes(), 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gendoc:", err)
		os.Exit(1)
	}
}
