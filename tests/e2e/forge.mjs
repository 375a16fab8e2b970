// What a thief of keys can make: TUF documents and manifests with any content,
// signed by keys that were made here and that root names.
//
//     forge.mjs key FILE                 FILE.pem and FILE.pub
//     forge.mjs edit IN KEYS EDIT...     a document, changed and signed anew
//     forge.mjs add IN KEYS              a document with these signatures, too
//     forge.mjs view IN OUT EDIT...      a whole view (manifest, targets,
//                                        snapshot, timestamp) after that of IN
//
// KEYS: .pem files with commas, or "-" to keep the signatures.  An edit is
// PATH=JSON or PATH= (remove); PATH is a JSON pointer without its first slash; in a
// view it begins with the document's name.  A view takes its version from
// VERSION (default: one below IN's, so that IN is accepted afterwards) and the
// keys from RELEASE and BRAKE.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const canon = (x) => {
  if (Array.isArray(x)) return `[${x.map(canon).join(',')}]`;
  if (x !== null && typeof x === 'object') return `{${Object.keys(x).sort().map((k) => `${canon(k)}:${canon(x[k])}`).join(',')}}`;
  return typeof x === 'string' ? `"${x.replace(/["\\]/g, '\\$&')}"` : JSON.stringify(x);
};
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const read = (at) => JSON.parse(fs.readFileSync(at, 'utf8'));
const described = (b) => ({ length: Buffer.byteLength(b), hashes: { sha256: sha256(b) } });

function publicOf(pem) {
  const der = crypto.createPublicKey(fs.readFileSync(pem)).export({ format: 'der', type: 'spki' });
  return canon({ keytype: 'ed25519', keyval: { public: der.subarray(-32).toString('hex') }, scheme: 'ed25519' });
}

function sign(doc, pems, others = []) {
  const bytes = Buffer.from(canon(doc.signed));
  const mine = pems.map((pem) => ({
    keyid: sha256(publicOf(pem)),
    sig: crypto.sign(null, bytes, fs.readFileSync(pem)).toString('hex'),
  }));
  doc.signatures = [...mine, ...others].sort((x, y) => (x.keyid < y.keyid ? -1 : 1));
  return canon(doc);
}

function edit(doc, edits) {
  for (const one of edits) {
    const at = one.indexOf('=');
    const parts = one.slice(0, at).split('/').map((x) => x.replaceAll('~1', '/'));
    const last = parts.pop();
    const where = parts.reduce((o, k) => o[k] ??= {}, doc);
    if (at === one.length - 1) delete where[last];
    else where[last] = JSON.parse(one.slice(at + 1));
  }
  return doc;
}

function view(from, to, edits) {
  const mine = (name) => edits.filter((x) => x.startsWith(`${name}/`)).map((x) => x.slice(name.length + 1));
  const changed = (name, doc, pems) => sign({ signed: edit(doc, mine(name)) }, pems);
  const pems = (name) => process.env[name].split(',');
  const timestamp = read(path.join(from, 'timestamp.json')).signed;
  const was = timestamp.meta['snapshot.json'].version;
  const snapshot = read(path.join(from, `${was}.snapshot.json`)).signed;
  const targets = read(path.join(from, `${snapshot.meta['targets.json'].version}.targets.json`)).signed;
  const old = targets.targets['manifest.json'].hashes.sha256;
  const version = Number(process.env.VERSION ?? was - 1);
  fs.mkdirSync(path.join(to, 'targets'), { recursive: true });
  const manifest = canon(edit(read(path.join(from, 'targets', `${old}.manifest.json`)), mine('manifest')));
  fs.writeFileSync(path.join(to, 'targets', `${sha256(manifest)}.manifest.json`), manifest);
  Object.assign(targets, { version });
  Object.assign(targets.targets['manifest.json'], described(manifest));
  const t = changed('targets', targets, pems('RELEASE'));
  fs.writeFileSync(path.join(to, `${version}.targets.json`), t);
  Object.assign(snapshot, { version, meta: { 'targets.json': { ...described(t), version } } });
  const s = changed('snapshot', snapshot, pems('RELEASE'));
  fs.writeFileSync(path.join(to, `${version}.snapshot.json`), s);
  Object.assign(timestamp, { version, meta: { 'snapshot.json': { ...described(s), version } } });
  delete timestamp['x-sluice'].offline;
  fs.writeFileSync(path.join(to, 'timestamp.json'), changed('timestamp', timestamp, pems('BRAKE')));
}

const [verb, a, b, ...rest] = process.argv.slice(2);
if (verb === 'key') {
  const { privateKey } = crypto.generateKeyPairSync('ed25519');
  fs.writeFileSync(`${a}.pem`, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  fs.writeFileSync(`${a}.pub`, publicOf(`${a}.pem`));
} else if (verb === 'edit') {
  const doc = edit(read(a), rest);
  process.stdout.write(b === '-' ? canon(doc) : sign(doc, b.split(',')));
} else if (verb === 'add') {
  const doc = read(a);
  process.stdout.write(sign(doc, b.split(','), doc.signatures));
} else if (verb === 'view') {
  view(a, b, rest);
} else {
  process.exit(2);
}
