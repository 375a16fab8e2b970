// The lengths of x86-64 instructions and their relative fields, by the
// page's table.

const MAPS = readMaps(`
00 mmmmbz--mmmmbz-x         00 mmmm-.....-.-m.B
10 mmmmbz--mmmmbz--         10 mmmmmmmmmmmmmmmm
20 mmmmbzp-mmmmbzp-         20 mmmm----mmmmmmmm
30 mmmmbzp-mmmmbzp-         30 ......-.x-x-----
40 xxxxxxxxxxxxxxxx         40 mmmmmmmmmmmmmmmm
50 ................         50 mmmmmmmmmmmmmmmm
60 --xmppppzZbB....         60 mmmmmmmmmmmmmmmm
70 bbbbbbbbbbbbbbbb         70 BBBBmmm.mm--mmmm
80 BZ-Bmmmmmmmmmmmm         80 rrrrrrrrrrrrrrrr
90 ..........-.....         90 mmmmmmmmmmmmmmmm
A0 oooo....bz......         A0 ...mBm--...mBmmm
B0 bbbbbbbbvvvvvvvv         B0 mmmmmmmmmmBmmmmm
C0 BBw.xxBZe.w..b-.         C0 mmBmBBBm........
D0 mmmm---.mmmmmmmm         D0 mmmmmmmmmmmmmmmm
E0 bbbbbbbbrr-b....         E0 mmmmmmmmmmmmmmmm
F0 p.pp..gG......mm         F0 mmmmmmmmmmmmmmmm`);

function readMaps(text) {
	const rows = text.trim().split('\n').map((line) => line.split(/ +/));
	return [1, 3].map((column) => rows.map((row) => row[column]).join(''));
}

const MOST = 15;
const LEA = 0x8d;
const ESCAPE = 0x0f;

// Instruction: decode(at) says how long the one at this place is (0: none
// is there), and then of it: field, where its relative field is (0: it has
// none); isBase, whether that is the displacement of a LEA
export class Instruction {
	constructor(bytes) {
		this.bytes = bytes;
	}
	decode(begin) {
		this.field = 0;
		this.isBase = false;
		this.at = begin;
		this.small = false;
		this.large = false;
		const what = this.opcode();
		if (what === '')
			return 0;
		this.operands(what);
		const length = this.at - begin;
		return length <= MOST && this.at <= this.bytes.length ? length : 0;
	}
	next() {
		return this.bytes[this.at++] ?? 0;
	}
	// what follows the opcode, as the table says; '' if there is none
	opcode() {
		let byte = this.next();
		while (MAPS[0][byte] === 'p' && this.at <= this.bytes.length) {
			if (byte === 0x66)
				this.small = true;
			byte = this.next();
		}
		if (byte >= 0x40 && byte <= 0x4f) {
			this.large = (byte & 8) !== 0;
			byte = this.next();
		}
		if (byte === 0xc5) {
			this.at++;
			return this.inMap(1);
		}
		if (byte === 0xc4) {
			const map = this.next() & 31;
			this.at++;
			return this.inMap(map);
		}
		if (byte === 0x62) {
			const map = this.next() & 7;
			this.at += 2;
			return this.inMap(map);
		}
		if (byte === ESCAPE)
			return this.escaped();
		this.isBase = byte === LEA;
		return plain(MAPS[0][byte]);
	}
	escaped() {
		const byte = this.next();
		if (byte === 0x38 || byte === 0x3a)
			return this.inMap(byte === 0x38 ? 2 : 3);
		return plain(MAPS[1][byte]);
	}
	inMap(map) {
		const byte = this.next();
		if (map === 1)
			return plain(MAPS[1][byte]);
		if (map === 3)
			return 'B';
		return map === 2 || map === 5 || map === 6 ? 'm' : '';
	}
	operands(what) {
		const word = this.small && !this.large ? 2 : 4;
		const isBase = this.isBase;
		this.isBase = false;
		switch (what) {
		case 'r':
			this.field = this.at;
			this.at += 4;
			break;
		case 'm':
		case 'B':
		case 'Z':
		case 'g':
		case 'G':
			this.modrm(what, word);
			this.isBase = isBase && this.field > 0;
			break;
		default:
			this.at += {'.': 0, b: 1, z: word, w: 2, e: 3, o: 8,
				v: this.large ? 8 : word}[what];
		}
	}
	modrm(what, word) {
		const byte = this.next();
		const mod = byte >> 6;
		const rm = byte & 7;
		const tests = (byte >> 3 & 7) < 2;
		let base = rm;
		if (mod !== 3 && rm === 4)
			base = this.next() & 7;
		if (mod === 0 && rm === 5)
			this.field = this.at;
		if (mod === 1)
			this.at += 1;
		else if (mod === 2 || (mod === 0 && base === 5))
			this.at += 4;
		if (what === 'B' || (what === 'g' && tests))
			this.at += 1;
		else if (what === 'Z' || (what === 'G' && tests))
			this.at += word;
	}
}

function plain(what) {
	return what === '-' || what === 'p' || what === 'x' ? '' : what;
}
