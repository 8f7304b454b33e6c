#include "textflag.h"

// The constants of the rounds (FIPS 180-4, 4.2.2).
DATA k<>+0(SB)/8, $0x71374491428a2f98
DATA k<>+8(SB)/8, $0xe9b5dba5b5c0fbcf
DATA k<>+16(SB)/8, $0x59f111f13956c25b
DATA k<>+24(SB)/8, $0xab1c5ed5923f82a4
DATA k<>+32(SB)/8, $0x12835b01d807aa98
DATA k<>+40(SB)/8, $0x550c7dc3243185be
DATA k<>+48(SB)/8, $0x80deb1fe72be5d74
DATA k<>+56(SB)/8, $0xc19bf1749bdc06a7
DATA k<>+64(SB)/8, $0xefbe4786e49b69c1
DATA k<>+72(SB)/8, $0x240ca1cc0fc19dc6
DATA k<>+80(SB)/8, $0x4a7484aa2de92c6f
DATA k<>+88(SB)/8, $0x76f988da5cb0a9dc
DATA k<>+96(SB)/8, $0xa831c66d983e5152
DATA k<>+104(SB)/8, $0xbf597fc7b00327c8
DATA k<>+112(SB)/8, $0xd5a79147c6e00bf3
DATA k<>+120(SB)/8, $0x1429296706ca6351
DATA k<>+128(SB)/8, $0x2e1b213827b70a85
DATA k<>+136(SB)/8, $0x53380d134d2c6dfc
DATA k<>+144(SB)/8, $0x766a0abb650a7354
DATA k<>+152(SB)/8, $0x92722c8581c2c92e
DATA k<>+160(SB)/8, $0xa81a664ba2bfe8a1
DATA k<>+168(SB)/8, $0xc76c51a3c24b8b70
DATA k<>+176(SB)/8, $0xd6990624d192e819
DATA k<>+184(SB)/8, $0x106aa070f40e3585
DATA k<>+192(SB)/8, $0x1e376c0819a4c116
DATA k<>+200(SB)/8, $0x34b0bcb52748774c
DATA k<>+208(SB)/8, $0x4ed8aa4a391c0cb3
DATA k<>+216(SB)/8, $0x682e6ff35b9cca4f
DATA k<>+224(SB)/8, $0x78a5636f748f82ee
DATA k<>+232(SB)/8, $0x8cc7020884c87814
DATA k<>+240(SB)/8, $0xa4506ceb90befffa
DATA k<>+248(SB)/8, $0xc67178f2bef9a3f7
GLOBL k<>(SB), RODATA, $256

// Words are big-endian.
DATA swap<>+0(SB)/8, $0x0405060700010203
DATA swap<>+8(SB)/8, $0x0c0d0e0f08090a0b
DATA swap<>+16(SB)/8, $0
DATA swap<>+24(SB)/8, $0
GLOBL swap<>(SB), RODATA, $32

// Of each lane, four words of the message are in each of four registers M0 to M3,
// and the state in S0 (A, B, E, F) and S1 (C, D, G, H). X0 is what SHA256RNDS2
// adds.

#define LOAD(off, P, M) \
	MOVOU off(P), M \
	PSHUFB X15, M

// ROUNDS is four rounds.
#define ROUNDS(off, M, S0, S1) \
	MOVO M, X0 \
	PADDD off(AX), X0 \
	SHA256RNDS2 X0, S0, S1 \
	PSHUFD $0x0e, X0, X0 \
	SHA256RNDS2 X0, S1, S0

// SCHEDULE replaces M0 by the four words after M3 (FIPS 180-4, 6.2.2, step 1).
#define SCHEDULE(M0, M1, M2, M3, T) \
	SHA256MSG1 M1, M0 \
	MOVO M3, T \
	PALIGNR $4, M2, T \
	PADDD T, M0 \
	SHA256MSG2 M3, M0

#define BOTH(off, A, B) \
	ROUNDS(off, A, X1, X2) \
	ROUNDS(off, B, X7, X8)

#define FOUR(off, A0, A1, A2, A3, B0, B1, B2, B3) \
	BOTH(off, A0, B0) \
	SCHEDULE(A0, A1, A2, A3, X13) \
	SCHEDULE(B0, B1, B2, B3, X14)

// SIXTEEN rounds, and the sixteen words for the next.
#define SIXTEEN(off) \
	FOUR(off+0, X3, X4, X5, X6, X9, X10, X11, X12) \
	FOUR(off+16, X4, X5, X6, X3, X10, X11, X12, X9) \
	FOUR(off+32, X5, X6, X3, X4, X11, X12, X9, X10) \
	FOUR(off+48, X6, X3, X4, X5, X12, X9, X10, X11)

// func blocks(a, b *state, p, q *byte, n int)
TEXT ·blocks(SB), NOSPLIT, $0-40
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), SI
	MOVQ p+16(FP), R8
	MOVQ q+24(FP), R9
	MOVQ n+32(FP), CX
	LEAQ k<>(SB), AX
	MOVOU swap<>(SB), X15
	MOVOU 0(DI), X1
	MOVOU 16(DI), X2
	MOVOU 0(SI), X7
	MOVOU 16(SI), X8

loop:
	LOAD(0, R8, X3)
	LOAD(0, R9, X9)
	LOAD(16, R8, X4)
	LOAD(16, R9, X10)
	LOAD(32, R8, X5)
	LOAD(32, R9, X11)
	LOAD(48, R8, X6)
	LOAD(48, R9, X12)
	SIXTEEN(0)
	SIXTEEN(64)
	SIXTEEN(128)
	BOTH(192, X3, X9)
	BOTH(208, X4, X10)
	BOTH(224, X5, X11)
	BOTH(240, X6, X12)

	// The state before the block is in memory.
	MOVOU 0(DI), X3
	MOVOU 16(DI), X4
	MOVOU 0(SI), X9
	MOVOU 16(SI), X10
	PADDD X3, X1
	PADDD X4, X2
	PADDD X9, X7
	PADDD X10, X8
	MOVOU X1, 0(DI)
	MOVOU X2, 16(DI)
	MOVOU X7, 0(SI)
	MOVOU X8, 16(SI)
	ADDQ $64, R8
	ADDQ $64, R9
	DECQ CX
	JNZ loop
	RET

// func cpuid(leaf, sub uint32) (ebx, ecx uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-16
	MOVL leaf+0(FP), AX
	MOVL sub+4(FP), CX
	CPUID
	MOVL BX, ebx+8(FP)
	MOVL CX, ecx+12(FP)
	RET
