// Package e2e builds whole images and starts them: its tests are the proof that
// the rooms fit together. It needs the demonstration repository (make demo-repo),
// QEMU and the usual file-system tools.
package e2e
