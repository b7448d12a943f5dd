// Command gendoc writes the reference page of the configuration, docs/configuration.md.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"

	"orchestrator/internal/config"
)

func main() {
	out := flag.String("o", "docs/configuration.md", "file to write")
	flag.Parse()
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, "gendoc:", err)
		os.Exit(1)
	}
}

func write(file string) error {
	var page bytes.Buffer
	if err := config.WriteReference(&page); err != nil {
		return err
	}
	return os.WriteFile(file, page.Bytes(), 0o644)
}
