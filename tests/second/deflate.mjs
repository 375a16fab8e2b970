// The encoders of deflate, to the byte: "THE ENCODERS" of the page.

import {deflateBlock} from './codes.mjs';

const ENCODERS = [
	{hashBits: 15, tokens: 16383},
	{hashBits: 16, tokens: 32767},
	{hashBits: 15, tokens: 32767, early: true, past: true},
	{hashBits: 15, tokens: 32767, early: true},
	{hashBits: 15, tokens: 16383, four: true},
	{hashBits: 16, tokens: 32767, four: true},
];
const LEVELS = [null,
	{good: 4, lazy: 4, nice: 8, chain: 4},
	{good: 4, lazy: 5, nice: 16, chain: 8},
	{good: 4, lazy: 6, nice: 32, chain: 32},
	{good: 4, lazy: 4, nice: 16, chain: 16},
	{good: 8, lazy: 16, nice: 32, chain: 32},
	{good: 8, lazy: 16, nice: 128, chain: 128},
	{good: 8, lazy: 32, nice: 128, chain: 256},
	{good: 32, lazy: 128, nice: 258, chain: 1024},
	{good: 32, lazy: 258, nice: 258, chain: 4096},
];
const WINDOW = 65536;
const HALF = 32768;
const FAR = 32506; // as far back as a match may be
const AHEAD = 262; // bytes ahead that a step has, but in the end
const MOVES = HALF + FAR;
const LEAST = 3;
const MOST = 258;
const FARTHEST_THREE = 4096;
const FAST_LEVELS = 3;
const LOOK = 4096; // tokens after which the habit early looks at a block
const LOOKS_FROM = 3;

// BitWriter: bits from the lowest on
class BitWriter {
	constructor() {
		this.bytes = new Uint8Array(1 << 16);
		this.length = 0;
		this.held = 0;
		this.count = 0;
	}
	bits(value, count) {
		this.held |= value << this.count;
		this.count += count;
		while (this.count >= 8) {
			this.byte(this.held & 255);
			this.held >>>= 8;
			this.count -= 8;
		}
	}
	align() {
		if (this.count > 0)
			this.byte(this.held);
		this.held = 0;
		this.count = 0;
	}
	byte(value) {
		if (this.length === this.bytes.length) {
			const more = new Uint8Array(2 * this.length);
			more.set(this.bytes);
			this.bytes = more;
		}
		this.bytes[this.length++] = value;
	}
}

// deflate(content, encoder, level): what the encoder makes of it
export function deflate(content, encoder, level) {
	const one = new Encoder(content, ENCODERS[encoder], level);
	one.run();
	one.writer.align();
	return one.writer.bytes.subarray(0, one.writer.length);
}

class Encoder {
	constructor(content, habits, level) {
		Object.assign(this, {content, level}, habits, LEVELS[level]);
		this.writer = new BitWriter();
		this.window = new Uint8Array(WINDOW + MOST);
		this.taken = 0; // bytes of content
		this.end = 0; // of the bytes in the window
		this.p = 0;
		this.begin = 0; // of the block
		this.last = new Int32Array(1 << this.hashBits);
		this.before = new Int32Array(HALF);
		// of the block's tokens; a byte has no length and is no distance
		this.lengths = [];
		this.distances = [];
		this.matches = 0;
		// what the step before left at levels from 4 on
		this.length = LEAST - 1;
		this.place = 0;
		this.pending = false; // the byte before p is in no token yet
	}
	get ahead() {
		return this.end - this.p;
	}
	run() {
		const step = this.level <= FAST_LEVELS ? () => this.fast()
			: () => this.slow();
		for (;;) {
			this.fill();
			while (this.ahead >= AHEAD)
				step();
			if (this.p < MOVES)
				break;
			this.move();
		}
		if (this.early)
			this.window.fill(0, this.end, this.end + 2);
		while (this.ahead > 0) {
			if (!this.early && this.p >= MOVES)
				this.move();
			step();
		}
		if (this.pending)
			this.token(0, this.window[this.p - 1]);
		this.endBlock(this.p, true);
	}
	fill() {
		const count = Math.min(WINDOW - this.end,
			this.content.length - this.taken);
		this.window.set(this.content.subarray(this.taken, this.taken + count),
			this.end);
		this.taken += count;
		this.end += count;
	}
	move() {
		this.window.copyWithin(0, HALF, WINDOW);
		this.p -= HALF;
		this.begin -= HALF;
		this.end -= HALF;
		this.place -= HALF;
		for (const places of [this.last, this.before])
			for (let i = 0; i < places.length; i++)
				places[i] = Math.max(places[i] - HALF, 0);
	}

	isWhole(place) {
		return this.early || this.end - place >= LEAST;
	}
	hash(place) {
		const [x, y, z, u] = this.window.subarray(place, place + 4);
		const mask = (1 << this.hashBits) - 1;
		if (this.four) {
			const word = x | y << 8 | z << 16 | u << 24;
			return (Math.imul(word, 66521) + 66521) >>> 16 & mask;
		}
		const s = this.hashBits === 15 ? 5 : 6;
		return (x << 2 * s ^ y << s ^ z) & mask;
	}
	// remembers a place; the last one of its hash so far, 0: there is none
	remember(place) {
		if (!this.isWhole(place))
			return 0;
		const hash = this.hash(place);
		const last = this.last[hash];
		this.before[place % HALF] = last;
		this.last[hash] = place;
		return last;
	}
	// the length of the match for p that is longer than this, 0: there is
	// none; its place is found
	search(first, toBeat) {
		const {p, window, before} = this;
		if (first === 0 || p - first > FAR || (this.early && p > MOVES))
			return 0;
		let best = 0;
		let chain = toBeat >= this.good ? this.chain >> 2 : this.chain;
		for (let place = first; place > 0 && chain-- > 0;
			place = this.nextPlace(before[place % HALF])) {
			if (window[place + toBeat] !== window[p + toBeat])
				continue;
			let length = 0;
			while (length < MOST && window[place + length] === window[p + length])
				length++;
			if (length <= toBeat)
				continue;
			best = toBeat = length;
			this.found = place;
			if (length >= this.nice || (!this.past && length >= this.ahead))
				break;
		}
		return Math.min(best, this.ahead);
	}
	nextPlace(place) {
		return this.p - place < FAR ? place : 0;
	}

	fast() {
		const {p} = this;
		const length = this.search(this.remember(p), LEAST - 1);
		if (length < LEAST) {
			const full = this.token(0, this.window[p]);
			this.p++;
			this.endIf(full, this.p);
			return;
		}
		const full = this.token(length, p - this.found);
		this.p += length;
		if (length <= this.lazy && this.isWhole(this.p))
			for (let place = p + 1; place < this.p; place++)
				this.remember(place);
		this.endIf(full, this.p);
	}
	slow() {
		const {p, length: before, place: placeBefore} = this;
		const first = this.remember(p);
		this.length = LEAST - 1;
		if (before < this.lazy) {
			const length = this.search(first, before);
			if (length > 0) {
				this.length = length;
				this.place = this.found;
			}
			if (length === LEAST && p - this.place > FARTHEST_THREE)
				this.length = LEAST - 1;
		}
		if (before >= LEAST && this.length <= before) {
			const full = this.token(before, p - 1 - placeBefore);
			const end = p - 1 + before;
			for (let place = p + 1; place < end; place++)
				this.remember(place);
			this.p = end;
			this.length = LEAST - 1;
			this.pending = false;
			this.endIf(full, end);
			return;
		}
		const full = this.pending && this.token(0, this.window[p - 1]);
		this.endIf(full, p);
		this.pending = true;
		this.p++;
	}

	// adds a match or a byte; whether the block ends with it
	token(length, what) {
		this.lengths.push(length);
		this.distances.push(what);
		this.matches += length > 0 ? 1 : 0;
		const count = this.lengths.length;
		return count === this.tokens || (this.early &&
			this.level >= LOOKS_FROM && count % LOOK === 0 &&
			this.looksDone(count));
	}
	looksDone(count) {
		if (this.matches >= count >> 1)
			return false;
		let bits = 8 * count;
		this.lengths.forEach((length, i) => {
			if (length > 0)
				bits += 5 + extraBits(this.distances[i]);
		});
		return bits >> 3 < this.p - this.begin >> 1;
	}
	endIf(full, end) {
		if (full)
			this.endBlock(end, false);
	}
	endBlock(end, isLast) {
		const bytes = this.begin < 0 ? null
			: this.window.subarray(this.begin, end);
		deflateBlock(this.writer, this, bytes, isLast);
		this.lengths = [];
		this.distances = [];
		this.matches = 0;
		this.begin = end;
	}
}

// the extra bits of a distance's code (RFC 1951, 3.2.5)
function extraBits(distance) {
	return Math.max(0, 30 - Math.clz32(distance - 1));
}
