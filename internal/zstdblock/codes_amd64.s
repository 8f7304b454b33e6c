//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// func codes(list *uint64, n int, fields *[3]field, out *coded, tables *codeTables) (sum int)
//
// CX, R12, AX are what a sequence has: literals, length of the match, offset;
// R9, R10, BX their codes; R14, R15, BX the bits that go with these.
TEXT ·codes(SB), NOSPLIT, $0-48
	MOVQ list+0(FP), SI
	MOVQ n+8(FP), DX
	MOVQ fields+16(FP), R8
	MOVQ out+24(FP), DI
	MOVQ tables+32(FP), R13
	XORL R11, R11

next:
	MOVQ (SI), AX
	MOVL AX, CX
	ANDL $const_lengthMask, CX
	MOVQ AX, R12
	SHRQ $const_lengthShift, R12
	ANDL $const_lengthMask, R12
	SHRQ $const_offsetShift, AX
	CMPL CX, $64
	JGE  manyLiterals
	MOVBLZX codeTables_literal(R13)(CX*1), R9
	MOVBLZX codeTables_literalBits(R13)(R9*1), R14

literals:
	CMPL R12, $128
	JGE  longMatch
	MOVBLZX codeTables_match(R13)(R12*1), R10
	MOVBLZX codeTables_matchBits(R13)(R10*1), R15

match:
	BSRL AX, BX
	INCL (field__size*const_literalCodes+field_count)(R8)(R9*4)
	INCL (field__size*const_matchCodes+field_count)(R8)(R10*4)
	INCL (field__size*const_offsetCodes+field_count)(R8)(BX*4)
	BZHIQ BX, AX, AX
	SHLXQ R15, AX, AX
	BZHIQ R15, R12, R12
	ORQ  R12, AX
	SHLXQ R14, AX, AX
	BZHIQ R14, CX, CX
	ORQ  CX, AX
	MOVQ AX, coded_extra(DI)
	ADDL R15, R14
	ADDL BX, R14
	ADDQ R14, R11
	SHLQ $(8*(coded_extras-coded_codes)), R14
	SHLL $16, BX
	ORQ  BX, R14
	SHLL $8, R10
	ORQ  R10, R14
	ORQ  R9, R14
	MOVQ R14, coded_codes(DI)
	ADDQ $8, SI
	ADDQ $coded__size, DI
	DECQ DX
	JNE  next
	MOVQ R11, sum+40(FP)
	RET

manyLiterals:
	BSRL CX, R14
	LEAL 19(R14), R9
	JMP  literals

longMatch:
	BSRL R12, R15
	LEAL 36(R15), R10
	JMP  match
