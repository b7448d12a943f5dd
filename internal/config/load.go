package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
)

// DefaultFiles are the files looked for when none is named, in this order; each present one is laid over those before
// it. The last two are relative to the working directory.
func DefaultFiles() []string {
	return []string{"/etc/orchestrator.conf.json", "conf/orchestrator.conf.json", "orchestrator.conf.json"}
}

// Options say where configuration comes from. The zero value is the ordinary case: DefaultFiles, the process's
// environment, the file system.
type Options struct {
	Explicit string   // the only file to read; it must be readable
	Files    []string // files to look for when Explicit is empty; nil = DefaultFiles
	Extra    string   // a file read after the others; it must be readable. Meant for one reload
	Env      func(name string) (value string, ok bool)
	ReadFile func(name string) ([]byte, error)
	DataFile func() string // the SQLite file when nothing configures a backend; nil = DefaultDataFile
}

func (o Options) complete() Options {
	if o.Files == nil {
		o.Files = DefaultFiles()
	}
	if o.Explicit != "" {
		o.Files = []string{o.Explicit}
	}
	if o.Env == nil {
		o.Env = os.LookupEnv
	}
	if o.ReadFile == nil {
		o.ReadFile = os.ReadFile
	}
	if o.DataFile == nil {
		o.DataFile = DefaultDataFile
	}
	return o
}

// DefaultDataFile is the SQLite file of a service for which no backend is configured: in /var/lib/orchestrator when that
// directory is writable or already holds the file, else in the working directory.
func DefaultDataFile() string { return dataFile("/var/lib/orchestrator") }

func dataFile(directory string) string {
	const name = "orchestrator.sqlite3"
	shared := filepath.Join(directory, name)
	if _, err := os.Stat(shared); err == nil {
		return shared
	}
	if info, err := os.Stat(directory); err == nil && info.IsDir() && writable(directory) {
		return shared
	}
	return "./" + name
}

// origin is what a Config remembers of how it came about.
type origin struct {
	given         map[string][]Place // key → where it is given, the place that counts last
	read          []string           // files read, in order
	chosenBackend bool               // SQLite was chosen because nothing was configured
}

func (o origin) clone() origin {
	out := origin{given: map[string][]Place{}, read: append([]string(nil), o.read...), chosenBackend: o.chosenBackend}
	for key, places := range o.given {
		out.given[key] = append([]Place(nil), places...)
	}
	return out
}

// Place is where a key is given.
type Place struct {
	File      string
	Line      int      // 0: the file gave it when it was read before, and does not any more
	Variables []string // of the environment, that its value names
}

// readAgain takes in that a file is about to be read: what it gave before may not be there any more.
func (o *origin) readAgain(file string) {
	for _, places := range o.given {
		for n := range places {
			if places[n].File == file {
				places[n].Line = 0
			}
		}
	}
}

// noteGiven takes in that a file gives a key. What the same file said of it before counts no more.
func (o *origin) noteGiven(key string, at Place) {
	places := o.given[key]
	for n := range places {
		if places[n].File == at.File {
			places = append(places[:n:n], places[n+1:]...)
			break
		}
	}
	o.given[key] = append(places, at)
}

// Files returns the files the configuration was read from, in order, over all reloads.
func (c *Config) Files() []string { return append([]string(nil), c.origin.read...) }

// Source names the file that gave a key its value; empty when no file did.
func (c *Config) Source(key string) string {
	places := c.origin.given[key]
	if len(places) == 0 {
		return ""
	}
	return places[len(places)-1].File
}

// Places are where a key is given, in the order in which they were read: the last one counts, but for objects, which are
// merged. A key that is only given by its old name is none of them.
func (c *Config) Places(key string) []Place { return append([]Place(nil), c.origin.given[key]...) }

func (c *Config) given(key string) bool {
	_, ok := c.origin.given[key]
	return ok
}

// Load reads the files, lays each over the ones before it, and checks the result. No file at all is not an error. On an
// error the configuration is nil and the error joins one *Error for each problem found; warnings are returned either way.
// It reads the credentials files that the configuration names and the environment, nothing else.
func Load(opts Options) (*Config, []Warning, error) {
	return newLoader(Default(), opts).run(opts.Explicit != "")
}

// Parse loads one document from memory, as if it were the only file, with the process's environment and files.
func Parse(document []byte) (*Config, []Warning, error) {
	const name = "configuration"
	return Load(Options{Explicit: name, ReadFile: func(file string) ([]byte, error) {
		if file == name {
			return document, nil
		}
		return os.ReadFile(file)
	}})
}

// Reload reads the files again and lays them over prev, which Load, Parse or Reload made: a key that no file gives any more keeps its value. It is all or
// nothing; on an error prev stays in force, unchanged as always. Files that are missing now are skipped, except Extra.
// Changed keys that take effect only after a restart are reported with a NeedsRestart warning.
func Reload(prev *Config, opts Options) (*Config, []Warning, error) {
	next, warnings, err := newLoader(prev.clone(), opts).run(false)
	if err != nil {
		return nil, warnings, err
	}
	return next, append(warnings, restartsNeeded(prev, next)...), nil
}

func restartsNeeded(prev, next *Config) []Warning {
	var out []Warning
	for _, k := range keyRegistry().keys {
		if k.Reload == Restart && k.Status != Dead && k.Status != Planned && k.Status != Settled && !reflect.DeepEqual(prev.field(k.Name).Interface(), next.field(k.Name).Interface()) {
			out = append(out, Warning{File: next.Source(k.Name), Key: k.Name, Kind: NeedsRestart,
				Text: "has changed, which takes effect only after a restart"})
		}
	}
	return out
}

// loader builds one Config.
type loader struct {
	opts  Options
	cfg   *Config
	found *findings

	line   int             // of the key that is being read
	file   string          // being read, later the last one read; empty when there is none
	inFile map[string]bool // keys it gives
}

func newLoader(base *Config, opts Options) *loader {
	if base.origin.given == nil {
		base.origin = base.origin.clone()
	}
	return &loader{opts: opts.complete(), cfg: base, found: newFindings()}
}

func (l *loader) run(mustExist bool) (*Config, []Warning, error) {
	for _, name := range l.opts.Files {
		l.readFile(name, mustExist)
	}
	if l.opts.Extra != "" {
		l.readFile(l.opts.Extra, true)
	}
	if len(l.cfg.origin.read) == 0 {
		l.adjust()
	}
	l.chooseBackend()
	l.validate()
	l.noteIdle()
	if err := l.found.err(); err != nil {
		return nil, l.found.warnings, err
	}
	return l.cfg, l.found.warnings, nil
}

func (l *loader) readFile(name string, mustExist bool) {
	data, err := l.opts.ReadFile(name)
	switch {
	case err == nil:
	case mustExist:
		l.found.fail(&Error{File: name, Problem: "cannot be read: " + causeOf(err), Remedy: "check the path and its permissions", Err: err})
		return
	case errors.Is(err, fs.ErrNotExist):
		return
	default:
		l.found.warn(Warning{File: name, Kind: FileSkipped, Text: "is skipped because it cannot be read: " + causeOf(err),
			Remedy: "make it readable for the service, or remove it"})
		return
	}
	l.file, l.inFile = name, map[string]bool{}
	l.noteRead(name)
	l.cfg.origin.readAgain(name)
	l.apply(data)
	l.adjust()
}

func (l *loader) noteRead(name string) {
	for _, known := range l.cfg.origin.read {
		if known == name {
			return
		}
	}
	l.cfg.origin.read = append(l.cfg.origin.read, name)
}

// causeOf leaves the path out of a file error, since the file is named already.
func causeOf(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}

// apply lays the members of one document over the configuration.
func (l *loader) apply(data []byte) {
	doc, err := readDocument(data)
	if err != nil {
		l.found.fail(&Error{File: l.file, Problem: err.Error(), Remedy: doc.remedy, Err: err})
		return
	}
	if doc.trailing {
		l.found.warn(Warning{File: l.file, Kind: FileSkipped, Text: "holds more text after the first JSON value, which is ignored",
			Remedy: "remove it, or move its keys into the first object"})
	}
	for _, m := range doc.members {
		l.member(m)
	}
}

func (l *loader) member(m member) {
	l.line = m.line
	k, ok := Lookup(m.name)
	if !ok {
		l.unknown(m.name)
		return
	}
	if l.inFile[k.Name] {
		l.found.warn(Warning{File: l.file, Line: l.line, Key: m.name, Kind: RepeatedKey, Text: "sets " + k.Name + " again; the last value counts",
			Remedy: "keep one of them"})
	}
	switch k.Status {
	case Dead:
		l.found.warn(Warning{File: l.file, Line: l.line, Key: m.name, Kind: DeadKey, Text: "has no effect", Remedy: "it can be removed"})
	case Legacy:
		l.found.warn(Warning{File: l.file, Line: l.line, Key: m.name, Kind: LegacyKey, Text: "is an old name, which still works", Remedy: "write " + k.Instead})
	}
	l.set(k, m.value)
}

// noteIdle says what is wished for and has no effect: for each key that is settled in another way, and once for all that
// is not built yet. A key that has its default wishes for nothing.
func (l *loader) noteIdle() {
	var names []string
	file := ""
	for _, k := range keyRegistry().keys {
		value := l.cfg.field(k.Name)
		if k.Status != Planned && k.Status != Settled || !l.cfg.given(k.Name) || sameValue(value, reflect.ValueOf(k.Default).Convert(value.Type())) {
			continue
		}
		if k.Status == Settled {
			l.found.warn(Warning{File: l.cfg.Source(k.Name), Key: k.Name, Kind: DeadKey, Text: "has no effect: " + k.Settled, Remedy: "it can be removed"})
			continue
		}
		if source := l.cfg.Source(k.Name); len(names) == 0 {
			file = source
		} else if source != file {
			file = "" // several files ask for it
		}
		names = append(names, k.Name)
	}
	if len(names) > 0 {
		l.found.warn(Warning{File: file, Kind: PlannedKeys,
			Text:   "these keys are accepted, but what they ask for is not in this version: " + strings.Join(names, ", "),
			Remedy: "see docs/compatibility.md for what there is instead"})
	}
}

// sameValue compares two values of a key; an empty list is like none.
func sameValue(a, b reflect.Value) bool {
	if a.Kind() == reflect.Slice && a.Len() == 0 && b.Len() == 0 {
		return true
	}
	return reflect.DeepEqual(a.Interface(), b.Interface())
}

func (l *loader) unknown(name string) {
	if isRemoved(name) {
		l.found.warn(Warning{File: l.file, Line: l.line, Key: name, Kind: RemovedKey, Text: "is a key of older versions and has no effect", Remedy: "it can be removed"})
		return
	}
	w := Warning{File: l.file, Line: l.line, Key: name, Kind: UnknownKey, Text: "is not a known key and is ignored", Remedy: "see docs/configuration.md for the keys there are"}
	if like, ok := Closest(name); ok {
		w.Remedy = "did you mean " + like + "?"
	}
	l.found.warn(w)
}

// set decodes one value into its field as encoding/json does: null changes no scalar and empties lists and maps, lists
// are replaced, maps are merged.
func (l *loader) set(k Key, raw json.RawMessage) {
	field := l.cfg.field(k.Name)
	isNull := string(raw) == "null"
	if isNull && field.Kind() != reflect.Slice && field.Kind() != reflect.Map {
		return
	}
	fresh := reflect.New(field.Type())
	if err := json.Unmarshal(raw, fresh.Interface()); err != nil {
		l.found.failValue(&Error{File: l.file, Key: k.Name, Problem: badValue(k, field.Type(), raw), Remedy: "write " + typeRemedy(field.Type()), Err: err})
		return
	}
	l.expandValue(k.Name, fresh.Elem())
	if field.Kind() == reflect.Map && !isNull {
		merged := reflect.MakeMap(field.Type())
		for _, from := range []reflect.Value{field, fresh.Elem()} {
			for it := from.MapRange(); it.Next(); {
				merged.SetMapIndex(it.Key(), it.Value())
			}
		}
		fresh.Elem().Set(merged)
	}
	field.Set(fresh.Elem())
	l.inFile[k.Name] = true
	l.cfg.origin.noteGiven(k.Name, Place{File: l.file, Line: l.line, Variables: variablesIn(k.Name, raw)})
}

func badValue(k Key, t reflect.Type, raw json.RawMessage) string {
	if k.Secret {
		return "has a value of the wrong type"
	}
	shown := strings.ToValidUTF8(string(raw), "?")
	if r := []rune(shown); len(r) > 60 {
		shown = string(r[:60]) + "..."
	}
	return fmt.Sprintf("has the value %s, which is not %s", shown, typeWords(t))
}

// typeWords names a field's type in a sentence.
func typeWords(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Uint:
		return "a whole number of 0 or more"
	case reflect.Int, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Float32:
		return "a number"
	case reflect.Slice:
		return "a list of strings"
	case reflect.Map:
		return "an object of strings"
	default:
		return "a string"
	}
}

func typeRemedy(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return `a text in double quotes`
	case reflect.Slice:
		return `a list such as ["one", "two"]`
	case reflect.Map:
		return `an object such as {"pattern": "alias"}`
	default:
		return typeWords(t) + ", without quotes"
	}
}
