// Package le loads and stores little-endian numbers for the inner loops of the
// compressors, which do little else: binary.LittleEndian with its checks of
// bounds costs them a fifth of their time.
//
// The caller answers for the bounds. Where the processor is not little-endian,
// and in programs built with the tag purego, every access is checked.
package le
