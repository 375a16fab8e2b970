// What a signer gone wrong could make: a publication that is right in all but
// this, that its delta gives other bytes than it promises.  PATCH takes the
// delta's place in DIR, and everything is signed anew.
//
//     node tests/e2e/wrong-delta.mjs DIR PATCH KEY.pem
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const [dir, patch, pem] = process.argv.slice(2);
const key = fs.readFileSync(pem);
const canon = (x) => {
  if (Array.isArray(x)) return `[${x.map(canon).join(',')}]`;
  if (x !== null && typeof x === 'object')
    return `{${Object.keys(x).sort().map((k) => `${canon(k)}:${canon(x[k])}`).join(',')}}`;
  return typeof x === 'string' ? `"${x.replace(/["\\]/g, '\\$&')}"` : JSON.stringify(x);
};
const sha256 = (bytes) => crypto.createHash('sha256').update(bytes).digest('hex');
const read = (name) => JSON.parse(fs.readFileSync(path.join(dir, name), 'utf8'));
const write = (name, text) => fs.writeFileSync(path.join(dir, name), text);
const described = (b) => ({ length: Buffer.byteLength(b), hashes: { sha256: sha256(b) } });

const bytes = fs.readFileSync(patch);
const manifests = {}; // by the digest before: the new text
let delta; // the one that is replaced

function stored(name, digest) {
  return path.join('targets', path.dirname(name), `${digest}.${path.basename(name)}`);
}

function changeManifest(file) {
  const m = read(file);
  for (const d of m.artifacts.flatMap((a) => a.deltas ?? [])) {
    delta = { path: d.path, before: d.sha256 };
    Object.assign(d, { size: bytes.length, sha256: sha256(bytes) });
  }
  const text = canon(m);
  manifests[path.basename(file).split('.')[0]] = text;
  fs.rmSync(path.join(dir, file));
  write(path.join('targets', `${sha256(text)}.manifest.json`), text);
}

function sign(name, change) {
  const doc = read(name);
  change(doc.signed);
  const sig = crypto.sign(null, Buffer.from(canon(doc.signed)), key).toString('hex');
  const der = crypto.createPublicKey(key).export({ format: 'der', type: 'spki' });
  const id = sha256(canon({ keytype: 'ed25519', keyval: { public: der.subarray(-32).toString('hex') }, scheme: 'ed25519' }));
  doc.signatures = [{ keyid: id, sig }];
  const text = canon(doc);
  write(name, text);
  return text;
}

const names = (end, sub = '') =>
  fs.readdirSync(path.join(dir, sub)).filter((f) => f.endsWith(end)).map((f) => path.join(sub, f));
for (const file of names('.manifest.json', 'targets')) changeManifest(file);
fs.rmSync(path.join(dir, stored(delta.path, delta.before)));
write(stored(delta.path, sha256(bytes)), bytes);
for (const file of names('.targets.json')) {
  const targets = sign(file, (signed) => {
    const of = signed.targets;
    of['manifest.json'] = described(manifests[of['manifest.json'].hashes.sha256]);
    if (of[delta.path]) of[delta.path] = described(bytes);
  });
  sign(file.replace('targets', 'snapshot'), (signed) => {
    Object.assign(signed.meta['targets.json'], described(targets));
  });
}
