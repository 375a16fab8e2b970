// Rebuilds NEW from OLD and a patch of sluice-delta/1.
//
//     node apply.mjs OLD PATCH NEW
//
// It is a second opinion on the format: written from sluice-delta(5) alone,
// it shares nothing with the project's own program.  It is not careful with
// memory and not fast.  Exit status: 0 rebuilt, 1 refused.

import {createHash} from 'node:crypto';
import {readFileSync, writeFileSync} from 'node:fs';
import {inflateRawSync} from 'node:zlib';
import {build} from './build.mjs';
import {deflate} from './deflate.mjs';
import {isCode} from './image.mjs';
import {need, readBlocks, readHeader, readList, readTables, unpack}
	from './patch.mjs';
import {scan} from './scan.mjs';

const MOST_PRESET = 8 << 20;

function digest(bytes) {
	return createHash('sha256').update(bytes).digest();
}

// expand(old, ranges): old with each range replaced by its content
function expand(old, ranges) {
	const parts = [];
	let end = 0;
	for (const {offset, bytes, content} of ranges) {
		const packed = old.subarray(offset, offset + bytes);
		const {buffer, engine} = inflateRawSync(packed,
			{info: true, maxOutputLength: content});
		need(buffer.length === content && engine.bytesWritten === bytes,
			'a range of old has another content');
		parts.push(old.subarray(end, offset), buffer);
		end = offset + bytes;
	}
	return Buffer.concat([...parts, old.subarray(end)]);
}

// contract(expanded, ranges): the same the other way
function contract(expanded, ranges) {
	const parts = [];
	let end = 0;
	for (const {offset, content, encoder, level} of ranges) {
		parts.push(expanded.subarray(end, offset), deflate(
			expanded.subarray(offset, offset + content), encoder, level));
		end = offset + content;
	}
	return Buffer.concat([...parts, expanded.subarray(end)]);
}

// what the dictionary of the literals begins with
function preset(old, image) {
	const begin = image.byOffset.find(isCode)?.offset ?? 0;
	return old.subarray(begin, Math.min(old.length, begin + MOST_PRESET));
}

function overwritePages(bytes, {count, size, covers, offset}) {
	need(covers <= offset && count === Math.ceil(covers / size) &&
		offset + 32 * count <= bytes.length, 'the pages are elsewhere');
	for (let i = 0; i < count; i++)
		bytes.set(digest(bytes.subarray(i * size,
			Math.min((i + 1) * size, covers))), offset + 32 * i);
}

// apply(file, patch): the new file
function apply(file, patch) {
	const header = readHeader(patch);
	need(file.length === header.oldSize &&
		digest(file).toString('hex') === header.oldDigest,
	'OLD is not the file that the patch is for');
	const list = readList(patch, header);
	const said = unpack(list[0], 0);
	const tables = readTables(said, header);
	need(said.left === 0, 'something follows the tables');
	const old = expand(file, tables.oldRanges);
	need(old.length === header.oldExpanded, 'expanded old has another size');
	const dictionary = preset(old, tables.old);
	const streams = list.map((stream, i) =>
		i === 0 ? null : unpack(stream, i, dictionary));
	const blocks = readBlocks(tables.blocks, streams, header);
	const found = scan(old, tables.old);
	need(found.length === tables.references,
		`the scan finds ${found.length} references, ` +
		`the patch says ${tables.references}`);
	const expanded = build(old, tables, streams, found, blocks,
		header.newExpanded);
	if (tables.pages)
		overwritePages(expanded, tables.pages);
	const result = contract(expanded, tables.newRanges);
	need(result.length === header.newSize &&
		digest(result).toString('hex') === header.newDigest,
	'the result has another digest');
	return result;
}

const [oldName, patchName, newName] = process.argv.slice(2);
if (!newName) {
	console.error('usage: node apply.mjs OLD PATCH NEW');
	process.exit(2);
}
try {
	writeFileSync(newName, apply(readFileSync(oldName),
		readFileSync(patchName)));
} catch (e) {
	console.error(process.env.SECOND_TRACE ? e : `error: ${e.message}`);
	process.exitCode = 1;
}
