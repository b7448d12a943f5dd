//go:build !unix || openbsd || netbsd || solaris || illumos || aix

package main

import "orchestrator/internal/operate"

// diskOf knows nothing of the file systems here.
func diskOf(string) operate.Disk { return operate.Disk{} }
