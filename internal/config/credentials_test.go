package config

import "testing"

func TestParseCredentials(t *testing.T) {
	for _, tt := range []struct{ name, text, user, password string }{
		{"plain", "[client]\nuser=u\npassword=p\n", "u", "p"},
		{"spaces around", " [ client ] \n user = u \n\tpassword\t=\tp w \r\n", "u", "p w"},
		{"double quotes", "[client]\nuser=\"u\"\npassword=\" p # ; w \"\n", "u", " p # ; w "},
		{"single quotes", "[client]\nuser='u'\npassword='p#\"w'", "u", `p#"w`},
		{"a single quote inside is itself", "[client]\npassword=it's", "", "it's"},
		{"escaped quote", `[client]` + "\n" + `password="a\"b\\c"`, "", `a"b\c`},
		{"escapes", `[client]` + "\n" + `password=\sa\n\r\t\b\'\#\;\s`, "", " a\n\r\t\b'#; "},
		{"unknown escape is kept", `[client]` + "\n" + `password=a\qb`, "", `a\qb`},
		{"backslash at the end", `[client]` + "\n" + `password=a\`, "", `a\`},
		{"escape before a letter beyond ASCII", "[client]\npassword=a\\éb", "", `a\éb`},
		{"comment lines", "# c\n; c\n[client]\n#user=x\n;user=x\nuser=u", "u", ""},
		{"comment after a value", "[client]\nuser=u # comment\npassword=p ; comment", "u", "p"},
		{"semicolon inside a value", "[client]\npassword=a;b", "", "a;b"},
		{"comment after quotes", "[client]\npassword=\"p \" # c", "", "p "},
		{"equals sign in a value", "[client]\npassword=a=b=c", "", "a=b=c"},
		{"other sections do not count", "[mysql]\nuser=x\n[client]\nuser=u\n[mysqldump]\npassword=x", "u", ""},
		{"section and names in capitals", "[CLIENT]\nUser=u\nPASSWORD=p", "u", "p"},
		{"the last of repeated names counts", "[client]\nuser=a\nuser=b", "b", ""},
		{"other options and includes", "!includedir /x\n[client]\nssl\nhost=h\nuser=u", "u", ""},
		{"option without a value", "[client]\nuser", "", ""},
		{"byte order mark", "\xef\xbb\xbf[client]\nuser=u", "u", ""},
		{"empty", "", "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := parseCredentials([]byte(tt.text))
			if err != nil || got.user != tt.user || got.password != tt.password {
				t.Errorf("got %q %q, %v; want %q %q", got.user, got.password, err, tt.user, tt.password)
			}
		})
	}
	for _, tt := range []struct{ name, text, part string }{
		{"open quote", "[client]\npassword=\"p", "line 2: password: quote"},
		{"open section", "[client\nuser=u", "line 1: section"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseCredentials([]byte(tt.text))
			if err == nil {
				t.Fatal("accepted")
			}
			contains(t, err.Error(), tt.part)
		})
	}
}

func FuzzParseCredentials(f *testing.F) {
	f.Add("[client]\nuser=\"u\\\"\npassword='x'")
	f.Fuzz(func(t *testing.T, text string) {
		if got, err := parseCredentials([]byte(text)); err != nil && got != (credentials{}) {
			t.Errorf("%v with error %v", got, err)
		}
	})
}

func TestCredentialsFiles(t *testing.T) {
	r := rig{
		env: map[string]string{"PW": "from env"},
		files: map[string]string{
			"both":     "[client]\nuser=u\npassword=p",
			"variable": "[client]\nuser=u\npassword=${PW}",
			"userless": "[client]\npassword=p",
			"broken":   "[client",
			"top":      `{"MySQLTopologyUser": "x", "MySQLTopologyPassword": "y", "MySQLTopologyCredentialsConfigFile": "both"}`,
			"back":     `{"MySQLOrchestratorUser": "x", "MySQLOrchestratorCredentialsConfigFile": "variable"}`,
			"less":     `{"MySQLTopologyUser": "x", "MySQLTopologyCredentialsConfigFile": "userless"}`,
			"absent":   `{"MySQLTopologyCredentialsConfigFile": "nowhere"}`,
			"bad":      `{"MySQLOrchestratorCredentialsConfigFile": "broken"}`,
			"later":    `{"MySQLTopologyPassword": "z"}`,
		},
	}
	t.Run("replace the keys", func(t *testing.T) {
		c, _, err := r.load("top")
		if err != nil || c.MySQLTopologyUser != "u" || c.MySQLTopologyPassword != "p" {
			t.Errorf("%q %q %v", c.MySQLTopologyUser, c.MySQLTopologyPassword, err)
		}
	})
	t.Run("password from a variable", func(t *testing.T) {
		c, _, err := r.load("back")
		if err != nil || c.MySQLOrchestratorUser != "u" || c.MySQLOrchestratorPassword != "from env" {
			t.Errorf("%q %q %v", c.MySQLOrchestratorUser, c.MySQLOrchestratorPassword, err)
		}
	})
	t.Run("what is missing becomes empty", func(t *testing.T) {
		c, _, err := r.load("less")
		if err != nil || c.MySQLTopologyUser != "" || c.MySQLTopologyPassword != "p" {
			t.Errorf("%q %q %v", c.MySQLTopologyUser, c.MySQLTopologyPassword, err)
		}
	})
	t.Run("still win over a later file", func(t *testing.T) {
		c, _, err := r.load("top", "later")
		if err != nil || c.MySQLTopologyPassword != "p" {
			t.Errorf("%q %v", c.MySQLTopologyPassword, err)
		}
	})
	for _, tt := range []struct{ name, file, key, part string }{
		{"missing", "absent", "MySQLTopologyCredentialsConfigFile", "nowhere"},
		{"broken", "bad", "MySQLOrchestratorCredentialsConfigFile", "line 1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := r.load(tt.file)
			if err == nil {
				t.Fatal("accepted")
			}
			if e := problems(t, err)[0]; e.Key != tt.key || e.File != tt.file {
				t.Errorf("problem %v", e)
			}
			contains(t, err.Error(), tt.part)
		})
	}
}

func TestEnvironment(t *testing.T) {
	env := map[string]string{"A": "alpha", "EMPTY": "", "odd name": "odd", "NESTED": "${A}"}
	for _, tt := range []struct {
		name, text string
		ok         func(*Config) bool
	}{
		{"password", `{"MySQLTopologyPassword": "${A}"}`, func(c *Config) bool { return c.MySQLTopologyPassword == "alpha" }},
		{"password in a variable of any name", `{"MySQLTopologyPassword": "${odd name}"}`, func(c *Config) bool { return c.MySQLTopologyPassword == "odd" }},
		{"password that is not set", `{"MySQLOrchestratorPassword": "${NO}"}`, func(c *Config) bool { return c.MySQLOrchestratorPassword == "" }},
		{"password with text around is itself", `{"MySQLTopologyPassword": "x${A}"}`, func(c *Config) bool { return c.MySQLTopologyPassword == "x${A}" }},
		{"escaped password", `{"MySQLTopologyPassword": "$${A}"}`, func(c *Config) bool { return c.MySQLTopologyPassword == "${A}" }},
		{"content is not expanded again", `{"MySQLTopologyPassword": "${NESTED}"}`, func(c *Config) bool { return c.MySQLTopologyPassword == "${A}" }},
		{"other text", `{"WebMessage": "${A}"}`, func(c *Config) bool { return c.WebMessage == "alpha" }},
		{"set but empty", `{"WebMessage": "${EMPTY}"}`, func(c *Config) bool { return c.WebMessage == "" }},
		{"only a whole value", `{"WebMessage": "${A}!"}`, func(c *Config) bool { return c.WebMessage == "${A}!" }},
		{"escaped text", `{"WebMessage": "$${A}"}`, func(c *Config) bool { return c.WebMessage == "${A}" }},
		{"entry of a list", `{"DiscoverySeeds": ["${A}", "b"]}`, func(c *Config) bool { return c.DiscoverySeeds[0] == "alpha" }},
		{"value of a map", `{"ClusterNameToAlias": {"${A}": "${A}"}}`, func(c *Config) bool { return c.ClusterNameToAlias["${A}"] == "alpha" }},
		{"hooks are left to the shell", `{"PreFailoverProcesses": ["${NO}"]}`, func(c *Config) bool { return c.PreFailoverProcesses[0] == "${NO}" }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, _, err := rig{env: env, files: map[string]string{"a": tt.text}}.load("a")
			if err != nil || !tt.ok(c) {
				t.Errorf("%s: not expanded as it should be: %v", tt.text, err)
			}
		})
	}
	t.Run("an unset variable is an error", func(t *testing.T) {
		_, _, err := rig{files: map[string]string{"a": `{"ConsulAclToken": "${NO}"}`}}.load("a")
		if err == nil {
			t.Fatal("accepted")
		}
		contains(t, err.Error(), "a: ConsulAclToken: environment variable NO is not set")
	})
	t.Run("content is not expanded again with a second file", func(t *testing.T) {
		c, _, err := rig{env: env, files: map[string]string{"a": `{"MySQLTopologyPassword": "${NESTED}"}`, "b": `{}`}}.load("a", "b")
		if err != nil || c.MySQLTopologyPassword != "${A}" {
			t.Errorf("%q %v", c.MySQLTopologyPassword, err)
		}
	})
	for _, tt := range []struct{ name, text, part string }{
		{"unset password", `{"MySQLTopologyPassword": "${NO}"}`, "NO is not set"},
		{"password with text around", `{"MySQLTopologyPassword": "x${A}"}`, "taken as it is"},
	} {
		t.Run("warning: "+tt.name, func(t *testing.T) {
			_, warnings, err := rig{env: env, files: map[string]string{"a": tt.text}}.load("a")
			w, ok := find(warnings, DoubtfulValue, "MySQLTopologyPassword")
			if err != nil || !ok {
				t.Fatalf("%v %v", warnings, err)
			}
			contains(t, w.String(), tt.part)
		})
	}
}
