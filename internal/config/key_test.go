package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestRegistryAndStructAgree(t *testing.T) {
	fields := map[string]reflect.Type{}
	typ := reflect.TypeFor[Config]()
	for i := range typ.NumField() {
		if f := typ.Field(i); f.IsExported() {
			fields[f.Name] = f.Type
		}
	}
	if got, want := len(Keys()), 201+4+23; got != want {
		t.Errorf("%d keys, want %d", got, want)
	}
	if len(fields) != len(Keys()) {
		t.Errorf("%d fields, %d keys", len(fields), len(Keys()))
	}
	names := map[string]bool{}
	for _, k := range Keys() {
		fieldType, ok := fields[k.Name]
		if !ok {
			t.Errorf("%s has no field", k.Name)
			continue
		}
		for _, name := range []string{k.Name, k.Alias} {
			if name != "" && names[strings.ToLower(name)] {
				t.Errorf("%s is there twice", name)
			}
			names[strings.ToLower(name)] = true
		}
		if k.Meaning == "" || k.Section == "" {
			t.Errorf("%s is not documented", k.Name)
		}
		if (k.Status == Legacy) != (k.Instead != "") {
			t.Errorf("%s: status %v, instead %q", k.Name, k.Status, k.Instead)
		}
		if _, known := Lookup(k.Instead); k.Instead != "" && !known {
			t.Errorf("%s: instead %q is not a key", k.Name, k.Instead)
		}
		if (k.OneOf == nil) != (k.Otherwise == "") {
			t.Errorf("%s: OneOf without Otherwise, or the reverse", k.Name)
		}
		checkDefault(t, k, fieldType)
	}
	for _, name := range RemovedKeys() {
		if names[strings.ToLower(name)] {
			t.Errorf("%s is removed and known", name)
		}
	}
}

// checkDefault proves that a default is of its field's kind and keeps its value in it.
func checkDefault(t *testing.T, k Key, fieldType reflect.Type) {
	t.Helper()
	def := reflect.ValueOf(k.Default)
	switch fieldType.Kind() {
	case reflect.Uint, reflect.Int, reflect.Int32, reflect.Int64, reflect.Float32:
		if def.Kind() != reflect.Int || fieldType.Kind() == reflect.Uint && def.Int() < 0 {
			t.Errorf("%s: default %v (%T) for %s", k.Name, k.Default, k.Default, fieldType)
		}
		if back := def.Convert(fieldType).Convert(def.Type()).Int(); back != def.Int() {
			t.Errorf("%s: default %v becomes %v", k.Name, k.Default, back)
		}
	default:
		if def.Type() != fieldType {
			t.Errorf("%s: default is %s, field %s", k.Name, def.Type(), fieldType)
		}
	}
	if k.Range != nil && def.Kind() == reflect.Int && (def.Int() < k.Range.Min || def.Int() > k.Range.Max) {
		t.Errorf("%s: default %v outside its range", k.Name, k.Default)
	}
	if k.Secret && fieldType.Kind() != reflect.String {
		t.Errorf("%s: a secret must be a string to be masked", k.Name)
	}
}

func TestDefaultsOfNote(t *testing.T) {
	c := Default()
	for name, pair := range map[string][2]any{
		"port":       {c.ListenAddress, ":3000"},
		"backend":    {c.BackendDB, "mysql"},
		"packet":     {c.MySQLTopologyMaxAllowedPacket, int32(-1)},
		"poll":       {c.InstancePollSeconds, uint(5)},
		"factor":     {c.DeadInstancePollSecondsMultiplyFactor, float32(1)},
		"detach":     {c.DetachLostReplicasAfterMasterFailover, true},
		"power":      {c.PowerAuthUsers, []string{"*"}},
		"recover":    {c.RecoverMasterClusterFilters, []string{}},
		"audit":      {c.AuditToBackendDB, false},
		"metadata":   {c.MetaDBPort, 3307},
		"bytes":      {c.SeedAcceptableBytesDiff, int64(8192)},
		"kv":         {c.KVClusterMasterPrefix, "mysql/master"},
		"hostname":   {c.MySQLHostnameResolveMethod, "@@hostname"},
		"scopes nil": {c.OAuthScopes == nil, true},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: %v, want %v", name, pair[0], pair[1])
		}
	}
}

func TestDefaultsAreNotShared(t *testing.T) {
	first := Default()
	first.PowerAuthUsers[0] = "changed"
	first.ClusterNameToAlias["x"] = "y"
	if second := Default(); second.PowerAuthUsers[0] != "*" || len(second.ClusterNameToAlias) != 0 {
		t.Errorf("a change of one default shows in another: %v %v", second.PowerAuthUsers, second.ClusterNameToAlias)
	}
}

func TestClosest(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"missing letter", "RecoverMasterClusterFilter", "RecoverMasterClusterFilters"},
		{"swapped letters", "ListenAdrdess", "ListenAddress"},
		{"other case and a typo", "listenadress", "ListenAddress"},
		{"newer spelling", "RecoverPrimaryClusterFilter", "RecoverPrimaryClusterFilters"},
		{"nothing like it", "Bananas", ""},
		{"short names must be close", "Debit", ""},
		{"empty", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Closest(tt.in)
			if ok != (tt.want != "") || ok && got != tt.want {
				t.Errorf("Closest(%q) = %q, %v; want %q", tt.in, got, ok, tt.want)
			}
		})
	}
}

func TestLookup(t *testing.T) {
	for in, want := range map[string]string{"ListenAddress": "ListenAddress", "LISTENADDRESS": "ListenAddress", "recoverprimaryclusterfilters": "RecoverMasterClusterFilters"} {
		if k, ok := Lookup(in); !ok || k.Name != want {
			t.Errorf("Lookup(%q) = %q, %v", in, k.Name, ok)
		}
	}
	if _, ok := Lookup("Nothing"); ok {
		t.Error("Lookup found a key that is none")
	}
}
