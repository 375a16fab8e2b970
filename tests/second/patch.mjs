// What a patch of sluice-delta/1 holds: its header, its streams, its tables.
// Written from sluice-delta(5) alone, as all of tests/second is.

import {execFileSync} from 'node:child_process';
import {Image} from './image.mjs';
import {lzma2} from './lzma2.mjs';

const STREAMS = 21;
const LITERALS = 20;
const MIB = 1 << 20;

export function need(holds, what) {
	if (!holds)
		throw new Error(what);
}

// Reader: bytes from the front of an array, and the page's numbers
export class Reader {
	constructor(bytes) {
		this.bytes = bytes;
		this.at = 0;
	}
	get left() {
		return this.bytes.length - this.at;
	}
	byte() {
		need(this.left > 0, 'the patch ends early');
		return this.bytes[this.at++];
	}
	take(count) {
		need(count <= this.left, 'the patch ends early');
		this.at += count;
		return this.bytes.subarray(this.at - count, this.at);
	}
	// a number of at most 64 bits
	wide() {
		let value = 0n;
		for (let i = 0n; i < 10n; i++) {
			const byte = this.byte();
			value |= BigInt(byte & 127) << (7n * i);
			if (byte < 128) {
				need(i === 0n || byte !== 0, 'a number is too long');
				need(i < 9n || byte === 1, 'a number is too large');
				return value;
			}
		}
		throw new Error('a number is too long');
	}
	// a number that counts bytes or things: a patch has none above 2^53
	number(most = Number.MAX_SAFE_INTEGER) {
		const value = this.wide();
		need(value <= BigInt(most), `${value} is more than ${most}`);
		return Number(value);
	}
	signed() {
		return unzigzag(this.wide());
	}
}

// unzigzag(n) is the signed number, of at most 2^53, written as n
export function unzigzag(n) {
	const value = n & 1n ? -(n + 1n) / 2n : n / 2n;
	need(value > -(1n << 53n) && value < 1n << 53n, `${value} is too far`);
	return Number(value);
}

export function readHeader(bytes) {
	const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
	need(text.length >= 112 && text.toString('latin1', 0, 8) === 'SLDELTA1',
		'not a patch of sluice-delta/1');
	const sizes = [8, 16, 24, 32].map((at) => {
		const size = text.readBigUInt64LE(at);
		need(size <= 1n << 48n, 'a size is too large');
		return Number(size);
	});
	const [oldSize, newSize, oldExpanded, newExpanded] = sizes;
	need(oldExpanded <= 1032 * oldSize && newExpanded <= 1032 * newSize,
		'an expanded size is too large');
	return {oldSize, newSize, oldExpanded, newExpanded,
		oldDigest: text.toString('hex', 40, 72),
		newDigest: text.toString('hex', 72, 104)};
}

// readList(bytes, header): where each stream is, [{size, coder, packed}]
export function readList(bytes, header) {
	const reader = new Reader(bytes);
	reader.take(112);
	const list = [];
	for (let i = 0; i < STREAMS; i++) {
		const most = i === 0 ? MIB
			: i === LITERALS ? header.newExpanded
			: 10 * header.newExpanded + 10;
		const size = reader.number(most);
		const coder = size ? reader.number(i === LITERALS ? 3 : 2) : 0;
		list.push({size, coder, packed: coder ? reader.number() : size});
	}
	for (const stream of list)
		stream.bytes = reader.take(stream.packed);
	need(reader.left === 0, 'something follows the streams');
	return list;
}

// unpack(stream, which, dictionary): a reader of its bytes
export function unpack(stream, which, dictionary) {
	const {size, coder, bytes} = stream;
	const window = (which === LITERALS ? 8 : 2) * MIB;
	let out = bytes;
	if (coder === 1)
		out = execFileSync('zstd', ['-dcq', `--memory=${window}`],
			{input: bytes, maxBuffer: size + MIB});
	else if (coder === 2)
		out = lzma2(bytes, size, new Uint8Array(0),
			Math.max(4096, Math.min(size, window)));
	else if (coder === 3)
		out = lzma2(bytes, size, dictionary,
			dictionary.length + Math.min(size, window) + 4096);
	need(out.length === size, `stream ${which} has another size`);
	return new Reader(out);
}

function readPairs(reader, things, others) {
	for (const thing of things) {
		const which = reader.number(others.length);
		thing.pair = which ? others[which - 1] : null;
	}
}

function readPages(reader) {
	const count = reader.number();
	if (count === 0)
		return null;
	const log = reader.number(16);
	need(log >= 9, 'a page is too small');
	return {count, size: 1 << log, covers: reader.number(),
		offset: reader.number()};
}

// readRanges(reader, limit, isOld): [{offset, bytes, content, ...}]
function readRanges(reader, limit, isOld) {
	const ranges = [];
	let end = 0;
	for (let n = reader.number(65536); n > 0; n--) {
		const range = {offset: end + reader.number()};
		if (isOld) {
			range.bytes = reader.number();
			range.content = reader.number(1032 * range.bytes);
			end = range.offset + range.bytes;
		} else {
			range.content = reader.number();
			const how = reader.number(5 * 16 + 9);
			range.encoder = how >> 4;
			range.level = how & 15;
			need(range.level >= 1 && range.level <= 9, 'no such level');
			end = range.offset + range.content;
		}
		need(end <= limit && range.content > 0 && range.bytes !== 0,
			'a range is not in its file');
		ranges.push(range);
	}
	return ranges;
}

// readTables(reader, header): everything that stream 0 says
export function readTables(reader, header) {
	const tables = {blocks: reader.number(), references: reader.number()};
	tables.old = new Image(reader, header.oldExpanded);
	tables.new = new Image(reader, header.newExpanded);
	readPairs(reader, tables.old.members, tables.new.members);
	readPairs(reader, tables.old.regions, tables.new.regions);
	tables.pages = readPages(reader);
	tables.oldRanges = readRanges(reader, header.oldSize, true);
	tables.newRanges = readRanges(reader, header.newExpanded, false);
	need(!tables.pages || !tables.newRanges.length, 'pages and ranges');
	return tables;
}

// readBlocks(count, streams, sizes): [{begin, length, to}], begin in old
export function readBlocks(count, streams, header) {
	const blocks = [];
	let end = 0;
	let last = 0;
	let before = 0;
	for (let i = 0; i < count; i++) {
		const c = streams[1].wide();
		const length = streams[2].number();
		const to = end + streams[3].number();
		const shift = (c & 1n ? before : last) + unzigzag(c >> 1n);
		before = last;
		last = shift;
		const begin = to + shift;
		end = to + length;
		need(length > 0 && end <= header.newExpanded && begin >= 0 &&
			begin + length <= header.oldExpanded, 'a block is in no file');
		blocks.push({begin, length, to});
	}
	return blocks;
}
