package topology

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestParseKey(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want Key // the zero Key: an error
	}{
		"host and port":                   {"db1:3307", Key{"db1", 3307}},
		"host alone":                      {"db1", Key{"db1", 3306}},
		"host with an empty port":         {"db1:", Key{"db1", 3306}},
		"full name":                       {"db1.example.com:3306", Key{"db1.example.com", 3306}},
		"white space around":              {" db1:3307\n", Key{"db1", 3307}},
		"IPv4":                            {"10.0.0.1:3307", Key{"10.0.0.1", 3307}},
		"IPv6 in brackets":                {"[2001:db8::1]:3307", Key{"2001:db8::1", 3307}},
		"IPv6 in brackets without a port": {"[2001:db8::1]", Key{"2001:db8::1", 3306}},
		"IPv6 without brackets":           {"2001:db8::1", Key{"2001:db8::1", 3306}},
		"IPv6 with a zone":                {"[fe80::1%eth0]:3307", Key{"fe80::1%eth0", 3307}},
		"IPv6 with a zone, no brackets":   {"fe80::1%eth0", Key{"fe80::1%eth0", 3306}},
		"host name in brackets":           {"[db1]:3307", Key{"db1", 3307}},
		"detached":                        {"//db1:3306", Key{"//db1", 3306}},
		"placeholder":                     {"_:3306", Key{"_", 3306}},
		"lowest port":                     {"db1:1", Key{"db1", 1}},
		"highest port":                    {"db1:65535", Key{"db1", 65535}},
		"empty":                           {"", Key{}},
		"only white space":                {" \t", Key{}},
		"only a port":                     {":3306", Key{}},
		"empty brackets":                  {"[]:3306", Key{}},
		"open bracket":                    {"[2001:db8::1", Key{}},
		"something after the bracket":     {"[db1]x", Key{}},
		"port 0":                          {"db1:0", Key{}},
		"port too high":                   {"db1:65536", Key{}},
		"negative port":                   {"db1:-1", Key{}},
		"port in words":                   {"db1:mysql", Key{}},
		"a list":                          {"db1,db2:3306", Key{}},
		"white space inside":              {"db1 db2:3306", Key{}},
		"blank host in brackets":          {"[ ]:3306", Key{}},
		"bracket inside":                  {"db[1]:3306", Key{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseKey(c.text, 3306)
			if (err != nil) != c.want.IsZero() {
				t.Fatalf("ParseKey(%q): error %v", c.text, err)
			}
			if got != c.want {
				t.Errorf("ParseKey(%q) = %+v, want %+v", c.text, got, c.want)
			}
		})
	}
}

func TestKeyPrints(t *testing.T) {
	for name, c := range map[string]struct {
		key  Key
		want string
	}{
		"host":     {Key{"db1", 3306}, "db1:3306"},
		"IPv4":     {Key{"10.0.0.1", 3306}, "10.0.0.1:3306"},
		"IPv6":     {Key{"2001:db8::1", 3306}, "[2001:db8::1]:3306"},
		"detached": {Key{"//db1", 3306}, "//db1:3306"},
		"zero":     {Key{}, ":0"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.key.String(); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestKeyKinds(t *testing.T) {
	for name, c := range map[string]struct {
		key                            Key
		valid, zero, detached, literal bool
	}{
		"host name":      {key: Key{"db1", 3306}, valid: true},
		"IPv4":           {key: Key{"10.0.0.1", 3306}, valid: true, literal: true},
		"IPv6":           {key: Key{"2001:db8::1", 3306}, valid: true},
		"IPv4 in IPv6":   {key: Key{"::ffff:10.0.0.1", 3306}, valid: true, literal: true},
		"almost an IPv4": {key: Key{"10.0.0.256", 3306}, valid: true},
		"placeholder":    {key: Key{"_", 3306}},
		"no port":        {key: Key{"db1", 0}},
		"no host":        {key: Key{"", 3306}},
		"zero":           {zero: true},
		"detached":       {key: Key{"//db1", 3306}, detached: true},
	} {
		t.Run(name, func(t *testing.T) {
			k := c.key
			if k.IsValid() != c.valid || k.IsZero() != c.zero || k.IsDetached() != c.detached || k.IsIPv4() != c.literal {
				t.Errorf("%+v: valid %v, zero %v, detached %v, IPv4 %v", k, k.IsValid(), k.IsZero(), k.IsDetached(), k.IsIPv4())
			}
		})
	}
}

func TestDetachAndReattach(t *testing.T) {
	k := Key{"db1", 3306}
	d := k.Detached()
	if d != (Key{"//db1", 3306}) || d.Detached() != d {
		t.Errorf("detached %v, twice %v", d, d.Detached())
	}
	if d.Reattached() != k || k.Reattached() != k {
		t.Errorf("reattached %v, an attached one %v", d.Reattached(), k.Reattached())
	}
}

func TestKeyOrder(t *testing.T) {
	got := SortKeys([]Key{{"b", 1}, {"a", 3307}, {"a", 3306}, {"B", 9}})
	want := []Key{{"B", 9}, {"a", 3306}, {"a", 3307}, {"b", 1}}
	if !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestParseKeys(t *testing.T) {
	for name, c := range map[string]struct {
		list  string
		want  []Key
		fails bool
	}{
		"nothing":          {"", nil, false},
		"one":              {"a:1", []Key{{"a", 1}}, false},
		"commas":           {"a:1,b", []Key{{"a", 1}, {"b", 3306}}, false},
		"white space":      {" a:1\n\tb:2 , c:3 ", []Key{{"a", 1}, {"b", 2}, {"c", 3}}, false},
		"empty entries":    {",,a:1,", []Key{{"a", 1}}, false},
		"one that is none": {"a:1,b:x,c:3", []Key{{"a", 1}, {"c", 3}}, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseKeys(c.list, 3306)
			if !slices.Equal(got, c.want) || (err != nil) != c.fails {
				t.Errorf("%v, %v; want %v, fails %v", got, err, c.want, c.fails)
			}
		})
	}
}

func TestJoinedKeysAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOf(rapid.Custom(drawKey)).Draw(t, "keys")
		got, err := ParseKeys(JoinKeys(keys), 3306)
		if err != nil || !slices.Equal(got, keys) {
			t.Fatalf("%v, %v; want %v", got, err, keys)
		}
	})
}

func drawKey(t *rapid.T) Key {
	return Key{
		Hostname: rapid.SampledFrom([]string{"a", "db-1.example.com", "10.0.0.1", "2001:db8::1", "//a"}).Draw(t, "host"),
		Port:     rapid.IntRange(1, 65535).Draw(t, "port"),
	}
}

func FuzzParseKey(f *testing.F) {
	for _, text := range []string{"db1:3306", "db1", "[::1]:3306", "::1", "fe80::1%eth0", "//db1:1", "[a]b", "a:b:3306", "_", "[ ]", "a b"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseKey(text, 3306)
		if err != nil {
			if !k.IsZero() {
				t.Fatalf("%q: %v with the error %v", text, k, err)
			}
			return
		}
		if k.Hostname == "" || k.Port < 1 || k.Port > 65535 {
			t.Fatalf("%q is read as %+v", text, k)
		}
		again, err := ParseKey(k.String(), 1)
		if err != nil || again != k {
			t.Fatalf("%q is read as %+v, printed as %q and read back as %+v, %v", text, k, k, again, err)
		}
		if list, err := ParseKeys(JoinKeys([]Key{k, k}), 1); err != nil || !slices.Equal(list, []Key{k, k}) {
			t.Fatalf("%q in a list is read back as %v, %v", text, list, err)
		}
	})
}
