// Package sandboxtest gives tests real servers: clusters of package sandbox that are cleaned up with the test.
package sandboxtest

import (
	"context"
	"testing"
	"time"

	"orchestrator/internal/sandbox"
)

// bootTime bounds a start, the making of a template by the first one included.
const bootTime = 2 * time.Minute

// New starts a cluster that is closed with the test. A missing server family fails the test with the remedy; in short
// mode (-short) the test is skipped. When the test fails, the ends of the servers' error logs are printed.
func New(t testing.TB, options sandbox.Options) *sandbox.Cluster {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	ctx, cancel := context.WithTimeout(t.Context(), bootTime)
	defer cancel()
	cluster, err := sandbox.Start(ctx, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			for _, node := range cluster.Nodes() {
				t.Logf("the end of the error log of %s:\n%s", node, node.LogTail())
			}
		}
		if err := cluster.Close(); err != nil {
			t.Errorf("close the sandbox: %v", err)
		}
	})
	return cluster
}

// EachFlavor runs the test as a subtest with each of the two current families, MariaDB and MySQL.
func EachFlavor(t *testing.T, test func(t *testing.T, flavor sandbox.Flavor)) {
	t.Helper()
	for _, flavor := range []sandbox.Flavor{sandbox.MariaDB, sandbox.MySQL} {
		t.Run(flavor.String(), func(t *testing.T) { test(t, flavor) })
	}
}

// Around returns the path of a program that is no database server, such as etcd, where it is installed. Otherwise the test
// is skipped, and in short mode too.
func Around(t testing.TB, name string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("needs real servers: left out in short mode")
	}
	path, err := sandbox.FindAround(name)
	if err != nil {
		t.Skip(err)
	}
	return path
}

// Addresses returns addresses of this machine that nobody else takes before the test has ended.
func Addresses(t testing.TB, n int) []string {
	t.Helper()
	list, release, err := sandbox.ReserveAddresses(n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Error(err)
		}
	})
	return list
}
