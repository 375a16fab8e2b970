// Makes pairs whose regions hold what no compiler makes: any instruction,
// any record of .eh_frame, tables that end anywhere.
//
//     node garbage.mjs PAIR...
//
// For each PAIR with a patch and its two files it writes PAIR-garbage.old
// and .new, and says their name.  The patch tells where the regions are.

import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {KIND} from './image.mjs';
import {readHeader, readList, readTables, unpack} from './patch.mjs';

let state = 0;
function roll(bound) {
	state = (Math.imul(state, 1103515245) + 12345) >>> 0;
	let x = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) >>> 0;
	x = (x ^ x >>> 12) >>> 0;
	return x % bound;
}
const pick = (list) => list[roll(list.length)];
const plain = (va) => Number(va & 0xffffffffffffn);

// Garbage: what fills one region
class Garbage {
	constructor(region) {
		this.region = region;
		this.others = region.member.regions;
		this.bytes = Buffer.alloc(region.size + 128);
		this.at = 0;
		this.cieAt = -1;
	}
	get here() {
		return plain(this.region.address) + this.at;
	}
	add(...bytes) {
		for (const byte of bytes)
			this.bytes[this.at++] = byte;
	}
	noise(count) {
		while (count-- > 0)
			this.add(roll(256));
	}
	word(value) {
		this.bytes.writeUInt32LE(value >>> 0, this.at);
		this.at += 4;
	}
	// any address of the image
	target(regions = this.others) {
		const region = pick(regions);
		return plain(region.address) + roll(region.memory);
	}
	fill() {
		const one = {[KIND.X86]: () => this.x86(),
			[KIND.ARM64]: () => this.arm64(),
			[KIND.POINTERS]: () => this.pointer(),
			[KIND.DISTANCES]: () => this.distance(),
			[KIND.CONSTANTS]: () => this.constant(),
			[KIND.EH_FRAME]: () => this.record(),
			[KIND.UNWIND]: () => this.unwind(),
			[KIND.RELOCATIONS]: () => this.relocations()}[this.region.kind];
		while (one && this.at < this.region.size)
			one();
		return one ? this.bytes.subarray(0, this.region.size) : null;
	}
	x86() {
		for (let i = roll(3); i > 0; i--)
			this.add(pick([0x66, 0x66, 0x67, 0xf2, 0xf3, 0x2e, 0x64]));
		if (roll(2))
			this.add(0x40 + roll(16));
		pick([
			() => this.add(pick([0x8d, 0x8d, 0xe8, 0xe9, 0xf6, 0xf7, 0x81,
				0xc7, 0xb8, 0xa1, 0xc8])),
			() => this.add(roll(256)),
			() => this.add(0x0f, roll(256)),
			() => this.add(0x0f, pick([0x38, 0x3a]), roll(256)),
			() => this.add(0xc5, roll(256), roll(256)),
			() => this.add(0xc4, pick([1, 2, 3, 5, 0xe1, 0xe2, 0xe3, 0xe7]),
				roll(256), roll(256)),
			() => this.add(0x62, pick([1, 2, 3, 4, 5, 6, 0xf1, 0xf3, 0xf6]),
				roll(256), roll(256), roll(256)),
		])();
		if (roll(3))
			this.add(pick([5, 13, 0x3d]));
		if (roll(5))
			this.word(this.target() - this.here - 4 - pick([0, 0, 1, 2, 4]));
		else
			this.noise(roll(5));
	}
	arm64() {
		const distance = this.target() - this.here;
		const pages = Math.floor(distance / 4096);
		const register = roll(4);
		const low = roll(2) ? roll(4096) : roll(64);
		const field = (value, bits, at) => (value & (1 << bits) - 1) << at;
		const adr = (value) => field(value, 2, 29) |
			field(value >> 2, 19, 5) | register;
		this.word(pick([
			() => 0x14000000 | roll(2) << 31 | field(distance >> 2, 26, 0),
			() => 0x54000000 | field(distance >> 2, 19, 5) | roll(32),
			() => 0x34000000 | roll(4) << 24 | field(distance >> 2, 19, 5),
			() => 0x36000000 | roll(4) << 24 | field(distance >> 2, 14, 5),
			() => 0x10000000 | adr(distance),
			() => 0x90000000 | adr(pages),
			() => 0x90000000 | adr(pages),
			() => 0x91000000 | low << 10 | register << 5 | roll(4),
			() => 0x39000000 | roll(4) << 30 | roll(2) << 26 |
				roll(4) << 22 | low << 10 | register << 5 | roll(4),
			() => roll(65536) << 16 | roll(65536),
		])());
	}
	pointer() {
		const value = roll(4) ? BigInt(this.target())
			: BigInt(roll(2 ** 31)) << BigInt(roll(33));
		this.bytes.writeBigUInt64LE(value, this.at);
		this.at += 8;
	}
	distance() {
		this.word(roll(4) ? this.target() - plain(this.region.member.base)
			: roll(65536) << 16 | roll(65536));
	}
	constant() {
		const code = this.others.filter(({kind}) =>
			kind === KIND.X86 || kind === KIND.ARM64);
		if (!code.length || !roll(3))
			this.pointer();
		else
			this.word(this.target(code) - this.here +
				(roll(2) ? this.at : roll(this.at + 1) & ~3));
	}
	record() {
		const begin = this.at;
		this.word(0);
		const what = roll(4);
		if (this.cieAt < 0 || what === 0) {
			this.cieAt = begin;
			this.cie();
		} else if (what < 3) {
			this.word(this.at - this.cieAt);
			const width = roll(4) ? 4 : 8;
			this.noise(2 * width);
			this.add(width);
			if (roll(3))
				this.noise(width);
			else
				this.add(...Array(width).fill(0));
		} else if (roll(20)) {
			this.noise(roll(30));
		}
		this.bytes.writeUInt32LE(this.at - begin - 4, begin);
	}
	cie() {
		this.word(0);
		this.add(pick([1, 3, 1]));
		const letters = pick(['zR', 'zPLR', 'zRS', 'zPR', 'zLR', '', 'R',
			'zLPR']);
		this.add(...Buffer.from(letters), 0, 1, 0x78, 16);
		const sizeAt = this.at++;
		for (const letter of letters) {
			if (letter === 'R' || letter === 'L')
				this.add(pick([0x1b, 0x1b, 0x10, 0x14, 0x1c, 0x13, 0x9b, 0, 3,
					0xff, 0x2b]));
			if (letter === 'P') {
				const encoding = pick([0x9b, 0x1b, 0x10, 3, 0, 0xff]);
				this.add(encoding);
				this.noise({3: 4, 11: 4, 0: 8}[encoding & 15] ?? 0);
			}
		}
		this.bytes[sizeAt] = this.at - sizeAt - 1;
		this.noise(roll(9));
	}
	// all of a region: distances, over them a header, an index, and pages
	unwind() {
		const {size} = this.region;
		while (this.at < size)
			this.distance();
		const write = (at, ...words) => words.forEach((word, i) => {
			if (at + 4 * i + 4 <= size)
				this.bytes.writeUInt32LE(word >>> 0, at + 4 * i);
		});
		const count = 3 + roll(5);
		const index = 28 + 4 * roll(4);
		const tables = index + 12 * count;
		let page = tables + 4 * roll(16);
		const tablesEnd = page - roll(3);
		write(0, 1, 28, 0, 28, roll(5), index, count);
		for (let i = 0; i < count; i++) {
			const distance = this.target() - plain(this.region.member.base);
			write(index + 12 * i, distance, page, i ? tablesEnd : tables);
			const entries = roll(30);
			const encodings = roll(4) ? roll(9) : 65535;
			if (roll(2))
				write(page, 2, 8 + (entries << 16));
			else
				write(page, 3, 12 + (entries << 16),
					12 + 4 * entries + (encodings << 16));
			// some compressed entries are near, some encodings of .eh_frame
			for (let at = page + 12; at < page + 120; at += 4)
				if (roll(3))
					write(at, roll(6) << 24 | roll(roll(2) ? 300 : 2 ** 24));
			page += 4 * (3 + roll(40)) + (roll(20) ? 0 : 2);
		}
	}
	// a block
	relocations() {
		const count = roll(20) ? 2 * roll(60) : roll(60);
		const near = this.target() - plain(this.region.member.base);
		this.word(roll(9) ? near & ~0xfff : near);
		this.word(roll(30) ? 8 + 2 * count : roll(9000));
		for (let i = 0; i < count && this.at < this.region.size; i++)
			this.add(roll(256), pick([0xa0, 0xa0, 0xa0, 0x30, 0]) + roll(16));
	}
}

function fill(bytes, image) {
	state = 5;
	for (const region of image.byOffset) {
		const before = state;
		new Garbage(region).fill()?.copy(bytes, region.offset);
		state = before + 1;
	}
	return bytes;
}

for (const pair of process.argv.slice(2)
	.map((name) => name.replace(/\.(old|new|patch)$/, ''))) {
	if (!existsSync(`${pair}.patch`))
		continue;
	const patch = readFileSync(`${pair}.patch`);
	const header = readHeader(patch);
	const tables = readTables(unpack(readList(patch, header)[0], 0), header);
	writeFileSync(`${pair}-garbage.old`,
		fill(readFileSync(`${pair}.old`), tables.old));
	writeFileSync(`${pair}-garbage.new`,
		fill(readFileSync(`${pair}.new`), tables.new));
	console.log(`${pair}-garbage`);
}
