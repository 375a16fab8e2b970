// LZMA2 without a container, with what its dictionary begins with.

import {need} from './patch.mjs';

// adaptive bits: count of them, all as likely 0 as 1
function bits(count) {
	return new Uint16Array(count).fill(1024);
}

// lzma2(bytes, size, preset, dictionary): the size bytes that they unpack
// to; preset is the dictionary's begin, dictionary how far back it reaches
export function lzma2(bytes, size, preset, dictionary) {
	const out = new Uint8Array(preset.length + size);
	out.set(preset);
	const decoder = new Decoder(bytes, out, preset.length, dictionary);
	while (decoder.chunk())
		;
	need(decoder.from === bytes.length && decoder.to === out.length,
		'LZMA2 ends elsewhere');
	return out.subarray(preset.length);
}

class Decoder {
	constructor(bytes, out, to, dictionary) {
		Object.assign(this, {bytes, out, to, dictionary});
		this.from = 0;
		this.origin = 0; // where the dictionary begins, positions count here
		this.resetProperties(0x5d);
	}
	next() {
		need(this.from < this.bytes.length, 'LZMA2 ends early');
		return this.bytes[this.from++];
	}
	next16() {
		const high = this.next();
		return high << 8 | this.next();
	}
	// false: the end
	chunk() {
		const control = this.next();
		if (control === 0)
			return false;
		need(control < 3 || control >= 0x80, 'LZMA2 has another chunk');
		if (control === 1 || control >= 0xe0)
			this.origin = this.to;
		const size = ((control >= 0x80 ? control & 31 : 0) << 16 |
			this.next16()) + 1;
		need(size <= this.out.length - this.to, 'LZMA2 is too long');
		if (control < 0x80) {
			for (let i = 0; i < size; i++)
				this.out[this.to++] = this.next();
			return true;
		}
		const end = this.next16() + 1;
		if (control >= 0xc0)
			this.resetProperties(this.next());
		else if (control >= 0xa0)
			this.resetState();
		this.packed(this.to + size, this.from + end);
		return true;
	}
	resetProperties(byte) {
		need(byte < 225, 'LZMA2 has other properties');
		this.lc = byte % 9;
		this.lp = Math.floor(byte / 9) % 5;
		this.pb = Math.floor(byte / 45);
		need(this.lc + this.lp <= 4, 'LZMA2 has other properties');
		this.resetState();
	}
	resetState() {
		this.state = 0;
		this.reps = [0, 0, 0, 0];
		this.literals = bits(0x300 << (this.lc + this.lp));
		this.isMatch = bits(12 * 16);
		this.isRep = bits(12);
		this.isRep0 = bits(12);
		this.isRep1 = bits(12);
		this.isRep2 = bits(12);
		this.isRep0Long = bits(12 * 16);
		this.slots = [0, 1, 2, 3].map(() => bits(64));
		this.special = bits(128);
		this.align = bits(16);
		this.matchLength = newLength();
		this.repLength = newLength();
	}
	packed(end, fromEnd) {
		need(this.next() === 0, 'LZMA2 begins otherwise');
		this.range = 0xffffffff;
		this.code = 0;
		for (let i = 0; i < 4; i++)
			this.code = (this.code << 8 | this.next()) >>> 0;
		while (this.to < end)
			this.symbol(end);
		need(this.from === fromEnd, 'LZMA2 has a chunk of another size');
	}
	normalize() {
		if (this.range < 1 << 24) {
			this.range = this.range * 256;
			this.code = (this.code << 8 | this.next()) >>> 0;
		}
	}
	bit(chances, i) {
		const chance = chances[i];
		const bound = (this.range >>> 11) * chance;
		const one = this.code >= bound;
		if (one) {
			this.range -= bound;
			this.code -= bound;
			chances[i] -= chance >> 5;
		} else {
			this.range = bound;
			chances[i] += (2048 - chance) >> 5;
		}
		this.normalize();
		return one ? 1 : 0;
	}
	even(count) {
		let value = 0;
		while (count-- > 0) {
			this.range >>>= 1;
			const one = this.code >= this.range;
			if (one)
				this.code -= this.range;
			value = value * 2 + (one ? 1 : 0);
			this.normalize();
		}
		return value;
	}
	tree(chances, count) {
		let node = 1;
		for (let i = 0; i < count; i++)
			node = node << 1 | this.bit(chances, node);
		return node - (1 << count);
	}
	reversed(chances, base, count) {
		let node = 1;
		let value = 0;
		for (let i = 0; i < count; i++) {
			const bit = this.bit(chances, base + node);
			node = node << 1 | bit;
			value |= bit << i;
		}
		return value;
	}
	symbol(end) {
		const place = (this.to - this.origin) & ((1 << this.pb) - 1);
		const where = this.state * 16 + place;
		if (!this.bit(this.isMatch, where)) {
			this.literal();
			return;
		}
		let length;
		if (!this.bit(this.isRep, this.state)) {
			length = this.length(this.matchLength, place);
			const distance = this.distance(Math.min(length - 2, 3));
			this.reps = [distance, ...this.reps.slice(0, 3)];
			this.state = this.state < 7 ? 7 : 10;
		} else if (this.whichRep(where)) {
			length = this.length(this.repLength, place);
			this.state = this.state < 7 ? 8 : 11;
		} else {
			length = 1;
			this.state = this.state < 7 ? 9 : 11;
		}
		this.copy(length, end);
	}
	// false: one byte from the last distance
	whichRep(where) {
		const reps = this.reps;
		if (!this.bit(this.isRep0, this.state))
			return this.bit(this.isRep0Long, where) === 1;
		let which = 1;
		if (this.bit(this.isRep1, this.state))
			which = 2 + this.bit(this.isRep2, this.state);
		reps.unshift(reps.splice(which, 1)[0]);
		return true;
	}
	copy(length, end) {
		const back = this.reps[0] + 1;
		need(back <= this.to - this.origin && back <= this.dictionary &&
			length <= end - this.to, 'LZMA2 copies from elsewhere');
		for (let i = 0; i < length; i++, this.to++)
			this.out[this.to] = this.out[this.to - back];
	}
	literal() {
		const at = this.to - this.origin;
		const before = at > 0 ? this.out[this.to - 1] : 0;
		const base = 0x300 * (((at & ((1 << this.lp) - 1)) << this.lc) +
			(before >> (8 - this.lc)));
		let node = 1;
		if (this.state >= 7) {
			let like = this.out[this.to - this.reps[0] - 1];
			while (node < 256) {
				const bit = like >> 7 & 1;
				like <<= 1;
				const got = this.bit(this.literals,
					base + ((1 + bit) << 8) + node);
				node = node << 1 | got;
				if (got !== bit)
					break;
			}
		}
		while (node < 256)
			node = node << 1 | this.bit(this.literals, base + node);
		this.out[this.to++] = node;
		this.state = this.state < 4 ? 0
			: this.state < 10 ? this.state - 3 : this.state - 6;
	}
	length(coder, place) {
		if (!this.bit(coder.choice, 0))
			return 2 + this.tree(coder.low[place], 3);
		if (!this.bit(coder.choice, 1))
			return 10 + this.tree(coder.middle[place], 3);
		return 18 + this.tree(coder.high, 8);
	}
	distance(which) {
		const slot = this.tree(this.slots[which], 6);
		if (slot < 4)
			return slot;
		const count = (slot >> 1) - 1;
		const base = (2 + (slot & 1)) * 2 ** count;
		if (slot < 14)
			return base + this.reversed(this.special, base - slot, count);
		return base + this.even(count - 4) * 16 +
			this.reversed(this.align, 0, 4);
	}
}

function newLength() {
	const each = () => Array.from({length: 16}, () => bits(8));
	return {choice: bits(2), low: each(), middle: each(), high: bits(256)};
}
