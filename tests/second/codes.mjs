// A block of deflate: its codes as the page's trees make them, and which of
// the three ways of writing it is taken.

const END = 256;
const MOST_BITS = 15;
const MOST_LENGTH_BITS = 7;
const MOST_STORED = 65535;
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1,
	15];
const RUN_BITS = {16: 2, 17: 3, 18: 7};

// RFC 1951, 3.2.5: [{from, bits}] of each code
const LENGTHS = ladder(3, [8, 4, 4, 4, 4, 4], 28).concat({from: 258, bits: 0});
const DISTANCES = ladder(1, [4, ...Array(13).fill(2)], 30);

function ladder(from, counts, total) {
	const codes = [];
	counts.forEach((count, bits) => {
		for (let i = 0; i < count && codes.length < total; i++) {
			codes.push({from, bits});
			from += 1 << bits;
		}
	});
	return codes;
}

function codeOf(codes, value) {
	let code = codes.length - 1;
	while (codes[code].from > value)
		code--;
	return code;
}
const LENGTH_CODE = Uint8Array.from({length: 259},
	(_, length) => length < 3 ? 0 : codeOf(LENGTHS, length));
const SHORT_CODE = Uint8Array.from({length: 257},
	(_, distance) => distance < 1 ? 0 : codeOf(DISTANCES, distance));

function distanceCode(distance) {
	return distance <= 256 ? SHORT_CODE[distance]
		: SHORT_CODE[(distance - 1 >> 7) + 1] + 14;
}

// Code: the lengths of a code's words, and its words with their bits reversed
class Code {
	constructor(lengths) {
		this.lengths = lengths;
		this.words = new Uint16Array(lengths.length);
		let word = 0;
		for (let bits = 1; bits <= MOST_BITS; bits++, word <<= 1)
			lengths.forEach((length, symbol) => {
				if (length === bits)
					this.words[symbol] = reversed(word++, bits);
			});
	}
	write(writer, symbol) {
		writer.bits(this.words[symbol], this.lengths[symbol]);
	}
	// the bits that all symbols take
	size(counts) {
		return counts.reduce((sum, count, symbol) =>
			sum + (count && count * this.lengths[symbol]), 0);
	}
}

function reversed(word, bits) {
	let result = 0;
	for (let i = 0; i < bits; i++)
		result |= (word >> i & 1) << (bits - 1 - i);
	return result;
}

const FIXED = {
	symbols: new Code(Array.from({length: 288}, (_, symbol) =>
		symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
	distances: new Code(Array(30).fill(5)),
};

// Heap: nodes, the first to be taken at 1
class Heap {
	constructor(nodes) {
		this.nodes = [null, ...nodes];
		for (let i = nodes.length >> 1; i >= 1; i--)
			this.sink(i);
	}
	get length() {
		return this.nodes.length - 1;
	}
	sink(at) {
		const {nodes} = this;
		const node = nodes[at];
		for (;;) {
			let child = 2 * at;
			if (child > this.length)
				break;
			if (child < this.length && isBefore(nodes[child + 1], nodes[child]))
				child++;
			if (isBefore(node, nodes[child]))
				break;
			nodes[at] = nodes[child];
			at = child;
		}
		nodes[at] = node;
	}
	takeFirst() {
		const first = this.nodes[1];
		const last = this.nodes.pop();
		if (this.length > 0) {
			this.nodes[1] = last;
			this.sink(1);
		}
		return first;
	}
}

function isBefore(a, b) {
	return a.count < b.count || (a.count === b.count && a.depth <= b.depth);
}

// codeFor(counts, most): the code for symbols that occur so often, none
// longer than most; its lengths end with the greatest symbol
function codeFor(counts, most) {
	const leaves = [];
	counts.forEach((count, symbol) => {
		if (count > 0)
			leaves.push({symbol, count, depth: 0});
	});
	let greatest = leaves.length ? leaves[leaves.length - 1].symbol : -1;
	while (leaves.length < 2)
		leaves.push({symbol: greatest < 2 ? ++greatest : 0, count: 1, depth: 0});
	const heap = new Heap(leaves);
	const list = [];
	while (heap.length > 1) {
		const first = heap.takeFirst();
		const second = heap.nodes[1];
		const node = {count: first.count + second.count,
			depth: 1 + Math.max(first.depth, second.depth)};
		first.parent = second.parent = node;
		list.push(first, second);
		heap.nodes[1] = node;
		heap.sink(1);
	}
	list.push(heap.nodes[1]);
	giveLengths(list, most);
	const lengths = Array(greatest + 1).fill(0);
	for (const leaf of leaves)
		lengths[leaf.symbol] = leaf.length;
	return new Code(lengths);
}

function giveLengths(list, most) {
	const isLeaf = (node) => node.symbol !== undefined;
	const having = Array(most + 1).fill(0); // leaves with each length
	let cut = 0;
	for (const node of [...list].reverse()) {
		const length = node.parent ? node.parent.length + 1 : 0;
		node.length = Math.min(length, most);
		cut += length > most ? 1 : 0;
		having[node.length] += isLeaf(node) ? 1 : 0;
	}
	if (cut === 0)
		return;
	for (; cut > 0; cut -= 2) {
		let length = most - 1;
		while (having[length] === 0)
			length--;
		having[length]--;
		having[length + 1] += 2;
		having[most]--;
	}
	let length = most;
	for (const node of list.filter(isLeaf)) {
		while (having[length] === 0)
			length--;
		having[length]--;
		node.length = length;
	}
}

// runsOf(lengths): [{symbol, extra}]
function runsOf(lengths) {
	const runs = [];
	for (let at = 0; at < lengths.length;) {
		const length = lengths[at];
		let count = 1;
		while (at + count < lengths.length && lengths[at + count] === length)
			count++;
		at += count;
		if (length > 0) {
			runs.push({symbol: length});
			count--;
		}
		tellRest(runs, length, count);
	}
	return runs;
}

function tellRest(runs, length, count) {
	while (count > 0) {
		const now = Math.min(count, length > 0 ? 6 : 138);
		if (now < 3)
			for (let i = 0; i < now; i++)
				runs.push({symbol: length});
		else if (length > 0)
			runs.push({symbol: 16, extra: now - 3});
		else if (now <= 10)
			runs.push({symbol: 17, extra: now - 3});
		else
			runs.push({symbol: 18, extra: now - 11});
		count -= now;
	}
}

// countTokens(tokens): how often each symbol occurs, and the extra bits
function countTokens({lengths, distances}) {
	const symbols = Array(286).fill(0);
	const far = Array(30).fill(0);
	let extra = 0;
	lengths.forEach((length, i) => {
		if (length === 0) {
			symbols[distances[i]]++;
			return;
		}
		const code = LENGTH_CODE[length];
		const distance = distanceCode(distances[i]);
		symbols[257 + code]++;
		far[distance]++;
		extra += LENGTHS[code].bits + DISTANCES[distance].bits;
	});
	symbols[END]++;
	return {symbols, far, extra};
}

// ownCodes(counted): the codes for it and what tells them
function ownCodes(counted) {
	const symbols = codeFor(counted.symbols, MOST_BITS);
	const distances = codeFor(counted.far, MOST_BITS);
	const runs = [...runsOf(symbols.lengths), ...runsOf(distances.lengths)];
	const counts = Array(19).fill(0);
	for (const {symbol} of runs)
		counts[symbol]++;
	const lengths = codeFor(counts, MOST_LENGTH_BITS);
	let told = ORDER.length;
	while (told > 4 && !lengths.lengths[ORDER[told - 1]])
		told--;
	const bits = 14 + 3 * told + lengths.size(counts) +
		runs.reduce((sum, {symbol}) => sum + (RUN_BITS[symbol] ?? 0), 0);
	return {symbols, distances, runs, lengths, told, bits};
}

function writeOwn(writer, {symbols, distances, runs, lengths, told}) {
	writer.bits(symbols.lengths.length - 257, 5);
	writer.bits(distances.lengths.length - 1, 5);
	writer.bits(told - 4, 4);
	for (const symbol of ORDER.slice(0, told))
		writer.bits(lengths.lengths[symbol] ?? 0, 3);
	for (const {symbol, extra} of runs) {
		lengths.write(writer, symbol);
		if (extra !== undefined)
			writer.bits(extra, RUN_BITS[symbol]);
	}
}

function writeTokens(writer, {lengths, distances}, codes) {
	lengths.forEach((length, i) => {
		if (length === 0) {
			codes.symbols.write(writer, distances[i]);
			return;
		}
		const code = LENGTH_CODE[length];
		const far = distanceCode(distances[i]);
		codes.symbols.write(writer, 257 + code);
		writer.bits(length - LENGTHS[code].from, LENGTHS[code].bits);
		codes.distances.write(writer, far);
		writer.bits(distances[i] - DISTANCES[far].from, DISTANCES[far].bits);
	});
	codes.symbols.write(writer, END);
}

// deflateBlock(writer, tokens, bytes, isLast): a block of tokens, {lengths,
// distances}; bytes is what they stand for, null if that is gone
export function deflateBlock(writer, tokens, bytes, isLast) {
	const counted = countTokens(tokens);
	const own = ownCodes(counted);
	const size = (codes) => 3 + counted.extra + codes.symbols.size(
		counted.symbols) + codes.distances.size(counted.far);
	const ownBytes = size(own) + own.bits + 7 >> 3;
	const fixedBytes = size(FIXED) + 7 >> 3;
	const header = (type) => writer.bits((isLast ? 1 : 0) | type << 1, 3);
	if (bytes && bytes.length <= MOST_STORED &&
		bytes.length + 4 <= Math.min(ownBytes, fixedBytes)) {
		header(0);
		writer.align();
		writer.bits(bytes.length, 16);
		writer.bits(bytes.length ^ 0xffff, 16);
		bytes.forEach((byte) => writer.byte(byte));
	} else if (fixedBytes <= ownBytes) {
		header(1);
		writeTokens(writer, tokens, FIXED);
	} else {
		header(2);
		writeOwn(writer, own);
		writeTokens(writer, tokens, own);
	}
}
