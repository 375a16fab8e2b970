// Expanded new, from expanded old and what the patch says: literals, and
// blocks with their references, bytes and words.

import {rowOf, isAdrp, isInPage, baseOf, pageRegister, put, valueOf}
	from './arm64.mjs';
import {AddressMap, addressOf, has, isCode, lastAtMost} from './image.mjs';
import {need} from './patch.mjs';
import {anchorOf, valueOfField} from './scan.mjs';

const STREAM = {REFERENCES: 4, BYTES: 12, WORDS: 14, LITERALS: 20};
const NEAR = 65536;
const MOST_LEARNED = 17;
const MOST_WORDS = 18;
const SMALL_WORD = 4096;
const MOST_SURE = 9;

// Runs: how many are as foreseen until the next that is not
class Runs {
	constructor(reader) {
		this.reader = reader;
		this.next();
	}
	next() {
		this.left = this.reader.left ? this.reader.number() : Infinity;
	}
	// whether this one is; the caller then takes what it is instead
	asForeseen() {
		if (this.left-- > 0)
			return true;
		this.next();
		return false;
	}
}

// powerFor(size, most): the logarithm of how many entries a table has
function powerFor(size, most) {
	let power = 8;
	while (power < most && Math.floor(size / 32) >= 2 ** power)
		power++;
	return power;
}

// the number whose bytes are the next of these streams, the lowest first
function gather(streams, first, count) {
	let value = 0n;
	for (let i = 0; i < count; i++)
		value |= BigInt(streams[first + i].byte()) << BigInt(8 * i);
	return value;
}

// Words: what the words of data become
class Words {
	constructor(streams, size) {
		this.streams = streams;
		this.runs = new Runs(streams[STREAM.WORDS]);
		this.power = powerFor(size, MOST_WORDS);
		this.old = new Uint32Array(2 ** this.power);
		this.new = new Uint32Array(2 ** this.power);
		this.shift = new Uint32Array(NEAR);
		this.count = new Uint8Array(NEAR);
		this.last = 0;
		this.before = 0;
	}
	become(word) {
		const entry = Math.imul(word, 0x9e3779b1) >>> (32 - this.power);
		const near = Math.imul(word >>> 10, 0x9e3779b1) >>> 16;
		const isOwn = this.old[entry] === word;
		const asGuessed = this.runs.asForeseen();
		const result = (asGuessed ? this.guess(word, entry, near, isOwn)
			: word + this.correction(near)) >>> 0;
		const d = (result - word) >>> 0;
		if (!asGuessed && d !== 0 && d !== this.last) {
			this.before = this.last;
			this.last = d;
		}
		if (word < SMALL_WORD)
			return result;
		if (!asGuessed)
			this.learn(word, result, entry, near);
		else if (!isOwn && d !== 0)
			this.count[near] = Math.min(this.count[near] + 1, MOST_SURE);
		return result;
	}
	guess(word, entry, near, isOwn) {
		if (word < SMALL_WORD)
			return word;
		if (isOwn)
			return this.new[entry];
		return this.count[near] >= 2 ? word + this.shift[near] : word;
	}
	correction(near) {
		const choice = this.streams[STREAM.WORDS + 1].byte();
		need(choice <= 4, 'no such choice for a word');
		return [() => 0, () => this.shift[near], () => this.last,
			() => this.before,
			() => Number(gather(this.streams, STREAM.WORDS + 2, 4)),
		][choice]();
	}
	learn(word, result, entry, near) {
		const d = (result - word) >>> 0;
		this.old[entry] = word;
		this.new[entry] = result;
		if (d === 0) {
			this.count[near] = Math.max(this.count[near] - 1, 0);
		} else if (d === this.shift[near]) {
			this.count[near] = Math.min(this.count[near] + 1, MOST_SURE);
		} else {
			this.shift[near] = d;
			this.count[near] = 1;
		}
	}
}

const GOLDEN = 0x9e3779b97f4a7c15n;

// top(value, power): the top bits of it times the golden ratio
function top(value, power) {
	return Number(BigInt.asUintN(64, value * GOLDEN) >> BigInt(64 - power));
}

// putValue(field, value, reference): what the field has of it
function putValue(field, value, {width, hides}) {
	if (width === 8) {
		field.setBigUint64(0, value, true);
		return;
	}
	const number = Number(BigInt.asUintN(32, value));
	if (hides === 'low')
		field.setUint32(0, (number & ~0xfff) >>> 0, true);
	else if (hides === 'high')
		field.setUint16(0, field.getUint16(0, true) & 0xf000 | number & 0xfff,
			true);
	else if (width === 4)
		field.setUint32(0, number, true);
	else
		[0, 8, 16].forEach((bits, i) => field.setUint8(i, number >>> bits));
}

// References: what they become
class References {
	constructor(streams, tables, blocks, size) {
		this.streams = streams;
		this.image = tables.new;
		this.runs = new Runs(streams[STREAM.REFERENCES]);
		this.map = new AddressMap(blocks, tables.old, tables.new);
		this.power = powerFor(size, MOST_LEARNED);
		this.targets = new BigUint64Array(2 ** this.power);
		this.actuals = new BigUint64Array(2 ** this.power);
		this.near = new BigUint64Array(NEAR);
		this.pages = new Array(32).fill(0n);
		this.function = 0n; // that the page of __unwind_info begins with
	}
	// become(reference, field, offset): writes it into field, a view of its
	// bytes of old that is at this offset of new
	become(reference, field, offset) {
		const {target} = reference;
		const where = this.place(reference, offset);
		const asGuessed = this.runs.asForeseen();
		const choice = asGuessed ? -1
			: this.streams[STREAM.REFERENCES + 1].byte();
		need(choice <= 4, 'no such choice for a reference');
		const oldWord = reference.width === 4 ? field.getUint32(0, true) : 0;
		if (choice === 4)
			for (let i = 0; i < reference.width; i++)
				field.setUint8(i, this.streams[11].byte());
		else if (choice !== 2)
			where.put(field, this.guess(choice, reference));
		const row = reference.anchor === 'arm64' ? rowOf(oldWord) : null;
		if (isAdrp(row))
			this.keepPage(field.getUint32(0, true), where.place);
		if (choice === 4 && reference.anchor === 'function') {
			this.function = this.first(target) - where.value(field);
			return;
		}
		if (asGuessed || choice === 2 || target === 0n || reference.hides)
			return;
		const actual = row ? this.actualOfCode(row, reference, field, where)
			: where.actual(field);
		if (actual === null)
			return;
		this.near[this.nearOf(target)] = actual - target;
		if (!isAdrp(row)) {
			const entry = top(target, this.power);
			this.targets[entry] = target;
			this.actuals[entry] = actual;
		}
	}
	nearOf(target) {
		return top(target >> 9n, 16);
	}
	guess(choice, {target, width}) {
		if (choice === 0)
			return this.map.of(target);
		if (choice === 1)
			return target + this.near[this.nearOf(target)];
		const first = this.first(target);
		return choice < 0 ? first : first + this.explicit(width);
	}
	first(target) {
		const entry = top(target, this.power);
		return target !== 0n && this.targets[entry] === target
			? this.actuals[entry] : this.map.of(target);
	}
	explicit(width) {
		const bytes = Math.min(width, 5);
		return BigInt.asIntN(8 * bytes, gather(this.streams, 6, bytes));
	}
	// place(reference, offset): its place in new, how a guess is put there,
	// and what the actual target of a field is
	place(reference, offset) {
		const {pair, member: oldMember} = reference.region;
		const region = pair && has(pair, offset) ? pair
			: this.image.having(offset);
		const place = region ? addressOf(region, offset) : BigInt(offset);
		const putInto = (field, target) => {
			const word = field.getUint32(0, true);
			field.setUint32(0, put(rowOf(word), word, target, place), true);
		};
		if (reference.anchor === 'arm64')
			return {place, put: putInto};
		const anchor = this.newAnchor(reference, place, region,
			region ? region.member : oldMember.pair);
		const value = (field) => valueOfField(field, 0, reference.width);
		return {place, value,
			put: (field, g) => putValue(field, g - anchor, reference),
			actual: (field) => BigInt.asUintN(64, anchor + value(field))};
	}
	newAnchor(reference, place, region, member) {
		if (reference.anchor === 'table')
			return this.map.of(reference.begin);
		if (reference.anchor === 'function')
			return this.function;
		return anchorOf(reference, place, region, member);
	}
	keepPage(word, place) {
		const row = rowOf(word);
		if (isAdrp(row))
			this.pages[pageRegister(word)] = valueOf(row, word, place);
	}
	// the actual target of an instruction, null if nothing is learned
	actualOfCode(old, {target}, field, where) {
		const word = field.getUint32(0, true);
		const row = rowOf(word);
		if (row?.form !== old.form)
			return null;
		let actual = valueOf(row, word, where.place);
		if (isAdrp(row)) {
			actual += this.map.of(target) & 0xfffn;
		} else if (isInPage(row)) {
			const page = this.pages[baseOf(word)];
			if (page === 0n)
				return null;
			actual += page;
		}
		return BigInt.asUintN(64, actual);
	}
}

class Builder {
	constructor(old, tables, streams, found, blocks, size) {
		Object.assign(this, {old, streams, found, blocks});
		this.image = tables.old;
		this.out = new Uint8Array(size);
		this.view = new DataView(this.out.buffer);
		this.references = new References(streams, tables, blocks, old.length);
		this.words = new Words(streams, old.length);
		this.bytes = new Runs(streams[STREAM.BYTES]);
	}
	run() {
		let end = 0;
		for (const block of this.blocks) {
			this.literal(end, block.to);
			this.block(block);
			end = block.to + block.length;
		}
		this.literal(end, this.out.length);
		this.streams.slice(1).forEach((stream, i) =>
			need(stream.left === 0, `stream ${i + 1} is not used up`));
		return this.out;
	}
	literal(from, to) {
		this.out.set(this.streams[STREAM.LITERALS].take(to - from), from);
	}
	block({begin, length, to}) {
		const end = begin + length;
		const {found} = this;
		this.out.set(this.old.subarray(begin, end), to);
		this.shift = to - begin;
		let at = begin;
		let i = 1 + lastAtMost(found, begin - 1, (one) => one.offset);
		for (; i < found.length && found[i].offset + found[i].width <= end; i++) {
			const {offset, width} = found[i];
			this.between(at, offset);
			this.references.become(found[i],
				new DataView(this.out.buffer, offset + this.shift, width),
				offset + this.shift);
			at = offset + width;
		}
		this.between(at, end);
	}
	// bytes and words, region by region, from here to there in old
	between(from, to) {
		while (from < to) {
			const region = this.image.having(from);
			const end = Math.min(to, region ? region.offset + region.size
				: this.image.nextBegin(from));
			if (region && isCode(region))
				this.plain(from, end);
			else
				this.data(from, end, region);
			from = end;
		}
	}
	data(from, to, region) {
		const address = region ? addressOf(region, from) : BigInt(from);
		const first = Math.min(to, from + Number(-address & 3n));
		this.plain(from, first);
		let at = first;
		for (; at + 4 <= to; at += 4) {
			const there = at + this.shift;
			const word = this.view.getUint32(there, true);
			this.view.setUint32(there, this.words.become(word), true);
		}
		this.plain(at, to);
	}
	plain(from, to) {
		const differences = this.streams[STREAM.BYTES + 1];
		for (let at = from + this.shift; at < to + this.shift; at++)
			if (!this.bytes.asForeseen())
				this.out[at] += differences.byte();
	}
}

// build(old, tables, streams, found, blocks, size): expanded new
export function build(old, tables, streams, found, blocks, size) {
	return new Builder(old, tables, streams, found, blocks, size).run();
}
