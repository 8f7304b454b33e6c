//go:build !purego

#include "textflag.h"

// func findFast(src *byte, n int, table *[1 << hashBits]uint32, sequences *uint64, literals *byte) (anchor, sequenceCount, literalCount int)
//
// It is findSlow with everything in registers:
//	BX src, AX the place searched at, R8 table, R9 and R10 the latest offsets,
//	R11 anchor, R12 next sequence, DI next literal, R13 the factor of the hash,
//	CX place of a match, SI where it is found, R15 how far it goes back,
//	DX, R14 scratch.

#define HASH(r) \
	SHLQ  $16, r; \
	IMULQ R13, r; \
	SHRQ  $51, r

TEXT ·findFast(SB), NOSPLIT, $64-64
	MOVQ src+0(FP), BX
	MOVQ n+8(FP), DX
	MOVQ table+16(FP), R8
	MOVQ sequences+24(FP), R12
	MOVQ literals+32(FP), DI
	MOVQ $227718039650203, R13
	MOVQ DX, end-8(SP)
	SUBQ $8, DX
	MOVQ DX, last-16(SP)
	SUBQ $4, DX
	MOVQ DX, stop-24(SP)
	SUBQ $20, DX
	MOVQ DX, wide-32(SP)         // the last place with 32 bytes from it on
	MOVQ $1, AX
	MOVQ $1, R9
	MOVQ $4, R10
	XORL R11, R11
	CMPQ AX, stop-24(SP)
	JGE  done

start:
	MOVQ $3, step-40(SP)
	LEAQ 64(AX), CX
	MOVQ CX, next-48(SP)
	MOVQ stop-24(SP), DX
	CMPQ CX, DX
	CMOVQGT DX, CX
	MOVQ CX, limit-56(SP)        // of next and stop what comes first

search:
	MOVQ (BX)(AX*1), DX
	MOVQ DX, CX
	HASH(CX)
	MOVQ DX, R15
	SHRQ $8, R15
	HASH(R15)
	MOVL (R8)(CX*4), SI
	MOVL AX, (R8)(CX*4)
	MOVL (R8)(R15*4), R14
	LEAQ 1(AX), CX
	MOVL CX, (R8)(R15*4)
	MOVQ AX, CX
	SUBQ R9, CX
	MOVL 2(BX)(CX*1), CX
	CMPL CX, 2(BX)(AX*1)
	JEQ  repeated
	CMPL DX, (BX)(SI*1)
	JEQ  first
	SHRQ $8, DX
	CMPL DX, (BX)(R14*1)
	JEQ  second
	ADDQ step-40(SP), AX
	CMPQ AX, limit-56(SP)
	JLT  search
	CMPQ AX, stop-24(SP)
	JGE  done
	INCQ step-40(SP)
	MOVQ next-48(SP), CX
	ADDQ $64, CX
	MOVQ CX, next-48(SP)
	MOVQ stop-24(SP), DX
	CMPQ CX, DX
	CMOVQGT DX, CX
	MOVQ CX, limit-56(SP)
	JMP  search

repeated:
	LEAQ 2(AX), CX
	MOVQ CX, SI
	SUBQ R9, SI
	JMP  back

second:
	LEAQ 1(AX), CX
	MOVQ R14, SI
	JMP  back

first:
	MOVQ AX, CX

back:
	CMPQ SI, $8
	JLT  backNear
	MOVQ -8(BX)(CX*1), DX
	XORQ -8(BX)(SI*1), DX
	BSWAPQ DX
	TZCNTQ DX, R15
	SHRQ $3, R15
	MOVQ CX, DX
	SUBQ R11, DX
	CMPQ R15, DX
	CMOVQGT DX, R15

length:
	LEAQ 12(CX), DX
	CMPQ DX, last-16(SP)
	JGT  lengthLong
	MOVQ 4(BX)(CX*1), DX
	XORQ 4(BX)(SI*1), DX
	MOVQ 12(BX)(CX*1), R14
	XORQ 12(BX)(SI*1), R14
	TZCNTQ R14, R14              // sets the carry flag for none
	JCS  lengthLong
	ADDQ $64, R14
	TZCNTQ DX, DX
	CMOVQCS R14, DX
	SHRQ $3, DX
	ADDQ $4, DX

matched:
	SUBQ R15, CX
	SUBQ R15, SI
	ADDQ R15, DX
	MOVQ CX, R14
	SUBQ R11, R14                // literals
	CMPQ R14, $32
	JGT  copyLong
	CMPQ R11, wide-32(SP)
	JGT  copyNarrow
	MOVOU (BX)(R11*1), X0
	MOVOU 16(BX)(R11*1), X1
	MOVOU X0, (DI)
	MOVOU X1, 16(DI)

copied:
	ADDQ R14, DI
	NEGQ SI
	ADDQ CX, SI                  // offset
	CMPQ SI, R9
	JNE  other
	TESTQ R14, R14
	JEQ  other
	MOVL $1, R15
	JMP  coded

other:
	MOVQ R9, R10
	MOVQ SI, R9
	LEAQ 3(SI), R15

coded:
	SHLQ $34, R15
	ORQ  R14, R15
	LEAQ -3(DX), R14
	SHLQ $17, R14
	ORQ  R14, R15
	MOVQ R15, (R12)
	ADDQ $8, R12
	LEAQ (CX)(DX*1), R11
	CMPQ R11, stop-24(SP)
	JGE  done
	MOVQ 2(BX)(AX*1), DX
	HASH(DX)
	LEAQ 2(AX), CX
	MOVL CX, (R8)(DX*4)
	MOVQ -2(BX)(R11*1), DX
	HASH(DX)
	LEAQ -2(R11), CX
	MOVL CX, (R8)(DX*4)
	MOVQ R11, AX

again:
	MOVQ (BX)(AX*1), DX
	MOVQ AX, SI
	SUBQ R10, SI
	CMPL DX, (BX)(SI*1)
	JNE  start
	HASH(DX)
	MOVL AX, (R8)(DX*4)
	XCHGQ R9, R10
	LEAQ 4(AX), CX
	ADDQ $4, SI

againWords:
	CMPQ CX, last-16(SP)
	JGT  againBytes
	MOVQ (BX)(CX*1), DX
	XORQ (BX)(SI*1), DX
	TZCNTQ DX, DX
	JCC  againEnd
	ADDQ $8, CX
	ADDQ $8, SI
	JMP  againWords

againEnd:
	SHRQ $3, DX
	ADDQ DX, CX
	JMP  againDone

againBytes:
	CMPQ CX, end-8(SP)
	JGE  againDone
	MOVBLZX (BX)(CX*1), DX
	CMPB DX, (BX)(SI*1)
	JNE  againDone
	INCQ CX
	INCQ SI
	JMP  againBytes

againDone:
	MOVQ CX, DX
	SUBQ AX, DX
	SUBQ $3, DX
	SHLQ $17, DX
	MOVQ $(1<<34), R15
	ORQ  R15, DX
	MOVQ DX, (R12)
	ADDQ $8, R12
	MOVQ CX, AX
	MOVQ CX, R11
	CMPQ AX, stop-24(SP)
	JLT  again

done:
	MOVQ R11, anchor+40(FP)
	SUBQ sequences+24(FP), R12
	SHRQ $3, R12
	MOVQ R12, sequenceCount+48(FP)
	SUBQ literals+32(FP), DI
	MOVQ DI, literalCount+56(FP)
	RET

	// Less than a word before what was found: one byte is tried.
backNear:
	XORL R15, R15
	TESTQ SI, SI
	JEQ  length
	CMPQ CX, R11
	JLE  length
	MOVBLZX -1(BX)(CX*1), DX
	CMPB DX, -1(BX)(SI*1)
	JNE  length
	INCQ R15
	JMP  length

	// A match of many words, or close to the end.
lengthLong:
	MOVQ AX, place-64(SP)
	MOVL $4, DX

lengthWords:
	LEAQ (CX)(DX*1), R14
	CMPQ R14, last-16(SP)
	JGT  lengthBytes
	LEAQ (BX)(DX*1), R14
	MOVQ (R14)(CX*1), AX
	XORQ (R14)(SI*1), AX
	TZCNTQ AX, AX
	JCC  lengthEnd
	ADDQ $8, DX
	JMP  lengthWords

lengthEnd:
	SHRQ $3, AX
	ADDQ AX, DX
	JMP  lengthDone

lengthBytes:
	LEAQ (CX)(DX*1), R14
	CMPQ R14, end-8(SP)
	JGE  lengthDone
	LEAQ (BX)(DX*1), R14
	MOVBLZX (R14)(CX*1), AX
	CMPB AX, (R14)(SI*1)
	JNE  lengthDone
	INCQ DX
	JMP  lengthBytes

lengthDone:
	MOVQ place-64(SP), AX
	JMP  matched

	// More literals than are copied at once: sixteen at a time, the last ones
	// over those before.
copyLong:
	MOVOU -16(BX)(CX*1), X1
	LEAQ (DI)(R14*1), R15
	MOVOU X1, -16(R15)
	SUBQ $16, R15
	MOVQ R14, place-64(SP)
	LEAQ (BX)(R11*1), R14

copyWords:
	MOVOU (R14), X0
	MOVOU X0, (DI)
	ADDQ $16, R14
	ADDQ $16, DI
	CMPQ DI, R15
	JLT  copyWords
	MOVQ place-64(SP), R14
	LEAQ 16(R15), DI
	SUBQ R14, DI
	JMP  copied

	// Literals close to the end of src.
copyNarrow:
	MOVQ AX, place-64(SP)
	XORL R15, R15

copyBytes:
	CMPQ R15, R14
	JGE  copyDone
	LEAQ (BX)(R15*1), AX
	MOVBLZX (AX)(R11*1), AX
	MOVB AX, (DI)(R15*1)
	INCQ R15
	JMP  copyBytes

copyDone:
	MOVQ place-64(SP), AX
	JMP  copied
