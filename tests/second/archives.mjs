// Makes two zip files in which every encoder at every level has packed every
// content that it is worth trying on: short ones, ones longer than a window,
// what does not compress.
//
//     node archives.mjs ENCODER OLD NEW
//
// It says how many entries are deflated.  Encoders 4 and 5 are node's own
// zlib, the others are ours: whoever finds their ranges agrees with us.

import {writeFileSync} from 'node:fs';
import {deflateRawSync} from 'node:zlib';
import {deflate} from './deflate.mjs';

const LEVELS = [1, 2, 3, 4, 5, 6, 7, 8, 9];
const SHORT = [1, 2, 3, 4, 5, 11, 258, 261, 262, 263, 300];
const LONG = 66000;
const LONGER = 210000;
const WORDS = 'a block of the old file is copied into new and mended'
	.split(' ');

// numbers below a bound, always the same ones
function dice(seed) {
	let state = seed;
	return (bound) => {
		state = (Math.imul(state, 1103515245) + 12345) >>> 0;
		return Math.floor(state / 2 ** 32 * bound);
	};
}

// words, runs, noise, copies from near and far
function mixed(size, seed) {
	const roll = dice(seed);
	const out = Buffer.alloc(size);
	for (let at = 0; at < size;) {
		const what = roll(5);
		const end = Math.min(size, at + 1 + roll(what === 0 ? 900 : 300));
		const back = Math.min(at, 1 + roll(what === 1 ? 40000 : 200));
		const byte = roll(256);
		while (at < end) {
			if (what === 0) {
				out[at++] = roll(256);
			} else if (what < 3 && back > 0) {
				out[at] = out[at++ - back];
			} else if (what === 3) {
				out[at++] = byte;
			} else {
				at += out.write(`${WORDS[roll(WORDS.length)]} `, at);
			}
		}
	}
	return out;
}
function noise(size, seed) {
	const roll = dice(seed);
	return Buffer.from(Uint8Array.from({length: size}, () => roll(256)));
}
// symbols so unlike in number that the code's longest words are cut
function skewed() {
	const parts = [];
	for (let i = 0, count = 1; i < 20; i++, count = Math.ceil(count * 1.62))
		parts.push(Buffer.alloc(count, i));
	const all = Buffer.concat(parts);
	const roll = dice(7);
	for (let i = all.length - 1; i > 0; i--) {
		const other = roll(i + 1);
		[all[i], all[other]] = [all[other], all[i]];
	}
	return all;
}

function contents(encoder, level) {
	const seed = 100 * encoder + level;
	const list = SHORT.map((size) => mixed(size, seed + size));
	list.push(mixed(9000, seed), noise(400 + level, seed), mixed(LONG, seed));
	if (level % 3 === 0)
		list.push(mixed(LONGER, seed), skewed(), noise(70000, seed));
	return list;
}

function crc32(bytes) {
	let crc = ~0;
	for (const byte of bytes) {
		crc ^= byte;
		for (let i = 0; i < 8; i++)
			crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc >>> 0;
}

function pack(content, encoder, level) {
	return encoder < 4 ? deflate(content, encoder, level)
		: deflateRawSync(content, {level, memLevel: encoder === 4 ? 8 : 9});
}

function numbers(...fields) {
	return Buffer.concat(fields.map(([value, size]) => {
		const field = Buffer.alloc(size);
		field.writeUIntLE(value, 0, size);
		return field;
	}));
}

// zip(entries): the archive of these, [{content, packed}]
function zip(entries) {
	const files = [];
	const directory = [];
	let at = 0;
	entries.forEach(({content, packed}, i) => {
		const name = Buffer.from(`entry-${i}`);
		const common = numbers([20, 2], [0, 2], [8, 2], [0, 4],
			[crc32(content), 4], [packed.length, 4], [content.length, 4],
			[name.length, 2], [0, 2]);
		const file = Buffer.concat([numbers([0x04034b50, 4]), common, name,
			packed]);
		directory.push(numbers([0x02014b50, 4], [20, 2]), common,
			numbers([0, 6], [0, 4], [at, 4]), name);
		files.push(file);
		at += file.length;
	});
	const list = Buffer.concat(directory);
	return Buffer.concat([...files, list, numbers([0x06054b50, 4], [0, 4],
		[entries.length, 2], [entries.length, 2], [list.length, 4], [at, 4],
		[0, 2])]);
}

const [which, oldName, newName] = process.argv.slice(2);
const encoder = Number(which);
const all = LEVELS.flatMap((level) => contents(encoder, level)
	.map((content) => ({content, level})));
const packed = (change) => all.map(({content, level}) => {
	const changed = Buffer.from(content);
	change(changed);
	return {content: changed, packed: pack(changed, encoder, level)};
});
writeFileSync(oldName, zip(packed(() => {})));
writeFileSync(newName, zip(packed((bytes) => bytes[bytes.length >> 1] ^= 5)));
console.log(all.length);
