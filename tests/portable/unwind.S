/*
 * A program for a Mac with the tables by which functions are unwound, as linkers
 * lay them out (LLVM, compact_unwind_encoding.h): .eh_frame, and __unwind_info
 * with a page of functions and encodings and two that are compressed.  In two
 * versions (-DVERSION=1, 2); the second has two functions more, so that pages
 * break elsewhere.  It is never run.
 */
#ifdef __aarch64__
#define DWARF 0x03000000
#define FRAME 0x02001000
#else
#define DWARF 0x04000000
#define FRAME 0x02010000
#endif
#define REGULAR	   14 /* functions of the first page */
#define COMPRESSED 20 /* of the second; the third has what is left */
#define FUNCTIONS  (52 + 2 * (VERSION - 1))
#define EXTRA	   6	/* the first function that is new */
#define CIE_BYTES  24
#define FDE_BYTES  36

	.altmacro
	.macro	function i
Lf\i:
	.if VERSION > 1 && (\i == EXTRA || \i == EXTRA + 1)
	.rept	9
	nop
	.endr
	.else
	.rept	1 + \i * 7 % 5
	nop
	.endr
	.endif
	ret
	.p2align 2
	.endm
	.macro	address i
	.long	Lf\i - __mh_execute_header
	.endm
	.macro	offset i, from, encoding
	.long	(\encoding) << 24 + (Lf\i - Lf\from)
	.endm
	.macro	frame i
	.long	FDE_BYTES - 4, CIE_BYTES + 4 + \i * FDE_BYTES
Lp\i:	.quad	Lf\i - Lp\i, 8
	.byte	8
Ll\i:	.quad	Lexceptions - Ll\i
	.byte	0, 0, 0
	.endm

	.text
	.globl	_start
_start:
	.set	n, 0
	.rept	FUNCTIONS
	function %n
	.set	n, n + 1
	.endr
Lend:

	.section __TEXT,__gcc_except_tab
Lexceptions:
	.byte	255, 255, 1, 0

	.section __TEXT,__eh_frame
	.long	CIE_BYTES - 4, 0
	.byte	1
	.asciz	"zPLR"
	.byte	1, 0x78, 16, 7, 0x9b
	.long	0
	.byte	0x10, 0x10
	.set	n, 0
	.rept	FUNCTIONS
	frame %n
	.set	n, n + 1
	.endr

	/* \n counts from the function that a new one is put before */
	.section __TEXT,__unwind_info
Linfo:
	.long	1, Lcommon - Linfo, 2, Lpersonal - Linfo, 1
	.long	Lindex - Linfo, 4
Lcommon:
	.long	FRAME, FRAME * 2
Lpersonal:
	.long	Lpointers - __mh_execute_header
Lindex:
	.macro	page i, at, lsda
	address	\i
	.long	\at - Linfo, \lsda - Linfo
	.endm
	page	0, Lregular, Llsda
	page	%REGULAR, Lfirst, Llsda
	page	%(REGULAR + COMPRESSED), Lsecond, Llsda
	.long	Lend - __mh_execute_header, 0, Llsda_end - Linfo
Llsda:
	.set	n, 1
	.rept	5
	address	%n
	.long	Lexceptions - __mh_execute_header
	.set	n, n + 3
	.endr
Llsda_end:
Lregular:
	.long	2
	.short	8, REGULAR
	.set	n, 0
	.rept	REGULAR
	address	%n
	.if	n % 3
	.long	0x50000000 + DWARF + CIE_BYTES + FDE_BYTES * n
	.else
	.long	FRAME + n
	.endif
	.set	n, n + 1
	.endr
	/* a local encoding at the end of the common ones */
	.macro	compressed_page from, many
	.long	3
	.short	12, \many, 12 + 4 * \many, 2
	.rept	\many
	offset	%n, \from, n % 4
	.set	n, n + 1
	.endr
	.long	DWARF + CIE_BYTES + FDE_BYTES * \from
	.long	FRAME * 3
	.endm
Lfirst:
	compressed_page %REGULAR, %COMPRESSED
Lsecond:
	compressed_page %(REGULAR + COMPRESSED), %(FUNCTIONS - REGULAR - COMPRESSED)

	.data
	.p2align 3
Lpointers:
	.quad	Lf0, Lf1, Lf2
