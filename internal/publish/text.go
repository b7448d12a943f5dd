package publish

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// text is what a shell is to run, and how it finds that.
type text struct {
	name      string     // of the file, for the command line
	inherited []*os.File // that the shell needs beside the standard ones
	remove    func() error
}

// textFor puts the text of a hook where the shell can read it. A shell gets it through a descriptor, from a file that has
// no name any more, so that nothing stays behind when the manager or the machine dies. Other programs may close what they
// do not know of before they read (sudo does), and get the name of a file. A full disk, on which no file can be written,
// must not keep a hook from running, and with it a failover that waits for the hook: then a pipe has to do.
func (h *Hooks) textFor(shell, content string) (text, error) {
	put := h.named
	if isShell(shell) && hasDescriptors() {
		put = h.unnamed
	}
	t, err := put(content)
	if err == nil {
		return t, nil
	}
	t, e := piped(content)
	if e != nil {
		return t, fmt.Errorf("%w; without a file: %w", err, e)
	}
	return t, nil
}

// isShell says whether the program is one that reads a file of commands itself, with the descriptors that it was given.
func isShell(program string) bool {
	switch filepath.Base(program) {
	case "sh", "bash", "dash", "ash", "ksh", "ksh93", "mksh", "zsh":
		return true
	}
	return false
}

const (
	// descriptors is where a program opens those that it has, on most systems.
	descriptors = "/dev/fd"
	// firstExtraFile is how a program reads the first file that it inherits beside the standard ones.
	firstExtraFile = descriptors + "/3"
)

// hasDescriptors says whether descriptors can be opened by name here. Where /proc is missing, the folder leads nowhere.
func hasDescriptors() bool {
	i, err := os.Stat(descriptors)
	return err == nil && i.IsDir()
}

// given is a text that is read from a file through a descriptor.
func given(f *os.File) text {
	return text{firstExtraFile, []*os.File{f}, func() error {
		_ = f.Close() // only read, by the shell, which has a copy
		return nil
	}}
}

// unnamed writes the text to a file that has no name.
func (h *Hooks) unnamed(content string) (text, error) {
	f, err := os.CreateTemp(h.options.Directory, filePattern)
	if err != nil {
		return text{}, fmt.Errorf("make its file: %w", err)
	}
	if err = os.Remove(f.Name()); err == nil {
		err = writeText(f, content)
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart) // some systems do not open the file anew
	}
	if err != nil {
		return text{}, errors.Join(fmt.Errorf("write its file: %w", err), f.Close())
	}
	return given(f), nil
}

// named writes the text to a file of its own.
func (h *Hooks) named(content string) (text, error) {
	f, err := os.CreateTemp(h.options.Directory, filePattern)
	if err != nil {
		return text{}, fmt.Errorf("make its file: %w", err)
	}
	if err := errors.Join(writeText(f, content), f.Close()); err != nil {
		_ = os.Remove(f.Name()) // the error says more
		return text{}, fmt.Errorf("write its file: %w", err)
	}
	return text{name: f.Name(), remove: func() error { return os.Remove(f.Name()) }}, nil
}

const filePattern = "orchestrator-hook-"

// writeText writes a text. The group may read it, as ever.
func writeText(f *os.File, content string) error {
	_, err := f.WriteString(content)
	return errors.Join(err, f.Chmod(0o640))
}

// pipeRoom is how much a pipe takes on every system before anybody reads from it.
const pipeRoom = 16 << 10

// piped puts the text into a pipe.
func piped(content string) (text, error) {
	if len(content) > pipeRoom {
		return text{}, fmt.Errorf("it has %d bytes, and a pipe takes %d", len(content), pipeRoom)
	}
	read, write, err := os.Pipe()
	if err != nil {
		return text{}, err
	}
	_, err = io.WriteString(write, content)
	if err := errors.Join(err, write.Close()); err != nil {
		return text{}, errors.Join(err, read.Close())
	}
	return given(read), nil
}
