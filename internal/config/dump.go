package config

import (
	"encoding/json"
	"fmt"
)

// mask stands for a secret that is set.
const mask = "********"

// Dump is the effective configuration as one line of JSON, every key with its value, with secrets masked when they are
// set. It is for reading, not for loading again.
func (c *Config) Dump() ([]byte, error) {
	shown := c.clone()
	for _, k := range keyRegistry().keys {
		if field := shown.field(k.Name); k.Secret && field.String() != "" {
			field.SetString(mask)
		}
	}
	out, err := json.Marshal(shown)
	if err != nil {
		return nil, fmt.Errorf("write configuration as JSON: %w", err)
	}
	return out, nil
}

// SecretOf is the value of a key that Dump masks. It is for comparing, not for showing.
func (c *Config) SecretOf(key string) string { return c.field(key).String() }
