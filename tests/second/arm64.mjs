// The forms of AArch64 instructions that have references, by the page's
// table: what their value is, and how an address is put into them.

const JUMP = 'jump';
const IN_PAGE = 'in a page'; // ADD, loads and stores
const ROWS = [
	{form: JUMP, mask: 0x7c000000, is: 0x14000000, low: 0, bits: 26},
	{form: JUMP, mask: 0xff000010, is: 0x54000000, low: 5, bits: 19},
	{form: JUMP, mask: 0x7e000000, is: 0x34000000, low: 5, bits: 19},
	{form: JUMP, mask: 0x7e000000, is: 0x36000000, low: 5, bits: 14},
	{form: 'adr', mask: 0x9f000000, is: 0x10000000},
	{form: 'adrp', mask: 0x9f000000, is: 0x90000000},
	{form: IN_PAGE, mask: 0xffc00000, is: 0x91000000, scale: 0},
	{form: IN_PAGE, mask: 0x3b000000, is: 0x39000000},
];

// rowOf(word): null if it is in none of them
export function rowOf(word) {
	return ROWS.find((row) => ((word & row.mask) ^ row.is) === 0) ?? null;
}

export const isAdrp = (row) => row?.form === 'adrp';
export const isAdr = (row) => row?.form === 'adr';
// needs the page of its base register
export const isInPage = (row) => row?.form === IN_PAGE;
export const baseOf = (word) => word >> 5 & 31;
export const pageRegister = (word) => word & 31;

function scaleOf(row, word) {
	if (row.scale !== undefined)
		return row.scale;
	const scale = word >>> 30;
	return scale === 0 && (word & 0x04800000) === 0x04800000 ? 4 : scale;
}

const pageOf = (va) => va & ~0xfffn;

// valueOf(row, word, at): the value of the instruction at this address
export function valueOf(row, word, at) {
	if (isInPage(row))
		return BigInt((word >>> 10 & 0xfff) << scaleOf(row, word));
	if (row.bits) {
		const up = 32 - row.bits - row.low;
		return at + 4n * BigInt(word << up >> 32 - row.bits);
	}
	const immediate = BigInt((word << 8 >> 13) * 4 + (word >>> 29 & 3));
	return isAdr(row) ? at + immediate : pageOf(at) + 4096n * immediate;
}

// put(row, word, target, at): the word with this target
export function put(row, word, target, at) {
	if (isInPage(row)) {
		const value = Number(target & 0xfffn) >> scaleOf(row, word);
		return ((word & ~(0xfff << 10)) | value << 10) >>> 0;
	}
	if (row.bits) {
		const value = Number(BigInt.asUintN(row.bits, (target - at) >> 2n));
		const mask = (1 << row.bits) - 1;
		return ((word & ~(mask << row.low)) | value << row.low) >>> 0;
	}
	const distance = isAdr(row) ? target - at
		: (target >> 12n) - (at >> 12n);
	const value = Number(BigInt.asUintN(21, distance));
	return ((word & 0x9f00001f) | (value & 3) << 29 | value >> 2 << 5) >>> 0;
}
