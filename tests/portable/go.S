/*
 * A program with a function table as Go 1.20 and later lay it out (go/src/
 * runtime/symtab.go): a header, names, pairs (function, record), records, and
 * the runtime's directory that points to them.  In two versions
 * (-DVERSION=1, 2); the second has one function more.  It is never run.
 */
	.text
	.globl start
start:
text:
f0:	call	f1
	lea	names(%rip), %rax
	ret
#if VERSION > 1
	/* what lies behind it moves */
fx:	call	f2
	mov	pointers(%rip), %rcx
	ret
#endif
f1:	call	f2
	mov	pointers+8(%rip), %rcx
	ret
f2:	cmp	$7, %eax
	jne	f0
	ret
etext:

#ifdef _WIN32
	/* there it has no section of its own */
	.section .rdata, "dr"
	.quad	etext, 0
#else
	.section .gopclntab, "a"
#endif
	.balign 32
table:
	.long	0xfffffff1
	.byte	0, 0, 1, 8
	.quad	(functab_end - functab) / 8, 1, text
	.quad	names - table, 0, 0, pctab - table, functab - table
names:
	.byte	0
n0:	.asciz	"main.main"
#if VERSION > 1
nx:	.asciz	"main.more"
#endif
n1:	.asciz	"main.step"
n2:	.asciz	"runtime.exit"
pctab:
	.byte	0
p0:	.byte	2, 4, 6, 8, 0
p1:	.byte	2, 3, 9, 1, 0
	.balign 8
functab:
	.long	f0 - text, r0 - functab
#if VERSION > 1
	.long	fx - text, rx - functab
#endif
	.long	f1 - text, r1 - functab
	.long	f2 - text, r2 - functab
functab_end:
	/* struct _func: entry, name, args, defer, pcsp, pcfile, pcln, npcdata,
	 * cu, line, four bytes, then npcdata + nfuncdata distances */
	.macro	record function, name
	.long	\function - text, \name - names, 0, 0
	.long	p0 - pctab, p1 - pctab, p0 - pctab, 2, 0, 1
	.byte	0, 0, 0, 3
	.long	p1 - pctab, 0
	.long	g0 - gofunc, -1, g1 - gofunc
	.endm
r0:	record	f0, n0
#if VERSION > 1
rx:	record	fx, nx
#endif
r1:	record	f1, n1
r2:	record	f2, n2
table_end:

#ifdef _WIN32
	.section .rdata, "dr"
#else
	.section .rodata, "a"
#endif
	.balign 8
gofunc:
	.quad	0x1122334455667788
g0:	.long	1, 2, 3
g1:	.long	4, 5, 6

	.data
	.balign 8
pointers:
	.quad	f0, f1, f2, g0, g1
#if VERSION > 1
	.quad	fx
#endif
moduledata:
	.quad	table
	.quad	names, functab - names, functab - names /* funcnametab */
	.quad	0, 0, 0, 0, 0, 0
	.quad	pctab, functab - pctab, functab - pctab
	.quad	functab, table_end - functab, table_end - functab
	.quad	0, 0, 0, 0
	.quad	f0, etext
	.quad	text, etext
	.fill	16, 8, 0
	.quad	gofunc
	.quad	0, 0
