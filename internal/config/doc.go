// Package config holds the configuration: which keys there are, what they mean, how files become one Config.
//
// A Config is a value with one field for each key. It is made by Load (files), Parse (a document in memory) or Reload
// (files laid over an earlier Config), checked as a whole, and never written afterwards; whoever needs configuration is
// handed a *Config and reads it. Files of openark/orchestrator 3.2.6 and of its forks load as they did there: the same
// search order, merging, credentials files and derived values.
//
// Each key is described once, in the registry (keys_*.go): default, effect of a reload, constraints, meaning. The
// reference page docs/configuration.md, the defaults, the warnings and the masking of secrets all come from it.
//
// What a file says wrongly falls into two kinds. An *Error stops loading and changes nothing: wrong types, contradictions,
// values with which the service could not work. A Warning does not: unknown, removed and ineffective keys, and regular
// expressions that do not compile and hence never match. Check says in plain sentences what a configuration will do.
//
// Not here: flags, connecting to anything, asking whether a host or schema exists, signals.
package config

//go:generate go run ./gendoc -o ../../docs/configuration.md
