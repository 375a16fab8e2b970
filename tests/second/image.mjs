// An image: the members of a file and their regions, and who holds what.
// Addresses are BigInts and have their member's bias; offsets are numbers.

import {need} from './patch.mjs';

export const KIND = {X86: 1, ARM64: 2, POINTERS: 3, DISTANCES: 4,
	CONSTANTS: 5, EH_FRAME: 6, EH_HEADER: 7, GO: 8,
	UNWIND: 9, RELOCATIONS: 10};
const GO_NAMES = ['text', 'names', 'pctab', 'functab', 'gofunc'];
const BIAS_BITS = 48n;

export function isCode(region) {
	return region.kind === KIND.X86 || region.kind === KIND.ARM64;
}

export class Image {
	// from the tables; the file has limit bytes
	constructor(reader, limit) {
		this.members = [];
		this.regions = [];
		const counts = [];
		for (let n = reader.number(1024); n > 0; n--)
			counts.push(reader.number(128));
		let offset = 0;
		for (const count of counts)
			offset = this.readMember(reader, count, offset, limit);
		need(this.regions.length <= 4096, 'too many regions');
		this.byOffset = this.regions.filter((region) => region.size > 0)
			.sort((a, b) => a.offset - b.offset);
		this.byOffset.forEach((region, i, all) =>
			need(i === 0 || all[i - 1].offset + all[i - 1].size <=
				region.offset, 'two regions have a byte'));
	}
	readMember(reader, count, offset, limit) {
		const bias = BigInt(this.members.length) << BIAS_BITS;
		const member = {bias, base: reader.wide() + bias, regions: []};
		let address = 0n;
		for (let i = 0; i < count; i++) {
			const region = {member, kind: reader.number(10)};
			address += reader.wide();
			region.address = address + bias;
			region.offset = offset + reader.signed();
			region.size = reader.number();
			region.memory = region.size + reader.number();
			address += BigInt(region.memory);
			offset = region.offset + region.size;
			need(region.memory > 0 && address <= 1n << BIAS_BITS &&
				region.offset >= 0 && offset <= limit,
			'a region is not in its file');
			member.regions.push(region);
			this.regions.push(region);
		}
		member.end = address + bias;
		member.frames = member.regions.find(({kind, address: at}) =>
			kind === KIND.EH_FRAME && at !== bias)?.address ?? bias;
		const isGo = member.regions.some(({kind}) => kind === KIND.GO);
		for (const name of GO_NAMES)
			member[name] = bias + (isGo ? reader.wide() : 0n);
		this.members.push(member);
		return offset;
	}
	// the member whose address it is
	memberOf(va) {
		const index = va >> BIAS_BITS;
		return index < BigInt(this.members.length)
			? this.members[Number(index)] : null;
	}
	// the region that holds the address
	holding(va) {
		const regions = this.memberOf(va)?.regions ?? [];
		const i = lastAtMost(regions, va, (region) => region.address);
		return i >= 0 && va < regions[i].address + BigInt(regions[i].memory)
			? regions[i] : null;
	}
	// the region that has this byte of the file
	having(offset) {
		const i = lastAtMost(this.byOffset, offset, (region) => region.offset);
		return i >= 0 && has(this.byOffset[i], offset)
			? this.byOffset[i] : null;
	}
	// where the next region with bytes begins, behind the offset
	nextBegin(offset) {
		const i = lastAtMost(this.byOffset, offset, (region) => region.offset);
		return this.byOffset[i + 1]?.offset ?? Infinity;
	}
}

// has(region, offset): the byte is one of the region's
export function has(region, offset) {
	return offset >= region.offset && offset < region.offset + region.size;
}

// addressOf(region, offset) of one of its bytes
export function addressOf(region, offset) {
	return region.address + BigInt(offset - region.offset);
}

// lastAtMost(list, key, keyOf): the index of the last one, of those that
// ascend by key, whose key is at most this; -1: none
export function lastAtMost(list, key, keyOf) {
	let low = 0;
	let high = list.length;
	while (low < high) {
		const middle = (low + high) >> 1;
		if (keyOf(list[middle]) <= key)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

// AddressMap: where the addresses of old are in new
export class AddressMap {
	constructor(blocks, oldImage, newImage) {
		this.old = oldImage;
		this.new = newImage;
		this.intervals = disjoint(blocks);
	}
	of(va) {
		const region = this.old.holding(va);
		if (!region)
			return va + shiftOf(this.old.memberOf(va));
		const pair = region.pair;
		const moved = va + (pair ? pair.address - region.address
			: shiftOf(region.member));
		const within = Number(va - region.address);
		if (within >= region.size)
			return moved;
		const offset = region.offset + within;
		const i = lastAtMost(this.intervals, offset, (one) => one.begin);
		if (i < 0)
			return moved;
		const {begin, end, to} = this.intervals[i];
		const there = to + offset - begin;
		if (pair && has(pair, there))
			return addressOf(pair, there);
		const other = offset < end ? this.new.having(there) : null;
		return other ? addressOf(other, there) : moved;
	}
}

function shiftOf(member) {
	return member?.pair ? member.pair.base - member.base : 0n;
}

// disjoint(blocks): intervals of old, [{begin, end, to}], that ascend
function disjoint(blocks) {
	const sorted = blocks.map(({begin, length, to}) =>
		({begin, end: begin + length, to}));
	sorted.sort((a, b) => a.begin - b.begin || a.to - b.to);
	const kept = [];
	for (const block of sorted) {
		if (makeRoom(kept, block))
			kept.push(block);
	}
	return kept;
}

// makeRoom(kept, block): false if the block is left out
function makeRoom(kept, block) {
	while (kept.length && kept[kept.length - 1].end > block.begin) {
		const last = kept[kept.length - 1];
		if (block.end <= last.end)
			return false;
		if (last.end - last.begin >= block.end - block.begin) {
			block.to += last.end - block.begin;
			block.begin = last.end;
		} else if (last.begin < block.begin) {
			last.end = block.begin;
		} else {
			kept.pop();
		}
	}
	return true;
}
