// Repositories that tuf-js's own classes make and sign: not a byte of them is
// of repo.mjs but the keys.
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { compare } from './compare.mjs';
import { digest, inDays, key } from './repo.mjs';

const top = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(path.join(top, 'build/tuf/package.json'));
const part = (name) => require(`@tufjs/models/dist/${name}`); // some are not exported
const m = { ...require('@tufjs/models'), ...part('role'), ...part('delegations') };

const head = () => ({ version: 1, specVersion: '1.0.31', expires: inDays(30) });
const theirs = (k) =>
  new m.Key({ keyID: k.id, keyType: k.public.keytype, scheme: k.public.scheme, keyVal: k.public.keyval });
const signer = (k) => (bytes) => new m.Signature({ keyID: k.id, sig: k.sign(bytes) });

function file(signed, k) {
  const metadata = new m.Metadata(signed);
  metadata.sign(signer(k));
  return Buffer.from(JSON.stringify(metadata.toJSON()));
}

const described = (bytes) =>
  new m.MetaFile({ version: 1, length: bytes.length, hashes: { sha256: digest('sha256', bytes) } });

function target(at, text) {
  return new m.TargetFile({ path: at, length: Buffer.byteLength(text), hashes: { sha256: digest('sha256', text) } });
}

// what serve() needs: the files by name
function made(kind, delegations, delegated) {
  const k = (i) => key(kind, i);
  const files = new Map();
  const put = (name, bytes) => files.set(`metadata/${name}.json`, bytes);
  const targets = new m.Targets({ ...head(), delegations: delegations(k(4)) });
  targets.addTarget(target('top/a.txt', 'top'));
  files.set(`targets/top/${digest('sha256', 'top')}.a.txt`, Buffer.from('top'));
  const [name, at] = delegated;
  const role = new m.Targets(head());
  role.addTarget(target(at, 'below'));
  files.set(`targets/${at.replace(/[^/]*$/, (base) => `${digest('sha256', 'below')}.${base}`)}`, Buffer.from('below'));
  const roles = { [name]: file(role, k(4)), targets: file(targets, k(3)) };
  for (const [n, bytes] of Object.entries(roles)) put(`1.${encodeURIComponent(n)}`, bytes);
  const meta = Object.fromEntries(Object.entries(roles).map(([n, bytes]) => [`${n}.json`, described(bytes)]));
  const snapshot = file(new m.Snapshot({ ...head(), meta }), k(2));
  put('1.snapshot', snapshot);
  put('timestamp', file(new m.Timestamp({ ...head(), snapshotMeta: described(snapshot) }), k(1)));
  const root = new m.Root({ ...head(), consistentSnapshot: true });
  for (const [i, r] of ['root', 'timestamp', 'snapshot', 'targets'].entries()) root.addKey(theirs(k(i)), r);
  put('1.root', file(root, k(0)));
  return { files };
}

const cases = {};
for (const kind of ['ed25519', 'ecdsa', 'rsa']) {
  const named = (k) =>
    new m.Delegations({
      keys: { [k.id]: theirs(k) },
      roles: {
        'team/\u00fc': new m.DelegatedRole({
          name: 'team/\u00fc', keyIDs: [k.id], threshold: 1, terminating: true, paths: ['team/*.bin'],
        }),
      },
    });
  const bins = (k) =>
    new m.Delegations({
      keys: { [k.id]: theirs(k) },
      succinctRoles: new m.SuccinctRoles({ keyIDs: [k.id], threshold: 1, bitLength: 10, namePrefix: 'bin' }),
    });
  const inBin = new m.SuccinctRoles({ keyIDs: [], threshold: 1, bitLength: 10, namePrefix: 'bin' });
  for (const [what, delegations, delegated] of [
    ['a delegated role', named, ['team/\u00fc', 'team/b.bin']],
    ['hash bins', bins, [inBin.getRoleForTarget('some/b.bin'), 'some/b.bin']],
  ])
    cases[`made by tuf-js, ${kind}, ${what}`] = async (c) => {
      const repo = made(kind, delegations, delegated);
      await c.serve(repo);
      await c.init();
      await c.download(['top/a.txt', delegated[1]]);
      c.same(Object.values(c.artifacts()).sort(), ['below', 'top'], 'artifacts');
      const name = `metadata/1.${encodeURIComponent(delegated[0])}.json`;
      const bytes = Buffer.from(repo.files.get(name));
      bytes[bytes.length - 20] ^= 1;
      repo.files.set(name, bytes);
      c.forgetAll();
      await c.init();
      await c.download(delegated[1], false);
    };
}

await compare(cases);
