// Keys: their types, and every way to count one twice.
import { compare } from './compare.mjs';
import { key } from './repo.mjs';

const k = (i) => key('ed25519', 20 + i);
const ks = (list) => list.map(k);

const cases = {};

// --- types ---

for (const kind of ['ed25519', 'ecdsa', 'ecdsa-sha2-nistp256', 'rsa'])
  cases[`${kind} signs everything`] = async (c) => {
    const r = await c.start({ kind });
    r.add('targets', 'a.txt', 'text');
    r.delegate('targets', { name: 'A', paths: ['b/*'] });
    r.add('A', 'b/b.txt', 'more');
    r.all('A');
    await c.init();
    await c.download(['a.txt', 'b/b.txt']);
    r.rotate('root');
    r.signers.root.unshift(key(kind, 0));
    r.publish('root');
    await c.refresh();
    c.trusted({ root: 2 });
  };

for (const kind of ['ed25519', 'ecdsa', 'rsa'])
  cases[`${kind}: a changed signature does not count`] = async (c) => {
    const r = await c.start();
    const [old, added] = [r.signers.root[0], key(kind, 3)];
    r.assign('root', [old, added], { threshold: 2 });
    r.publish('root');
    await c.init();
    await c.refresh();
    c.trusted({ root: 2 });
    r.publish('root');
    r.serve('root', (d) => {
      const sig = Buffer.from(d.signatures[1].sig, 'hex');
      sig[sig.length - 5] ^= 4;
      d.signatures[1].sig = sig.toString('hex');
      return JSON.stringify(d);
    });
    await c.refresh(false);
    r.serve('root', (d) => {
      d.signatures[1].sig = d.signatures[1].sig.slice(0, -2);
      return JSON.stringify(d);
    });
    await c.refresh(false);
    c.trusted({ root: 2 });
  };

cases['RSA-PSS with salts of other lengths'] = async (c) => {
  const r = await c.start();
  await c.init();
  for (const salt of [0, 20, 32, 222]) {
    const mine = key('rsa', 4);
    mine.salt = salt;
    r.assign('timestamp', [mine]);
    r.publish('root', 'timestamp');
    await c.refresh();
    delete mine.salt;
  }
};

cases['RSA of 1024 bits is too short'] = async (c) => {
  const r = await c.start();
  await c.init();
  r.assign('timestamp', [key('rsa-short', 0)]);
  r.publish('root', 'timestamp');
  await c.refresh(false, { js: 'takes any length' });
};

for (const [kind, js] of [
  ['p384-as-p256', 'takes any curve under that name'],
  ['p256-as-p384', undefined],
])
  cases[`a curve under the name of another: ${kind}`] = async (c) => {
    const r = await c.start();
    await c.init();
    r.assign('timestamp', [key(kind, 0)]);
    r.publish('root', 'timestamp');
    await c.refresh(false, { js });
  };

cases['a P-256 point in hex'] = async (c) => {
  const r = await c.start();
  await c.init();
  const mine = key('ecdsa', 7).alias('hex');
  mine.public = { ...mine.public, keyval: { public: mine.point } };
  r.assign('timestamp', [mine]);
  r.publish('root', 'timestamp');
  await c.refresh();
};

cases['an Ed25519 key as PEM'] = async (c) => {
  const r = await c.start();
  await c.init();
  const mine = k(7).alias('pem');
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), Buffer.from(mine.public.keyval.public, 'hex')]);
  const pem = `-----BEGIN PUBLIC KEY-----\n${der.toString('base64')}\n-----END PUBLIC KEY-----\n`;
  mine.public = { ...mine.public, keyval: { public: pem } };
  r.assign('timestamp', [mine]);
  r.publish('root', 'timestamp');
  await c.refresh();
};

cases['keys of unknown types are left alone'] = async (c) => {
  const r = await c.start();
  await c.init();
  r.roles.root.keys.other = { keytype: 'sphincs', scheme: 'sphincs-1', keyval: { public: 'zz' } };
  r.roles.root.keys.odd = { keytype: 'rsa', scheme: 'rsassa-pss-sha256', keyval: { public: '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n' } };
  r.roles.root.roles.timestamp.keyids.push('other', 'odd');
  r.publish('root');
  await c.refresh();
  c.trusted({ root: 2 });
};

cases['a private key is no public key'] = async (c) => {
  const r = await c.start();
  await c.init();
  const mine = key('ecdsa', 8).alias('private');
  mine.public = { ...mine.public, keyval: { public: mine.secret.export({ type: 'pkcs8', format: 'pem' }) } };
  r.assign('timestamp', [mine]);
  r.publish('root', 'timestamp');
  await c.refresh(false);
};

cases['a key under the name of another type does not count'] = async (c) => {
  const r = await c.start();
  await c.init();
  const mine = key('ecdsa', 8).alias('not-rsa');
  mine.public = { ...mine.public, keytype: 'rsa', scheme: 'rsassa-pss-sha256' };
  r.assign('timestamp', [mine]);
  r.publish('root', 'timestamp');
  await c.refresh(false, { js: 'goes by the PEM alone' });
};

// --- names and counts ---

cases['key IDs may be any text'] = async (c) => {
  const r = await c.start();
  for (const [i, role] of ['timestamp', 'snapshot', 'targets'].entries())
    r.assign(role, [k(i).alias(['0123', 'Schl\u00fcssel "x"', '../\\'][i])]);
  r.publish('root');
  r.all();
  await c.init();
  await c.refresh();
  c.trusted({ root: 2, targets: 2 });
};

cases['keyid_hash_algorithms does not matter'] = async (c) => {
  const r = await c.start();
  await c.init();
  for (const value of ['md5', ['md5'], 7]) {
    r.roles.root.keys[r.roles.root.roles.snapshot.keyids[0]].keyid_hash_algorithms = value;
    r.publish('root');
    await c.refresh();
  }
  c.trusted({ root: 4 });
};

cases['one key under two IDs counts once'] = async (c) => {
  const r = await c.start();
  await c.init();
  const names = ['a', 'b', 'c'].map((n) => k(1).alias(n));
  r.assign('snapshot', names, { threshold: 2 });
  r.publish('root', 'snapshot', 'timestamp');
  await c.refresh(false, { js: 'counts IDs' });
  c.trusted({ root: 2, snapshot: 0 });
};

cases['one ECDSA key in two forms counts once'] = async (c) => {
  const r = await c.start();
  await c.init();
  const [a, b, x] = ['a', 'b', 'x'].map((n) => key('ecdsa', 9).alias(n));
  b.public = { ...b.public, keyval: { public: b.point.toUpperCase() } };
  x.public = { ...x.public, keytype: 'ecdsa-sha2-nistp256', more: 'x' };
  r.assign('snapshot', [a, b, x], { threshold: 2 });
  r.publish('root', 'snapshot', 'timestamp');
  await c.refresh(false, { js: 'counts IDs' });
  c.trusted({ root: 2, snapshot: 0 });
};

cases['one RSA key under two schemes counts once'] = async (c) => {
  const r = await c.start();
  await c.init();
  const schemes = ['rsassa-pss-sha256', 'rsa-pkcs1v15-sha256', 'rsassa-pss-sha512'];
  const names = schemes.map((scheme) => {
    const one = key('rsa', 5).alias(scheme);
    return Object.assign(one, { scheme, public: { ...one.public, scheme } });
  });
  r.assign('snapshot', names, { threshold: 2 });
  r.publish('root', 'snapshot', 'timestamp');
  await c.refresh(false);
  c.trusted({ root: 2, snapshot: 0 });
};

cases['a key that a role names twice is refused'] = async (c) => {
  const r = await c.start();
  await c.init();
  const ids = r.roles.root.roles.snapshot.keyids;
  ids.push(ids[0]);
  r.publish('root');
  await c.refresh(false);
  c.trusted({ root: 1 });
};

cases['a key that signs twice is refused'] = async (c) => {
  const r = await c.start();
  await c.init();
  r.assign('timestamp', [k(1), k(2)], { threshold: 2, signers: [k(1), k(1)] });
  r.publish('root', 'timestamp');
  await c.refresh(false);
};

cases['the right ID with the signature of another key'] = async (c) => {
  const r = await c.start();
  await c.init();
  const thief = k(3).alias(r.signers.timestamp[0].id);
  r.signers.timestamp = [thief];
  r.publish('timestamp');
  await c.refresh(false);
};

cases['a threshold of nothing is refused'] = async (c) => {
  const r = await c.start();
  await c.init();
  r.assign('timestamp', [k(1)], { threshold: 0, signers: [] });
  r.publish('root', 'timestamp');
  await c.refresh(false);
  c.trusted({ root: 1 });
};

cases['a document without signatures'] = async (c) => {
  const r = await c.start();
  await c.init();
  r.signers.timestamp = [];
  r.publish('timestamp');
  await c.refresh(false);
};

cases['empty signatures wait for their holders'] = async (c) => {
  const r = await c.start();
  await c.init();
  r.assign('root', [r.signers.root[0], k(1), k(2)], { threshold: 1, signers: [r.signers.root[0]] });
  r.publish('root');
  r.serve('root', (d) => JSON.stringify({ ...d, signatures: [{ keyid: k(1).id, sig: '' }, ...d.signatures, { keyid: k(2).id, sig: '' }] }));
  await c.refresh();
  c.trusted({ root: 2 });
};

cases['hex may be in upper case'] = async (c) => {
  const r = await c.start();
  await c.init();
  r.publish('timestamp');
  r.serve('timestamp', (d) => {
    d.signatures[0].sig = d.signatures[0].sig.toUpperCase();
    return JSON.stringify(d);
  });
  await c.refresh();
  c.trusted({ timestamp: 2 });
};

cases['a key that root no longer names is not known'] = async (c) => {
  const r = await c.start();
  await c.init();
  const { keys, roles } = r.roles.root;
  delete keys[roles.timestamp.keyids[0]];
  r.publish('root');
  await c.refresh(false);
  c.trusted({ root: 2, timestamp: 0 });
};

cases['a key of another role does not sign for this one'] = async (c) => {
  const r = await c.start();
  await c.init();
  r.signers.snapshot = r.signers.targets;
  r.publish('snapshot', 'timestamp');
  await c.refresh(false);
  c.trusted({ timestamp: 2, snapshot: 0 });
};

cases['stored documents of a replaced key are fetched anew'] = async (c) => {
  const r = await c.start();
  await c.init();
  await c.refresh();
  r.rotate('targets');
  r.publish('root');
  r.all();
  await c.refresh();
  c.asServed('targets');
};

await compare(cases);
