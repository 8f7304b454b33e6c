// Package le loads little-endian numbers for the match finders of the
// compressors, which do little else: binary.LittleEndian with its checks of
// bounds costs them a fifth of their time.
//
// The caller answers for the bounds. Where the processor is not little-endian,
// and in programs built with the tag purego, every load is checked.
package le
