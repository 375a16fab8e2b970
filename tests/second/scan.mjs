// The scan of old: its references. Each has its region, its offset, its
// width, its target, and how its anchor is found: by name (see anchorOf), or
// for code as the distance from the field, or for tables as an address.

import {rowOf, isAdr, isAdrp, isInPage, baseOf, pageRegister, valueOf}
	from './arm64.mjs';
import {KIND, isCode} from './image.mjs';
import {Instruction} from './x86.mjs';

const NO_POINTER = 0xff;
const LEAST_ADDRESS = 4096n;
const TABLE_BYTES = 65536;
const PAGE_REACH = 16;
const CIE_BYTES = 256;
const RECORD_BYTES = 44;
const UNWIND_HEADER = 28;
const UNWIND_PAGE = 12;
const INDEX_ENTRY = 12;
const REGULAR = 2;
const COMPRESSED = 3;
const BLOCK_HEADER = 8;
const MOST_BLOCK = 8200;

// scan(old, image): all references, by ascending offset
export function scan(old, image) {
	const bases = new Set();
	const ordered = [...image.byOffset.filter(isCode),
		...image.byOffset.filter((region) => !isCode(region))];
	const found = ordered.map((region) =>
		new Scan(old, image, region, bases).run());
	return found.flat().sort((a, b) => a.offset - b.offset);
}

// anchorOf(reference, place, region, member): the anchor of the field at the
// address place; region and member are null where there is none
export function anchorOf(reference, place, region, member) {
	switch (reference.anchor) {
	case 'code':
		return place + reference.behind;
	case 'here':
		return place;
	case 'region':
		return region?.address ?? 0n;
	default: // bias, base, frames, text, names, pctab, functab, gofunc
		return member?.[reference.anchor] ?? 0n;
	}
}

class Scan {
	constructor(old, image, region, bases) {
		Object.assign(this, {image, region, bases});
		this.bytes = old.subarray(region.offset, region.offset + region.size);
		this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset,
			this.bytes.length);
		this.found = [];
		this.end = 0; // of the last reference
	}
	run() {
		switch (this.region.kind) {
		case KIND.X86: this.x86(); break;
		case KIND.ARM64: this.arm64(); break;
		case KIND.POINTERS: this.pointers(); break;
		case KIND.DISTANCES: this.distances(); break;
		case KIND.CONSTANTS: this.constants(); break;
		case KIND.EH_FRAME: this.ehFrame(); break;
		case KIND.EH_HEADER: this.ehHeader(); break;
		case KIND.GO: this.goTable(); break;
		case KIND.UNWIND: this.unwind(); break;
		case KIND.RELOCATIONS: this.relocations(); break;
		}
		return this.found;
	}
	word(at) {
		return this.view.getUint32(at, true);
	}
	address(at) {
		return this.region.address + BigInt(at);
	}
	// the first place that is a multiple of this
	aligned(multiple) {
		return Number(-this.region.address & BigInt(multiple - 1));
	}
	inImage(va) {
		const {regions, end} = this.region.member;
		return va >= regions[0].address && va < end;
	}
	// a field, its anchor's name or what else anchorOf takes
	add(at, width, target, how) {
		if (at < this.end || at + width > this.bytes.length)
			return;
		const {region} = this;
		this.found.push({region, offset: region.offset + at, width,
			target: BigInt.asUintN(64, target), ...how});
		this.end = at + width;
	}
	// a field whose anchor is one of those with a name
	addNamed(at, width, name) {
		if (at + width > this.bytes.length)
			return;
		const value = valueOfField(this.view, at, width);
		const how = {anchor: name};
		const {region} = this;
		const anchor = anchorOf(how, this.address(at), region, region.member);
		this.add(at, width, anchor + value, how);
	}

	x86() {
		const one = new Instruction(this.bytes);
		for (let at = 0, length; at < this.bytes.length; at += length || 1) {
			length = one.decode(at);
			if (length === 0 || one.field === 0)
				continue;
			const end = this.address(at + length);
			const target = end + BigInt(this.view.getInt32(one.field, true));
			if (!this.inImage(target))
				continue;
			if (one.isBase)
				this.bases.add(target);
			this.add(one.field, 4, target,
				{anchor: 'code', behind: BigInt(at + length - one.field)});
		}
	}

	arm64() {
		const size = this.bytes.length;
		const first = this.aligned(4);
		for (let at = first; at + 4 <= size; at += 4) {
			const word = this.word(at);
			const row = rowOf(word);
			if (!row)
				continue;
			let target = valueOf(row, word, this.address(at));
			let looked = target;
			if (isInPage(row)) {
				const page = this.pageBefore(at, first, baseOf(word));
				if (page === null)
					continue;
				looked = target += page;
			} else if (isAdrp(row)) {
				const value = this.valueBehind(at, pageRegister(word));
				looked = target | value;
				target += value;
			}
			if (!this.inImage(looked))
				continue;
			if (isAdr(row) || isInPage(row))
				this.bases.add(target);
			this.add(at, 4, target, {anchor: 'arm64'});
		}
	}
	pageBefore(at, first, register) {
		const least = Math.max(first, at - 4 * PAGE_REACH);
		for (let i = at - 4; i >= least; i -= 4) {
			const word = this.word(i);
			const row = rowOf(word);
			if (isAdrp(row) && pageRegister(word) === register)
				return valueOf(row, word, this.address(i));
		}
		return null;
	}
	valueBehind(at, register) {
		const most = Math.min(this.bytes.length - 4, at + 4 * PAGE_REACH);
		for (let i = at + 4; i <= most; i += 4) {
			const word = this.word(i);
			const row = rowOf(word);
			if (isAdrp(row) && pageRegister(word) === register)
				return 0n;
			if (isInPage(row) && baseOf(word) === register)
				return valueOf(row, word, this.address(i));
		}
		return 0n;
	}

	pointers() {
		for (let at = this.aligned(8); at + 8 <= this.bytes.length; at += 8)
			this.pointer(at);
	}
	pointer(at) {
		const value = this.view.getBigUint64(at, true);
		const target = BigInt.asUintN(64, this.region.member.bias + value);
		if (value >= LEAST_ADDRESS && this.inImage(target))
			this.addNamed(at, 8, 'bias');
	}
	distances() {
		for (let at = this.aligned(4); at + 4 <= this.bytes.length; at += 4)
			this.distance(at);
	}
	distance(at) {
		const target = this.region.member.base + BigInt(this.word(at));
		if (this.word(at) < 2 ** 31 && this.isTarget(target))
			this.addNamed(at, 4, 'base');
	}
	isTarget(va) {
		return this.inImage(va) &&
			va - this.region.member.bias >= LEAST_ADDRESS;
	}
	constants() {
		let table = -1; // where it began
		for (let at = this.aligned(4); at + 4 <= this.bytes.length; at += 4) {
			const address = this.address(at);
			if (this.bases.has(address))
				table = at;
			if (table >= 0) {
				const begin = this.address(table);
				const target = begin + BigInt(this.view.getInt32(at, true));
				const region = this.image.holding(target);
				if (at - table < TABLE_BYTES && region && isCode(region)) {
					this.add(at, 4, target, {anchor: 'table', begin});
					continue;
				}
				table = -1;
			}
			if (address % 8n === 0n && at + 8 <= this.bytes.length)
				this.pointer(at);
		}
	}

	ehFrame() {
		const size = this.bytes.length;
		let at = 0;
		while (size - at >= 8) {
			const length = this.word(at);
			if (length > size - at - 4)
				break;
			const end = at + 4 + length;
			if (length >= 4) {
				const back = this.word(at + 4);
				if (back === 0)
					this.cie(at, true);
				else
					this.fde(at + 8, end, this.cie(at + 4 - back, false));
			}
			at = end;
		}
	}
	// the encodings of addresses and exception tables, null if there is none
	cie(begin, adds) {
		const size = this.bytes.length;
		if (begin < 0 || begin + 8 > size ||
			begin + 4 + this.word(begin) > size)
			return null;
		const end = Math.min(begin + 4 + this.word(begin),
			begin + 8 + CIE_BYTES);
		const walk = new Walk(this.bytes, begin + 8, end);
		const version = walk.byte();
		const letters = [];
		for (let byte = walk.byte(); byte > 0; byte = walk.byte())
			letters.push(String.fromCharCode(byte));
		walk.skipNumber();
		walk.skipNumber();
		if (version === 1)
			walk.byte();
		else
			walk.skipNumber();
		walk.skipNumber();
		const says = {address: 0, table: NO_POINTER};
		if (walk.failed || letters.shift() !== 'z')
			return null;
		for (const letter of letters) {
			if (walk.at >= end)
				break;
			if (letter === 'R') {
				says.address = walk.byte();
			} else if (letter === 'L') {
				says.table = walk.byte();
			} else if (letter === 'P') {
				const width = widthOf(walk.byte());
				if (width === 0)
					break;
				if (adds && walk.at + width <= end)
					this.ehPointer(walk.at, width);
				walk.at += width;
			}
		}
		return says;
	}
	fde(at, end, says) {
		const width = says ? widthOf(says.address) : 0;
		if (width === 0 || at + width > end)
			return;
		this.ehPointer(at, width);
		const walk = new Walk(this.bytes, at + 2 * width, end);
		walk.skipNumber();
		const other = widthOf(says.table);
		if (other > 0 && !walk.failed && walk.at + other <= end)
			this.ehPointer(walk.at, other);
	}
	ehPointer(at, width) {
		const value = width === 8 ? this.view.getBigUint64(at, true)
			: BigInt(this.word(at));
		if (value !== 0n)
			this.addNamed(at, width, 'here');
	}
	ehHeader() {
		const size = this.bytes.length;
		if (size < 12 || this.view.getUint32(0) !== 0x011b033b)
			return;
		this.addNamed(4, 4, 'here');
		for (let at = 12; at + 4 <= size; at += 4)
			this.addNamed(at, 4, 'region');
	}

	goTable() {
		const {region} = this;
		const from = Number(region.member.functab - region.address);
		const size = this.bytes.length;
		if (from < 0 || from + 8 > size)
			return;
		if (this.word(from + 4) > size - from)
			return;
		const count = this.word(from + 4) >>> 3;
		for (let i = 0, at = from; i < count && at + 8 <= size; i++, at += 8) {
			this.goWord(at, 'text');
			this.goWord(at + 4, 'functab');
		}
		for (let i = 0, at = from; i < count && at + 8 <= size; i++, at += 8)
			this.goRecord(from + this.word(at + 4));
	}
	goRecord(at) {
		const size = this.bytes.length;
		if (at < this.end || at + RECORD_BYTES > size)
			return;
		const tables = this.word(at + 28);
		const others = this.bytes[at + 43];
		if (at + RECORD_BYTES + 4 * (tables + others) > size)
			return;
		this.goWord(at, 'text');
		this.goWord(at + 4, 'names');
		for (const field of [16, 20, 24])
			this.goWord(at + field, 'pctab');
		for (let i = 0; i < tables + others; i++)
			this.goWord(at + RECORD_BYTES + 4 * i,
				i < tables ? 'pctab' : 'gofunc');
	}
	goWord(at, name) {
		const value = this.word(at);
		if (value !== 0xffffffff && (value !== 0 || name === 'text'))
			this.addNamed(at, 4, name);
	}

	unwind() {
		const size = this.bytes.length;
		if (this.region.address % 4n !== 0n || size < UNWIND_HEADER)
			return;
		const [personalities, many, index, count] =
			[12, 16, 20, 24].map((at) => this.word(at));
		if (count < 2 || index + INDEX_ENTRY * count > size)
			return;
		const entries = Array.from({length: count}, (_, i) =>
			[0, 4, 8].map((at) => this.word(index + INDEX_ENTRY * i + at)));
		const [, , end] = entries.at(-1);
		const pages = entries.slice(0, -1).map(([functions, at]) =>
			({at, begin: this.region.member.base + BigInt(functions)}));
		if (pages.some(({at}, i) => i > 0 && at <= pages[i - 1].at))
			return;
		for (let i = 0; personalities + 4 * many <= size && i < many; i++)
			this.distance(personalities + 4 * i);
		for (let i = 0; i < count; i++)
			this.distance(index + INDEX_ENTRY * i);
		for (let at = entries[0][2]; end <= size && at + 4 <= end; at += 4)
			this.distance(at);
		pages.forEach((page, i) => this.unwindPage(page,
			Math.min(size, pages[i + 1]?.at ?? size)));
	}
	unwindPage({at, begin}, end) {
		if (end - at < UNWIND_PAGE || at % 4 !== 0)
			return;
		const half = (i) => this.view.getUint16(at + i, true);
		const list = (from, count, width) =>
			Array.from({length: count}, (_, i) => at + from + width * i)
				.filter((place) => place + width <= end);
		if (this.word(at) === REGULAR) {
			for (const entry of list(half(4), half(6), 8)) {
				this.distance(entry);
				this.encoding(entry + 4);
			}
		} else if (this.word(at) === COMPRESSED) {
			for (const entry of list(half(4), half(6), 4)) {
				const target = begin + BigInt(this.word(entry) & 0xffffff);
				if (this.isTarget(target))
					this.add(entry, 3, target, {anchor: 'function'});
			}
			for (const entry of list(half(8), half(10), 4))
				this.encoding(entry);
		}
	}
	encoding(at) {
		const {member} = this.region;
		const code = member.regions.find(isCode);
		const mode = code && (code.kind === KIND.ARM64 ? 3 : 4);
		if (member.frames !== member.bias && (this.word(at) >>> 24 & 15) === mode)
			this.addNamed(at, 3, 'frames');
	}

	relocations() {
		const size = this.bytes.length;
		let at = this.aligned(4);
		while (at + BLOCK_HEADER <= size) {
			const length = this.word(at + 4);
			if (length < BLOCK_HEADER || length > MOST_BLOCK ||
				length % 4 !== 0 || at + length > size)
				break;
			const page = this.region.member.base + BigInt(this.word(at));
			const field = (i) => this.view.getUint16(at + i, true);
			const place = (i) => page + BigInt(field(i) & 0xfff);
			if (length > BLOCK_HEADER)
				this.add(at, 4, place(BLOCK_HEADER), {anchor: 'base', hides: 'low'});
			for (let i = BLOCK_HEADER; i < length; i += 2)
				if (field(i) >> 12 !== 0 && this.isTarget(place(i)))
					this.add(at + i, 2, place(i), {anchor: 'base', hides: 'high'});
			at += length;
		}
	}
}

// valueOfField(view, at, width): signed if it has 4 bytes or 8
export function valueOfField(view, at, width) {
	if (width === 8)
		return view.getBigInt64(at, true);
	if (width === 4)
		return BigInt(view.getInt32(at, true));
	return BigInt(view.getUint16(at, true) | view.getUint8(at + 2) << 16);
}

// widthOf(encoding): of a pointer relative to itself, 0 for another one
function widthOf(encoding) {
	if (encoding === NO_POINTER || (encoding >> 4 & 7) !== 1)
		return 0;
	return {3: 4, 11: 4, 0: 8, 4: 8, 12: 8}[encoding & 15] ?? 0;
}

// Walk: bytes and numbers up to an end; failed says that it was passed
class Walk {
	constructor(bytes, at, end) {
		Object.assign(this, {bytes, at, end});
		this.failed = false;
	}
	byte() {
		if (this.at >= this.end) {
			this.failed = true;
			return 0;
		}
		return this.bytes[this.at++];
	}
	skipNumber() {
		while (this.byte() & 128)
			;
	}
}
