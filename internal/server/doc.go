// Package server talks to one MySQL or MariaDB server at a time: it knows the dialects, reads everything we want to
// know in one round trip (Probe), notices at once when an idle connection ends (Watch), and holds every statement that
// is ever sent to a managed server.
//
// A Server keeps one persistent connection for probes. Statements that change something travel on other connections,
// opened on demand, kept for a short while and closed again. Nothing waits without a limit: every method takes a
// context, and a connection whose context ended is thrown away.
//
// Looks for what keeps a primary from taking writes (WriteSigns) go over the probe connection as well, or a fleet would
// cost its primaries two each. They are not part of the probe: what hinders writes may make the probe hang, and is then
// the very thing to be known; and a look that hangs must not make a server look dead. So a look waits for the probe
// connection, and keeps it, for a moment only, and has another one as soon as something is amiss: a probe or a look is
// slow, a commit hangs, or connections run short. That is before it is needed most, for then nobody may be let in any
// more. It goes back when all has been well for a minute.
//
// A probe of a known server costs about 50 microseconds of client time and a known server 12 to 14 kB of memory, its
// connection included (see the benchmarks).
//
// The package decides nothing and remembers nothing about other servers: what a server says of its source and its
// replicas is passed on as it was said. Failures come back as *Error, told apart by number and never by English text.
package server
