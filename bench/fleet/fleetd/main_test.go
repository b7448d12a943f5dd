package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRun(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", ""} {
		ctx, cancel := context.WithCancel(t.Context())
		read, write := io.Pipe()
		ended := make(chan error, 1)
		go func() {
			ended <- run(ctx, []string{"-servers", "10", "-port", "0", "-http", address}, write)
			_ = write.Close()
		}()
		line, err := bufio.NewReader(read).ReadString('\n')
		if err != nil || strings.Count(line, "127.10.0.") != 2 {
			t.Errorf("seeds %q, %v", line, err)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

func TestRefusals(t *testing.T) {
	for name, args := range map[string][]string{
		"a flag that is not there": {"-nothing"},
		"no such share":            {"-chains", "7"},
		"control for everyone":     {"-servers", "1", "-port", "0", "-http", "0.0.0.0:0"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := run(t.Context(), args, io.Discard); err == nil {
				t.Error("no error")
			}
		})
	}
}
