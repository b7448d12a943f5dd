package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os/user"
	"strings"
	"time"

	"orchestrator/internal/config"
	"orchestrator/internal/operate"
	"orchestrator/internal/topology"
)

// Deps are what the program hands to Main. Registry, Stdout, Stderr, Open, Serve and JSON are required.
type Deps struct {
	Registry        *operate.Registry
	Version, Commit string
	Stdout, Stderr  io.Writer

	// Open builds what one command works on, over the backend; close is called when the command has ended, whatever
	// became of it.
	Open func(ctx context.Context, s Session) (e *operate.Engine, close func() error, err error)
	// Serve runs the service until the context ends.
	Serve func(ctx context.Context, s Session) error
	// JSON is a value in the shape of the HTTP API.
	JSON func(e *operate.Engine, value any) ([]byte, error)

	// Load reads the configuration; nil is config.Load of the named or the usual files.
	Load func(o Options) (*config.Config, []config.Warning, error)
	// SystemLog opens the log of the operating system, for EnableSyslog; nil: there is none.
	SystemLog func() (SystemLog, error)
	// Hostname is the name of this host; Username is who runs the program. Nil asks the operating system.
	Hostname func() (string, error)
	Username func() string
	// Now and Location are for log lines; nil is the clock and the local time zone.
	Now      func() time.Time
	Location *time.Location
}

// Session is one run of the program after its flags and configuration are read.
type Session struct {
	Options  Options
	Config   *config.Config
	Warnings []config.Warning // that came with loading it
	Log      *slog.Logger
	// NoWeb asks Serve for a service without its web server.
	NoWeb bool
}

// Exit codes. A wrong flag ends with the code that package flag uses.
const (
	exitOK    = 0
	exitError = 1
	exitFlags = 2
)

// Main runs the program with its arguments, without the program's name, and returns the exit code.
func Main(ctx context.Context, args []string, d Deps) int {
	p := &program{Deps: d.complete()}
	options, err := parseFlags(args, p.Stderr)
	p.options = options
	p.setLog(false)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case isFlagError(err):
		return exitFlags
	case err != nil:
		return p.fatal(ctx, err)
	case options.Version:
		p.print(p.Version, p.Commit)
		return exitOK
	}
	defer p.closeSystemLog()
	return p.run(ctx)
}

// isFlagError says whether package flag has found, and said, what is wrong.
func isFlagError(err error) bool {
	var own *usageError
	return err != nil && !errors.As(err, &own)
}

// usageError is a wrong use of right flags.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func (d Deps) complete() Deps {
	if d.Load == nil {
		d.Load = func(o Options) (*config.Config, []config.Warning, error) {
			return config.Load(config.Options{Explicit: o.ConfigFile})
		}
	}
	if d.Username == nil {
		d.Username = osUser
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Location == nil {
		d.Location = time.Local
	}
	return d
}

func osUser() string {
	u, err := user.Current()
	if err != nil {
		return ""
	}
	return u.Username
}

type program struct {
	Deps
	options Options
	log     *slog.Logger
	system  SystemLog // nil: lines go to Stderr alone
}

func (p *program) setLog(debugConfigured bool) {
	p.log = slog.New(NewLogHandler(p.Stderr, LogOptions{
		Level: p.options.level(debugConfigured), Location: p.Location, Stack: p.options.Stack, System: p.system,
	}))
}

// openSystemLog has lines go to the system's log as well. That it cannot be reached is only warned of.
func (p *program) openSystemLog() error {
	if p.SystemLog == nil {
		return errors.New("this program has no way to it")
	}
	system, err := p.SystemLog()
	if err != nil {
		return err
	}
	p.system = system
	return nil
}

func (p *program) closeSystemLog() {
	if p.system == nil {
		return
	}
	if err := p.system.Close(); err != nil {
		p.log.Debug("close the system's log", "error", err)
	}
}

// run chooses what the words and -c ask for.
func (p *program) run(ctx context.Context) int {
	word := ""
	if len(p.options.Words) > 0 {
		word = p.options.Words[0]
	}
	switch {
	case word == "help" && p.options.Command != "":
		return p.helpOn(p.options.Command)
	case word == "help" && len(p.options.Words) > 1:
		return p.helpOn(p.options.Words[1])
	case word == "help", p.options.Command == "help":
		p.list()
		return exitOK
	case word == "completion":
		return p.complete(ctx)
	case word == "http":
		return p.serve(ctx, false)
	case word != "" && word != "cli":
		return p.badWord(word)
	case p.options.Command == "":
		printCheatsheet(p.Stdout)
		return exitOK
	}
	return p.command(ctx)
}

// session reads the configuration.
func (p *program) session() (Session, error) {
	c, warnings, err := p.Load(p.options)
	if err != nil {
		return Session{}, err
	}
	var missing error
	if c.EnableSyslog {
		missing = p.openSystemLog()
	}
	p.setLog(c.Debug)
	if missing != nil {
		p.log.Warn("EnableSyslog: the system's log cannot be written", "error", missing)
	}
	return Session{Options: p.options, Config: c, Warnings: warnings, Log: p.log}, nil
}

func (p *program) serve(ctx context.Context, noWeb bool) int {
	s, err := p.session()
	if err != nil {
		return p.fatal(ctx, err)
	}
	if s.NoWeb = noWeb; noWeb && s.Config.RaftEnabled && !p.options.IgnoreRaftSetup {
		return p.fatal(ctx, errRaft)
	}
	for _, w := range s.Warnings {
		p.log.WarnContext(ctx, w.String())
	}
	if err := p.Serve(ctx, s); err != nil {
		return p.fatal(ctx, err)
	}
	return exitOK
}

// errRaft refuses commands whose effects the other nodes would not get to know.
var errRaft = errors.New("RaftEnabled is set: use orchestrator-client, which talks to the leader, instead of " +
	"the command line; or override with -ignore-raft-setup if you know what you are doing")

// command runs one operation, once for each instance.
func (p *program) command(ctx context.Context) int {
	o := p.Registry.Command(p.options.Command)
	if o == nil {
		return p.unknownCommand(ctx)
	}
	if o.Serves {
		return p.serve(ctx, true)
	}
	s, err := p.session()
	if err != nil {
		return p.fatal(ctx, err)
	}
	for _, w := range s.Warnings {
		level := slog.LevelInfo
		if w.Kind == config.UnknownKey || w.Kind == config.BadPattern || w.Kind == config.DoubtfulValue {
			level = slog.LevelWarn // what was wished for is not what is in force
		}
		p.log.Log(ctx, level, w.String())
	}
	if s.Config.RaftEnabled && !p.options.IgnoreRaftSetup {
		return p.fatal(ctx, errRaft)
	}
	e, closeEngine, err := p.Open(ctx, s)
	if err != nil {
		return p.fatal(ctx, err)
	}
	e.NoOperation = p.options.NoOperation
	err = errors.Join(p.runForEach(ctx, e, o), closeEngine())
	if err != nil {
		return p.fatal(ctx, err)
	}
	return exitOK
}

func (p *program) runForEach(ctx context.Context, e *operate.Engine, o *operate.Operation) error {
	here, err := p.here(e)
	if err != nil {
		return err
	}
	instances := splitInstances(p.options.Instances)
	if o.Takes(operate.ParamInstances) {
		instances = []string{""} // it takes the list whole
	}
	for _, instance := range instances {
		in := operate.Input{Values: map[operate.Param]string{}, User: p.Username(), Lenient: true}
		for _, a := range o.Args {
			in.Values[a.Param] = p.options.value(a.Param)
		}
		in.Values[operate.ParamInstance] = instance
		if instance == "" {
			in.Here = here
		}
		if err := p.once(ctx, e, o, in); err != nil {
			return err
		}
	}
	return nil
}

// here is the server on this host.
func (p *program) here(e *operate.Engine) (topology.Key, error) {
	name := e.Node.Hostname
	if p.Hostname != nil {
		var err error
		if name, err = p.Hostname(); err != nil {
			return topology.Key{}, fmt.Errorf("read the name of this host: %w", err)
		}
	}
	return topology.Key{Hostname: name, Port: e.Config().DefaultInstancePort}, nil
}

func (p *program) once(ctx context.Context, e *operate.Engine, o *operate.Operation, in operate.Input) error {
	ctx, end := p.followed(ctx)
	result, err := o.Call(ctx, e, in)
	end()
	var failure *operate.Failure
	switch {
	case errors.As(err, &failure) && failure.Answer:
		p.log.WarnContext(ctx, failure.Error())
		return nil
	case err != nil:
		return err
	}
	if p.options.JSON {
		text, err := p.JSON(e, result.Value)
		if err != nil {
			return err
		}
		p.print(string(text))
		return nil
	}
	lines, err := textLines(result.Value)
	if err != nil {
		return err
	}
	p.print(lines...)
	return nil
}

// print writes lines of results. That they cannot be written leaves nobody to tell.
func (p *program) print(lines ...string) {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	_, _ = io.WriteString(p.Stdout, b.String())
}

// fatal logs an error and returns the exit code.
func (p *program) fatal(ctx context.Context, err error) int {
	p.log.Log(ctx, LevelFatal, strings.ReplaceAll(err.Error(), "\n", "; "))
	return exitError
}
