//go:build !unix

package config

// writable reports false where the question cannot be asked without trying.
func writable(string) bool { return false }
