package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"orchestrator/internal/cli"
	"orchestrator/internal/config"
	"orchestrator/internal/consensus"
	"orchestrator/internal/httpapi"
	v2 "orchestrator/internal/httpapi/v2"
	"orchestrator/internal/observe"
	"orchestrator/internal/operate"
	"orchestrator/internal/publish"
	"orchestrator/internal/recovery"
	"orchestrator/internal/server"
	"orchestrator/internal/store"
	"orchestrator/internal/topology"
	"orchestrator/internal/web"
)

// shutdownWithin bounds the orderly end of the service: requests that run, the last writes, hooks.
const shutdownWithin = 10 * time.Second

// serviceOptions are what a service is made of beside its configuration.
type serviceOptions struct {
	Settings *settings
	Logger   *slog.Logger
	// Discovery false serves what is stored and looks at no server.
	Discovery bool
	// NoOperation refuses what would change something.
	NoOperation bool
	// UpdateTables allows to update the backend's tables whatever the configuration says.
	UpdateTables bool
	// Naming is how replicas are pointed at sources.
	Naming naming
	// GrabElection makes this service the leader, whoever leads on the same backend.
	GrabElection bool
	// NoWeb serves nothing over HTTP (the command continuous).
	NoWeb bool
	// Progress is told of the course of recoveries, in addition to the metrics; may be nil.
	Progress func(recovery.Progress)
	// Machines are those that servers run on; nil: none is reached.
	Machines machines
	// Seams are where something may stand between the service and what it works on.
	Seams seams
}

// seams let a test stand between the service and the outside, to see what passes, and to end the process at any
// moment of it. What is nil is not stood at.
type seams struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error) // to managed servers
	ledger func(recovery.Ledger) recovery.Ledger
	hooks  func(recovery.Hooks) recovery.Hooks
}

// service is the running product: the observer, the recovery engine and the web server over one backend. System tests
// and the demo run the very same value.
type service struct {
	options  serviceOptions
	parts    *parts
	prober   *prober
	memory   *tlsMemory
	writer   *store.Writer
	lease    *consensus.Lease // nil for a service that looks at no server, which never leads, and with raft
	raft     *consensus.Raft  // nil without raft
	news     *news
	held     *heldBook
	declared chan struct{} // something was declared that the picture is to show
	observer *observe.Observer
	engine   *recovery.Engine
	hooks    *publish.Hooks
	listener net.Listener // nil with NoWeb
	web      *http.Server
	api      *v2.API
	lookout  *publish.Lookout        // where the names of clusters lead
	reports  reports                 // what this node says of itself to those that share its backend
	figures  func() []publish.Figure // under their published names
	// rehearsing runs while game days are watched.
	rehearsing func(context.Context) error
	hangup     chan os.Signal // SIGHUP, from the first moment on: unasked for, it would end the process
}

// serve runs the service until ctx ends.
func serve(ctx context.Context, s cli.Session) error {
	svc, err := newService(ctx, serviceOptions{
		Settings:  settingsOf(s),
		Logger:    s.Log,
		Discovery: s.Options.Discovery, NoOperation: s.Options.NoOperation,
		UpdateTables: s.Options.EnableDatabaseUpdate, GrabElection: s.Options.GrabElection, NoWeb: s.NoWeb, Naming: namingOf(s.Options),
	})
	if err != nil {
		return err
	}
	return svc.run(ctx)
}

// settingsOf are the settings of a session, which has read the configuration already.
func settingsOf(s cli.Session) *settings {
	set := &settings{options: config.Options{Explicit: s.Options.ConfigFile}, warnings: s.Warnings}
	set.current.Store(s.Config)
	return set
}

// newService opens the backend and the listener: what can go wrong at start goes wrong here.
func newService(ctx context.Context, o serviceOptions) (_ *service, err error) {
	s := &service{options: o, hangup: make(chan os.Signal, 1), declared: make(chan struct{}, 1)}
	signal.Notify(s.hangup, syscall.SIGHUP)
	defer func() {
		if err != nil {
			err = errors.Join(err, s.abandon(context.WithoutCancel(ctx)))
		}
	}()
	cfg := o.Settings.config
	if err := signInPossible(cfg(), o.Logger); err != nil {
		return nil, err
	}
	if !o.NoWeb {
		if s.listener, err = listen(cfg()); err != nil {
			return nil, err
		}
	}
	s.hooks = publish.New(hookOptions(cfg, o.Logger))
	hooks := allHooks{Hooks: s.hooks, moves: s.hooks}
	if o.Seams.hooks != nil {
		hooks.Hooks = o.Seams.hooks(s.hooks)
	}
	progress, exposition := newMetrics()
	recoveries := newTally()
	if s.parts, err = openParts(ctx, o.Settings, o.Logger, appearance{mode: httpMode, updateTables: o.UpdateTables, naming: o.Naming}, hooks, func(p recovery.Progress) {
		progress(p)
		recoveries.progress(p)
		if book := s.held; book != nil {
			book.progress(p)
		}
		if api := s.api; api != nil {
			api.Progress(p)
		}
		if o.Progress != nil {
			o.Progress(p)
		}
	}); err != nil {
		return nil, err
	}
	s.held = newHeldBook(s.parts.store, o.Logger)
	s.parts.ledgerSeam, s.parts.machines = o.Seams.ledger, o.Machines
	if err := s.parts.publishes(func(context.Context) (*topology.Topology, error) { return s.observer.Snapshot(), nil }); err != nil {
		return nil, err
	}
	if err := s.reachServers(ctx); err != nil {
		return nil, err
	}
	if err := s.seekLeadership(); err != nil {
		return nil, err
	}
	s.writer = s.parts.writesPicture(func(k topology.Key) { forgetShown(s.observer, k) })
	kept := s.parts.pictureStore(s.writer)
	s.observer = observe.New(observe.Options{
		Prober: s.prober, Signs: s.prober.signs, Store: s.observerStore(kept), Config: cfg, Logger: o.Logger, Now: s.parts.now,
		Active: func() bool { return o.Discovery && !cfg().RaftWitness },
	})
	s.parts.agree = s.agreeOn
	s.engine = s.parts.recoveryEngine(s.observer, s.prober.servers)
	s.news = s.hearNews()
	engine := s.parts.serviceEngine(s.observer, kept, s.engine, s.prober.servers, s.stepped)
	engine.NoOperation = o.NoOperation
	engine.Hooks = hookRunner{s.hooks, s.parts.node.Hostname, s.parts.now}
	engine.Rehearsals = s.rehearsals()
	if o.Machines != nil {
		engine.Machines = o.Machines
	}
	s.rehearsing = engine.Rehearsals.Run
	s.reports = reports{s.parts, engine}
	s.lookout = s.parts.looksOut(s.observer.Snapshot, s.prober.servers)
	registry := operate.NewRegistry()
	s.api = s.secondAPI(engine, registry)
	s.figures = publishedFigures(s, recoveries)
	var stamp func(http.Header)
	if s.raft != nil {
		stamp = raftStamp(s.raft, s.parts.node.Hostname)
		if !cfg().RaftWitness {
			s.answerOthers()
		}
	}
	passOn, err := betweenNodes(cfg())
	if err != nil {
		return nil, err
	}
	s.web = &http.Server{
		Handler: httpapi.New(httpapi.Deps{
			Engine: engine, Registry: registry, Logger: o.Logger, V2: s.api, Transport: passOn, Stamp: stamp,
			Tokens: tokens{s.parts.store, cfg}, Prometheus: exposition(s), DebugMetrics: debugMetrics(s.figures),
			Web: func(api http.Handler, prefix string) http.Handler {
				return web.New(web.Options{API: api, Prefix: prefix, CustomDir: cfg().WebCustomDirectory})
			},
		}),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
	return s, nil
}

// reachServers prepares the connections to the managed servers, and has them follow the configuration.
func (s *service) reachServers(ctx context.Context) (err error) {
	if s.memory, err = newTLSMemory(ctx, s.parts.store, s.options.Logger); err != nil {
		return err
	}
	options, err := s.serverOptions(s.options.Settings.config())
	if err != nil {
		return err
	}
	s.prober = newProber(options)
	s.options.Settings.onReload(func(c *config.Config) error {
		next, err := s.serverOptions(c)
		if err == nil {
			s.prober.reconfigure(next)
		}
		return err
	})
	return nil
}

func (s *service) serverOptions(c *config.Config) (o server.Options, err error) {
	o, err = serverOptions(c, s.options.Logger)
	o.NeedsTLS, o.LearnedTLS = s.memory.needs, s.memory.learned
	o.Dial = s.options.Seams.dial
	return o, err
}

// address is where the service listens.
func (s *service) address() net.Addr { return s.listener.Addr() }

// run serves until ctx ends, then ends in order: no new requests, the last ones answered, the picture written down.
func (s *service) run(ctx context.Context) error {
	running, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	resign, err := s.takeOffice(ctx)
	if err != nil {
		return errors.Join(err, s.abandon(context.WithoutCancel(ctx)))
	}
	var work sync.WaitGroup
	part := func(name string, do func(context.Context) error) {
		work.Go(func() {
			if err := do(running); err != nil {
				stop(fmt.Errorf("%s: %w", name, err))
			}
		})
	}
	part("observer", s.observer.Run)
	part("recovery", s.engine.Run)
	part("health", func(ctx context.Context) error { s.parts.health.run(ctx); return nil })
	part("news", func(ctx context.Context) error { s.news.run(ctx); return nil })
	part("publisher", func(ctx context.Context) error { s.parts.publisher.Run(ctx); return nil })
	part("publication", func(ctx context.Context) error {
		publication{s.parts, s.observer.Snapshot, s.engine.Busy}.run(ctx)
		return nil
	})
	part("names", func(ctx context.Context) error { s.lookout.Run(ctx); return nil })
	part("addresses", func(ctx context.Context) error {
		s.parts.addressBook(s.observer.Snapshot, s.observer.Addresses).run(ctx)
		return nil
	})
	part("what is held back", func(ctx context.Context) error { s.held.run(ctx); return nil })
	part("chronicle", func(ctx context.Context) error { s.parts.chronicle(s.observer.Snapshot).run(ctx); return nil })
	if s.options.Discovery && !s.options.NoOperation {
		part("pseudo-GTID", func(ctx context.Context) error {
			s.parts.injector(s.observer, s.prober.servers, s.engine.Busy).Run(ctx)
			return nil
		})
	}
	if s.raft == nil && s.options.Discovery {
		part("reports", func(ctx context.Context) error { s.reports.run(ctx); return nil })
	}
	if s.raft != nil {
		part("announcements", func(ctx context.Context) error { s.announcements().run(ctx); return nil })
	}
	part("tls memory", func(ctx context.Context) error { s.memory.run(ctx); return nil })
	part("reload", s.reloadOnHangup)
	part("api", s.api.Run)
	part("rehearsals", s.rehearsing)
	part("graphite", s.sendFigures)
	part("web", func(context.Context) error {
		err := s.serveWeb()
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return err
	})
	if s.options.NoWeb {
		s.options.Logger.Info("running without a web server", "backend", s.parts.store.String())
	} else {
		s.options.Logger.Info("listening", "address", s.address().String(), "backend", s.parts.store.String())
	}
	<-running.Done()

	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWithin)
	defer cancel()
	shutdown := s.web.Shutdown(end)
	work.Wait()
	resigned := resign() // nothing acts any more
	var failed error
	if ctx.Err() == nil {
		failed = context.Cause(running)
	}
	return errors.Join(failed, shutdown, resigned, s.abandon(end))
}

func (s *service) serveWeb() error {
	if s.options.NoWeb {
		return nil
	}
	cfg := s.options.Settings.config()
	if !cfg.UseSSL || s.listener.Addr().Network() == "unix" {
		return s.web.Serve(s.listener)
	}
	tls, err := webTLS(cfg)
	if err != nil {
		return err
	}
	s.web.TLSConfig = tls
	return s.web.ServeTLS(s.listener, "", "")
}

// reloadOnHangup reads the configuration again on SIGHUP. A configuration that cannot be used changes nothing.
func (s *service) reloadOnHangup(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.hangup:
		}
		warnings, err := s.options.Settings.Reload(ctx, "")
		for _, w := range warnings {
			s.options.Logger.Warn(w.String())
		}
		if err != nil {
			s.options.Logger.Error("the configuration was not reloaded; the one before stays in force", "error", err)
			continue
		}
		s.options.Logger.Info("the configuration was reloaded")
		if err := s.parts.audit.Audit(ctx, "reload-configuration", noServer, "", "Triggered via SIGHUP"); err != nil {
			s.options.Logger.Error("audit", "error", err)
		}
	}
}

// abandon closes what is open, in the order in which one needs the other.
func (s *service) abandon(ctx context.Context) error {
	signal.Stop(s.hangup)
	errs := []error{s.closeRaft()}
	if s.hooks != nil {
		errs = append(errs, s.hooks.Close(ctx))
	}
	if s.writer != nil {
		errs = append(errs, s.writer.Flush(ctx), s.writer.Close(ctx))
	}
	if s.memory != nil {
		errs = append(errs, s.memory.save(ctx))
	}
	if s.prober != nil {
		errs = append(errs, s.prober.servers.Close())
	}
	if s.parts != nil {
		errs = append(errs, s.parts.close())
	}
	if s.listener != nil {
		if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// listen opens the address or the socket that the configuration names.
func listen(c *config.Config) (net.Listener, error) {
	if c.ListenSocket != "" {
		// A socket that a process left behind when it died is in the way of the next one.
		if err := removeDeadSocket(c.ListenSocket); err != nil {
			return nil, err
		}
		l, err := net.Listen("unix", c.ListenSocket)
		if err != nil {
			return nil, fmt.Errorf("listen on the socket %s (ListenSocket): %w", c.ListenSocket, err)
		}
		return l, nil
	}
	address := c.EffectiveListenAddress()
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen on %s (ListenAddress): the port is in use; end the program that holds it, or set ListenAddress to another port", address)
	case err != nil:
		return nil, fmt.Errorf("listen on %s (ListenAddress): %w", address, err)
	}
	return l, nil
}

func removeDeadSocket(path string) error {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&os.ModeSocket == 0 {
		return nil // nothing is there, or net.Listen says what
	}
	c, err := net.Dial("unix", path)
	if err == nil {
		_ = c.Close()
		return fmt.Errorf("listen on the socket %s (ListenSocket): another process listens there", path)
	}
	return os.Remove(path)
}
