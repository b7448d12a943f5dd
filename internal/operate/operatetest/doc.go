// Package operatetest holds a small fleet with a fixed clock, and an engine over it whose parts live in memory, for the
// tests of the operations and of their faces.
package operatetest
