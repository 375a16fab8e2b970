// Reads a channel as a TUF client that knows nothing of Sluice does (tuf-js),
// then compares, with code of its own, what the documents say of one another.
//
//     node tests/tuf/read.mjs [OPTION...] URL ROOT
//
//   URL             of the channel: http://host:port/PRODUCT/CHANNEL
//   ROOT            a trusted root document
//   --state DIR     keep what was accepted (default: a new folder each time)
//   --query TEXT    ask for timestamp.json with this query: id=...&os=...
//   --artifact N    at most so many artifacts are downloaded (default: all)
//
// Prints one line of JSON and exits 0; what is refused is said on standard
// error, exit status 3 (1 is node's own, for failures that prove nothing).
import crypto from 'node:crypto';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const top = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(path.join(top, 'build/tuf/package.json'));
const { Updater, BaseFetcher } = require('tuf-js');

const { values: option, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    state: { type: 'string' },
    query: { type: 'string' },
    artifact: { type: 'string' },
  },
});
if (positionals.length !== 2) {
  console.error('usage: read.mjs [OPTION...] URL ROOT');
  process.exit(2);
}
const [url, rootFile] = [positionals[0].replace(/\/$/, ''), positionals[1]];

// OLPC canonical JSON, once more and independently of the programs.
function canonical(v) {
  if (v === null || typeof v === 'boolean') return String(v);
  if (typeof v === 'string') return '"' + v.replace(/[\\"]/g, '\\$&') + '"';
  if (typeof v === 'number') {
    assert(Number.isSafeInteger(v), `not an integer: ${v}`);
    return String(v);
  }
  if (Array.isArray(v)) return '[' + v.map(canonical).join(',') + ']';
  const keys = Object.keys(v).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return '{' + keys.map((k) => canonical(k) + ':' + canonical(v[k])).join(',') + '}';
}

const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');

function assert(ok, message) {
  if (!ok) throw new Error(message);
}

// The platform's fetch; only timestamp.json is asked for with a query.
class Fetcher extends BaseFetcher {
  async fetch(address) {
    const asked =
      option.query && address.endsWith('/timestamp.json') ? `${address}?${option.query}` : address;
    const answer = await fetch(asked, { redirect: 'error' });
    if (!answer.ok) {
      const { DownloadHTTPError } = require('tuf-js/dist/error');
      throw new DownloadHTTPError('Failed to download', answer.status);
    }
    return answer.body;
  }
}

function newState() {
  const dir = option.state ?? fs.mkdtempSync(path.join(os.tmpdir(), 'tuf-'));
  const fresh = !fs.existsSync(path.join(dir, 'root.json'));
  fs.mkdirSync(path.join(dir, 'targets'), { recursive: true });
  if (fresh) fs.copyFileSync(rootFile, path.join(dir, 'root.json'));
  return dir;
}

const document = (dir, role) => JSON.parse(fs.readFileSync(path.join(dir, `${role}.json`)));

// What every signed document says of itself.
function checkDocuments(dir) {
  const docs = {};
  for (const role of ['root', 'timestamp', 'snapshot', 'targets']) {
    const { signed, signatures } = document(dir, role);
    const ids = signatures.map((s) => s.keyid);
    assert(new Set(ids).size === ids.length, `${role}: a key signs twice`);
    assert(signed['x-sluice']?.product && signed['x-sluice'].channel, `${role}: no x-sluice`);
    const suffix = `/${signed['x-sluice'].product}/${signed['x-sluice'].channel}`;
    assert(new URL(url).pathname.endsWith(suffix), `${role}: is for ${suffix}`);
    assert(signed.version > 0 && signed.version < 2 ** 31, `${role}: version ${signed.version}`);
    docs[role] = signed;
  }
  for (const [id, key] of Object.entries(docs.root.keys))
    assert(id === sha256(canonical(key)), `root: key ${id} is not named by its digest`);
  const meta = docs.timestamp.meta['snapshot.json'];
  assert(meta.length && meta.hashes.sha256, 'timestamp: snapshot without length or digest');
  assert(docs.snapshot.version === docs.targets.version, 'snapshot and targets differ in version');
  return docs;
}

async function download(updater, name) {
  const info = await updater.getTargetInfo(name);
  assert(info, `no target ${name}`);
  const bytes = fs.readFileSync(await updater.downloadTarget(info));
  assert(bytes.length === info.length, `${name}: length`);
  assert(sha256(bytes) === info.hashes.sha256, `${name}: digest`);
  return bytes;
}

function checkManifest(bytes, docs) {
  const text = bytes.toString('utf8');
  const m = JSON.parse(text);
  assert(canonical(m) === text, 'manifest: not canonical');
  assert(m.schema === 'sluice/1', `manifest: schema ${m.schema}`);
  for (const name of ['product', 'channel'])
    assert(m[name] === docs.targets['x-sluice'][name], `manifest: another ${name}`);
  const files = m.artifacts.flatMap((a) => [a, ...(a.deltas ?? [])]);
  for (const f of files) {
    const target = docs.targets.targets[f.path];
    assert(target, `manifest: ${f.path} is no target`);
    assert(target.length === f.size, `manifest: ${f.path}: another size`);
    assert(target.hashes.sha256 === f.sha256, `manifest: ${f.path}: another digest`);
  }
  return { m, files };
}

async function main() {
  const dir = newState();
  const updater = new Updater({
    metadataDir: dir,
    metadataBaseUrl: url,
    targetDir: path.join(dir, 'targets'),
    targetBaseUrl: `${url}/targets`,
    fetcher: option.query ? new Fetcher() : undefined, // else its own
  });
  await updater.refresh();
  const docs = checkDocuments(dir);
  const { m, files } = checkManifest(await download(updater, 'manifest.json'), docs);
  const wanted = files.slice(0, Number(option.artifact ?? files.length));
  for (const f of wanted) await download(updater, f.path);
  const { cap_bp, pin_seq, urgent, offline } = docs.timestamp['x-sluice'];
  console.log(
    JSON.stringify({
      root: docs.root.version,
      timestamp: docs.timestamp.version,
      rung: docs.snapshot.version % 32,
      snapshot: docs.snapshot.version,
      kind: m.kind,
      seq: m.seq,
      version: m.version,
      offer: m.rollout !== undefined,
      cap_bp, pin_seq, urgent, offline,
      downloaded: wanted.map((f) => f.path),
    }),
  );
  if (!option.state) fs.rmSync(dir, { recursive: true });
}

main().catch((e) => {
  console.error(`refused: ${e.message}`);
  process.exit(3);
});
