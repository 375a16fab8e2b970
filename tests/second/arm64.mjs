// The forms of AArch64 instructions that have references, by the page's
// table: what their value is, and how an address is put into them.

const ADD = 'add';
const LOAD = 'load';
const FORMS = [
	{name: 'jump', mask: 0x7c000000, is: 0x14000000, low: 0, bits: 26},
	{name: 'branch', mask: 0xff000010, is: 0x54000000, low: 5, bits: 19},
	{name: 'compare', mask: 0x7e000000, is: 0x34000000, low: 5, bits: 19},
	{name: 'test', mask: 0x7e000000, is: 0x36000000, low: 5, bits: 14},
	{name: 'adr', mask: 0x9f000000, is: 0x10000000},
	{name: 'adrp', mask: 0x9f000000, is: 0x90000000},
	{name: ADD, mask: 0xffc00000, is: 0x91000000},
	{name: LOAD, mask: 0x3b000000, is: 0x39000000},
];

// formOf(word): null if it is none of them
export function formOf(word) {
	return FORMS.find((form) => ((word & form.mask) ^ form.is) === 0) ?? null;
}

export const isAdrp = (form) => form?.name === 'adrp';
export const isAdr = (form) => form?.name === 'adr';
// needs the page of its base register
export const isInPage = (form) => form?.name === ADD || form?.name === LOAD;
export const baseOf = (word) => word >> 5 & 31;
export const pageRegister = (word) => word & 31;

function scaleOf(form, word) {
	if (form.name === ADD)
		return 0;
	const scale = word >>> 30;
	return scale === 0 && (word & 0x04800000) === 0x04800000 ? 4 : scale;
}

const pageOf = (va) => va & ~0xfffn;

// valueOf(form, word, at): the value of the instruction at this address
export function valueOf(form, word, at) {
	if (isInPage(form))
		return BigInt((word >>> 10 & 0xfff) << scaleOf(form, word));
	if (form.bits) {
		const up = 32 - form.bits - form.low;
		return at + 4n * BigInt(word << up >> 32 - form.bits);
	}
	const immediate = BigInt((word << 8 >> 13) * 4 + (word >>> 29 & 3));
	return isAdr(form) ? at + immediate : pageOf(at) + 4096n * immediate;
}

// put(form, word, target, at): the word with this target
export function put(form, word, target, at) {
	if (isInPage(form)) {
		const value = Number(target & 0xfffn) >> scaleOf(form, word);
		return ((word & ~(0xfff << 10)) | value << 10) >>> 0;
	}
	if (form.bits) {
		const value = Number(BigInt.asUintN(form.bits, (target - at) >> 2n));
		const mask = (1 << form.bits) - 1;
		return ((word & ~(mask << form.low)) | value << form.low) >>> 0;
	}
	const distance = isAdr(form) ? target - at
		: (target >> 12n) - (at >> 12n);
	const value = Number(BigInt.asUintN(21, distance));
	return ((word & 0x9f00001f) | (value & 3) << 29 | value >> 2 << 5) >>> 0;
}
