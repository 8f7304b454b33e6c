//go:build !purego

#include "go_asm.h"
#include "textflag.h"

#define SYMBOL(at, from, acc, have, code) \
	MOVBLZX at(from)(DX*1), code; \
	MOVQ    (R8)(code*8), code; \
	SHRXQ   code, acc, acc; \
	ORQ     code, acc; \
	ADDQ    code, have

// The last of five: nothing but its code gets into acc.
#define LAST(from, acc, have, code) \
	MOVBLZX (from)(DX*1), code; \
	MOVQ    (R8)(code*8), code; \
	SHRXQ   code, acc, acc; \
	ADDQ    code, have; \
	ANDQ    $~255, code; \
	ORQ     code, acc

#define FLUSH(to, acc, have, t) \
	MOVBLZX have, have; \
	MOVQ    have, t; \
	NEGQ    t; \
	SHRXQ   t, acc, t; \
	MOVQ    t, (to); \
	MOVQ    have, t; \
	SHRQ    $3, t; \
	ADDQ    t, to; \
	ANDQ    $7, have

// func fives(a, b, toA, toB *byte, n int, codes *[256]uint64) (atA, atB int, accA, accB, haveA, haveB uint64)
TEXT ·fives(SB), NOSPLIT, $0-96
	MOVQ a+0(FP), BX
	MOVQ b+8(FP), SI
	MOVQ toA+16(FP), DI
	MOVQ toB+24(FP), R9
	MOVQ n+32(FP), DX
	MOVQ codes+40(FP), R8
	XORL R10, R10
	XORL R11, R11
	XORL R12, R12
	XORL R13, R13

next:
	SUBQ $5, DX
	JLT  done
	SYMBOL(4, BX, R10, R11, AX)
	SYMBOL(4, SI, R12, R13, CX)
	SYMBOL(3, BX, R10, R11, AX)
	SYMBOL(3, SI, R12, R13, CX)
	SYMBOL(2, BX, R10, R11, AX)
	SYMBOL(2, SI, R12, R13, CX)
	SYMBOL(1, BX, R10, R11, AX)
	SYMBOL(1, SI, R12, R13, CX)
	LAST(BX, R10, R11, AX)
	LAST(SI, R12, R13, CX)
	FLUSH(DI, R10, R11, AX)
	FLUSH(R9, R12, R13, CX)
	JMP  next

done:
	SUBQ toA+16(FP), DI
	SUBQ toB+24(FP), R9
	MOVQ DI, atA+48(FP)
	MOVQ R9, atB+56(FP)
	MOVQ R10, accA+64(FP)
	MOVQ R12, accB+72(FP)
	MOVQ R11, haveA+80(FP)
	MOVQ R13, haveB+88(FP)
	RET

// One state writes its bits and goes on.
#define STATE(table, state, code) \
	MOVBLZX code(SI), CX; \
	MOVQ    fseTable_symbol(table)(CX*8), CX; \
	LEAL    (state)(CX*1), R15; \
	SHRL    $16, R15; \
	BZHIQ   R15, state, R14; \
	SHLXQ   R11, R14, R14; \
	ORQ     R14, R10; \
	ADDQ    R15, R11; \
	SHRXQ   R15, state, state; \
	SARQ    $32, CX; \
	ADDQ    CX, state; \
	MOVWLZX fseTable_states(table)(state*2), state

#define WRITE \
	MOVQ  R10, (DI); \
	MOVQ  R11, CX; \
	SHRQ  $3, CX; \
	ADDQ  CX, DI; \
	SHLQ  $3, CX; \
	SHRXQ CX, R10, R10; \
	ANDQ  $7, R11

// func states(list *coded, n int, literals, matches, offsets *fseTable, state *[3]uint32, to *byte, acc, have uint64) (at int, accLeft, haveLeft uint64)
TEXT ·states(SB), NOSPLIT, $0-96
	MOVQ list+0(FP), SI
	MOVQ n+8(FP), DX
	MOVQ literals+16(FP), R8
	MOVQ matches+24(FP), R9
	MOVQ offsets+32(FP), R12
	MOVQ state+40(FP), CX
	MOVL (const_literalCodes*4)(CX), AX
	MOVL (const_matchCodes*4)(CX), BX
	MOVL (const_offsetCodes*4)(CX), R13
	MOVQ to+48(FP), DI
	MOVQ acc+56(FP), R10
	MOVQ have+64(FP), R11
	MOVQ DX, CX
	SHLQ $4, CX
	ADDQ CX, SI

next:
	SUBQ $coded__size, SI
	STATE(R12, R13, (coded_codes+2))
	STATE(R9, BX, (coded_codes+1))
	STATE(R8, AX, (coded_codes+0))
	MOVBLZX coded_extras(SI), R15
	CMPL R15, $30
	JGT  many

extra:
	MOVQ  coded_extra(SI), R14
	SHLXQ R11, R14, R14
	ORQ   R14, R10
	ADDQ  R15, R11
	WRITE
	DECQ  DX
	JNE   next
	MOVQ state+40(FP), CX
	MOVL AX, (const_literalCodes*4)(CX)
	MOVL BX, (const_matchCodes*4)(CX)
	MOVL R13, (const_offsetCodes*4)(CX)
	SUBQ to+48(FP), DI
	MOVQ DI, at+72(FP)
	MOVQ R10, accLeft+80(FP)
	MOVQ R11, haveLeft+88(FP)
	RET

many:
	WRITE
	JMP extra
