/*
 * A program for Windows with so many pointers that its base relocations are in
 * several blocks.  In two versions (-DVERSION=1, 2); the second has some more
 * in front, so that pages break elsewhere.  It is never run.
 */
	.text
	.globl start
start:
	ret
other:	nop
	ret
last:	ret

	.data
	.p2align 3
pointers:
	.quad	start, other
#if VERSION > 1
	.quad	last, last, last, start, other
#endif
	.rept	150
	.quad	other, pointers, 7, last, start, 1, 2, 3
	.endr
	.quad	pointers
