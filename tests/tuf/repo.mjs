// A TUF repository in memory, and a web server before it: good ones, and with
// every document open to be made hostile.  Written from the specification
// alone, with node's own crypto; it shares nothing with the programs.
//
//     const r = new Repo();              // version 1 of the four roles
//     r.add('targets', 'a.txt', 'text'); // then r.publish('targets', ...)
//     r.delegate('targets', { name: 'A', paths: ['*'] }); r.publish('A', ...)
//     const s = await serve(r);          // s.url, s.log
import crypto from 'node:crypto';
import http from 'node:http';
import net from 'node:net';

// Strings as UTF-8 bytes, keys by code point: OLPC canonical JSON.
export function canonical(v) {
  if (v === null || typeof v === 'boolean') return String(v);
  if (typeof v === 'string') return '"' + v.replace(/[\\"]/g, '\\$&') + '"';
  if (typeof v === 'number') return String(v);
  if (Array.isArray(v)) return '[' + v.map(canonical).join(',') + ']';
  const keys = Object.keys(v).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return '{' + keys.map((k) => canonical(k) + ':' + canonical(v[k])).join(',') + '}';
}

export const digest = (algorithm, bytes) =>
  crypto.createHash(algorithm).update(bytes).digest('hex');

// What encodes a role in file names and URLs: only unreserved ones stay.
const hard = (text) =>
  text.replace(/[!'()*]/g, (c) => '%' + c.charCodeAt(0).toString(16).toUpperCase());
export const escaped = (text) => hard(encodeURIComponent(text));

const day = 24 * 3600 * 1000;
export const inDays = (n) => new Date(Date.now() + n * day).toISOString().slice(0, 19) + 'Z';

// --- keys ---

const RSA = ['rsa', { modulusLength: 2048 }, 'rsa'];
const curve = (namedCurve) => ['ec', { namedCurve }, 'ecdsa'];
const kinds = {
  ed25519: ['ed25519', {}, 'ed25519', 'ed25519'],
  ecdsa: [...curve('P-256'), 'ecdsa-sha2-nistp256'],
  'ecdsa-384': [...curve('P-384'), 'ecdsa-sha2-nistp384'],
  'ecdsa-521': [...curve('P-521'), 'ecdsa-sha2-nistp521'],
  'ecdsa-sha2-nistp256': ['ec', { namedCurve: 'P-256' }, 'ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp256'],
  'ecdsa-sha2-nistp384': ['ec', { namedCurve: 'P-384' }, 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384'],
  'p384-as-p256': [...curve('P-384'), 'ecdsa-sha2-nistp256'],
  'p256-as-p384': [...curve('P-256'), 'ecdsa-sha2-nistp384'],
  rsa: [...RSA, 'rsassa-pss-sha256'],
  'rsa-384': [...RSA, 'rsassa-pss-sha384'],
  'rsa-512': [...RSA, 'rsassa-pss-sha512'],
  'rsa-short': ['rsa', { modulusLength: 1024 }, 'rsa', 'rsassa-pss-sha256'],
  'rsa-pkcs1': [...RSA, 'rsa-pkcs1v15-sha256'],
  'rsa-pkcs1-384': [...RSA, 'rsa-pkcs1v15-sha384'],
  'rsa-pkcs1-512': [...RSA, 'rsa-pkcs1v15-sha512'],
};

// SHA-2 of a scheme; that of P-521 is the longest
const hashOf = (scheme) => `sha${scheme.slice(-3).replace('521', '512')}`;

export class Key {
  constructor(kind = 'ed25519') {
    const [type, options, keytype, scheme] = kinds[kind];
    const pair = crypto.generateKeyPairSync(type, options);
    const der = pair.publicKey.export({ type: 'spki', format: 'der' });
    this.secret = pair.privateKey;
    this.scheme = scheme;
    const pem = pair.publicKey.export({ type: 'spki', format: 'pem' });
    this.point = der.subarray(-65).toString('hex'); // of P-256
    this.public = {
      keytype,
      scheme,
      keyval: { public: kind === 'ed25519' ? der.subarray(-32).toString('hex') : pem },
    };
    this.id = digest('sha256', canonical(this.public));
  }
  // the same key under another ID
  alias(id) {
    return Object.assign(Object.create(Key.prototype), this, { id });
  }
  sign(text) {
    const bytes = Buffer.from(text);
    const { RSA_PKCS1_PSS_PADDING, RSA_PKCS1_PADDING } = crypto.constants;
    if (this.scheme === 'ed25519') return crypto.sign(null, bytes, this.secret).toString('hex');
    const hash = hashOf(this.scheme);
    const options = { key: this.secret };
    if (this.scheme.startsWith('rsassa-pss'))
      Object.assign(options, { padding: RSA_PKCS1_PSS_PADDING, saltLength: this.salt ?? hash.slice(3) / 8 });
    if (this.scheme.startsWith('rsa-pkcs1')) options.padding = RSA_PKCS1_PADDING;
    return crypto.sign(hash, bytes, options).toString('hex');
  }
}

// Keys of one kind, made once: RSA takes its time.
const pool = {};
export function key(kind, i) {
  pool[kind] ??= [];
  while (pool[kind].length <= i) pool[kind].push(new Key(kind));
  return pool[kind][i];
}

// --- the repository ---

export const TOP = ['root', 'timestamp', 'snapshot', 'targets'];

export class Repo {
  constructor({ kind = 'ed25519', consistent = true, hashes = [] } = {}) {
    this.kind = kind;
    this.nextKey = 0;
    this.hashes = hashes; // what snapshot and timestamp say of files
    this.files = new Map(); // 'metadata/...' and 'targets/...', as asked for
    this.signers = {}; // role: keys that sign it
    this.roles = {}; // role: the signed part of its next document
    this.served = {}; // role: the last document
    const common = (type) => ({ _type: type, spec_version: '1.0.31', version: 0, expires: inDays(30) });
    this.roles.root = { ...common('root'), consistent_snapshot: consistent, keys: {}, roles: {} };
    this.roles.timestamp = { ...common('timestamp'), meta: {} };
    this.roles.snapshot = { ...common('snapshot'), meta: {} };
    this.roles.targets = { ...common('targets'), targets: {} };
    for (const role of TOP) this.assign(role, [this.newKey()]);
    this.publish('targets', 'snapshot', 'timestamp', 'root');
  }
  newKey() {
    return key(this.kind, this.nextKey++);
  }
  // assign: root (or another role's delegation) names these keys for the role
  assign(role, keys, { threshold = 1, signers = keys, by = 'root' } = {}) {
    const from = by === 'root' ? this.roles.root : this.roles[by].delegations;
    for (const k of keys) from.keys[k.id] = k.public;
    const named = { keyids: keys.map((k) => k.id), threshold };
    if (by === 'root') this.roles.root.roles[role] = named;
    else Object.assign(from.succinct_roles ?? from.roles.find((r) => r.name === role), named);
    this.signers[role] = signers;
  }
  add(role, path, content, algorithms = ['sha256']) {
    const bytes = Buffer.from(content);
    const hashes = Object.fromEntries(algorithms.map((a) => [a, digest(a, bytes)]));
    this.roles[role].targets[path] = { length: bytes.length, hashes };
    this.put(path, bytes, Object.values(hashes));
    return bytes;
  }
  // put: what is served, whatever the documents say
  put(path, content, hashes) {
    const slash = path.lastIndexOf('/') + 1;
    const prefixed = hashes.map((h) => `${path.slice(0, slash)}${h}.${path.slice(slash)}`);
    const names = this.roles.root.consistent_snapshot ? prefixed : [path];
    for (const n of names) this.files.set(`targets/${n}`, Buffer.from(content));
  }
  newTargets(role) {
    this.roles[role] ??= {
      _type: 'targets', spec_version: '1.0.31', version: 0, expires: inDays(30), targets: {},
    };
  }
  delegate(from, { name, keys = [this.newKey()], threshold = 1, signers = keys, terminating = false, ...paths }) {
    const d = (this.roles[from].delegations ??= { keys: {}, roles: [] });
    d.roles.push({ name, keyids: [], threshold, terminating, ...paths });
    this.newTargets(name);
    const before = this.signers[name] ?? [];
    this.assign(name, keys, { threshold, signers, by: from });
    this.signers[name] = [...new Set([...before, ...signers])];
    return this.roles[name];
  }
  succinct(from, bits, prefix, key = this.newKey()) {
    const width = (2 ** bits - 1).toString(16).length;
    this.roles[from].delegations = {
      keys: { [key.id]: key.public },
      succinct_roles: { keyids: [key.id], threshold: 1, bit_length: bits, name_prefix: prefix },
    };
    return (path) => {
      const first = parseInt(digest('sha256', path).slice(0, 8), 16);
      const name = `${prefix}-${Math.floor(first / 2 ** (32 - bits)).toString(16).padStart(width, '0')}`;
      this.newTargets(name);
      this.signers[name] = [key];
      return name;
    };
  }
  describe(role) {
    const bytes = this.served[role];
    const meta = { version: this.roles[role].version };
    if (this.hashes.length)
      Object.assign(meta, {
        length: bytes.length,
        hashes: Object.fromEntries(this.hashes.map((a) => [a, digest(a, bytes)])),
      });
    return meta;
  }
  envelope(role) {
    const signed = this.roles[role];
    const text = canonical(signed);
    return { signatures: this.signers[role].map((k) => ({ keyid: k.id, sig: k.sign(text) })), signed };
  }
  // publish: the next version of each, and what the role above says of it
  publish(...roles) {
    for (const role of roles) {
      this.roles[role].version++;
      this.serve(role);
    }
  }
  // serve: this version, signed by whoever signs; change: the last word
  serve(role, change = (d) => JSON.stringify(d, null, 1)) {
    const bytes = Buffer.from(change(this.envelope(role)));
    this.served[role] = bytes;
    const name = `${escaped(role)}.json`;
    const versioned = `${this.roles[role].version}.${name}`;
    if (role === 'root') this.files.set(`metadata/${versioned}`, bytes);
    else if (role === 'timestamp') this.files.set(`metadata/${name}`, bytes);
    else this.files.set(`metadata/${this.roles.root.consistent_snapshot ? versioned : name}`, bytes);
    if (role === 'snapshot') this.roles.timestamp.meta['snapshot.json'] = this.describe(role);
    else if (!['root', 'timestamp'].includes(role))
      this.roles.snapshot.meta[`${role}.json`] = this.describe(role);
    return bytes;
  }
  all(...roles) {
    this.publish(...roles, 'targets', 'snapshot', 'timestamp');
  }
  // rotate: other keys for a role of root
  rotate(role) {
    this.assign(role, this.roles.root.roles[role].keyids.map(() => this.newKey()));
  }
}

// --- the web server ---

// serve: below /PREFIX/ where one is given; { old } as Python's http.server
// does it: HTTP/1.0, a connection for each request.  A status of 0 is no answer.
export async function serve(repo, { prefix = '', old = false } = {}) {
  const state = { repo, log: [], status: {} };
  const start = prefix ? `/${prefix}/` : '/';
  const answer = (url) => {
    if (!url.startsWith(start)) return { status: 404, bytes: Buffer.from('no') };
    const raw = url.slice(start.length);
    state.log.push(raw);
    // clients may leave !'()* as they are
    const bytes = [raw, hard(raw), safeDecode(raw)].map((name) => state.repo.files.get(name)).find(Boolean);
    const status = state.status[raw] ?? (bytes ? 200 : 404);
    return { status, bytes: status === 200 ? bytes : Buffer.from('no') };
  };
  const server = old ? oldServer(answer) : newServer(answer);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  state.url = `http://127.0.0.1:${server.address().port}${start.slice(0, -1)}`;
  state.close = () => {
    server.closeAllConnections?.();
    server.close();
  };
  return state;
}

function newServer(answer) {
  return http.createServer((request, response) => {
    const { status, bytes } = answer(request.url);
    if (status === 0) {
      response.destroy();
      return;
    }
    response.writeHead(status, { 'content-type': 'application/octet-stream' });
    response.end(bytes);
  });
}

function oldServer(answer) {
  return net.createServer((socket) => {
    let head = '';
    socket.on('error', () => {});
    socket.on('data', (part) => {
      head += part;
      if (!head.endsWith('\r\n\r\n')) return;
      const { status, bytes } = answer(head.split(' ')[1]);
      if (status !== 0) socket.write(`HTTP/1.0 ${status} So\r\nContent-length: ${bytes.length}\r\n\r\n`);
      socket.end(status === 0 ? undefined : bytes);
    });
  });
}

function safeDecode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
