// Delegations: who is asked, in which order, by whose word.
import fs from 'node:fs';
import { compare } from './compare.mjs';
import { digest, escaped, key } from './repo.mjs';

const k = (i) => key('ed25519', 30 + i);
const cases = {};

// a repository of delegations [from, to, extra]; every path unless said
async function graph(c, edges, targets = []) {
  const r = await c.start();
  const names = new Set();
  for (const [from, name, extra] of edges) {
    r.delegate(from, { name, paths: ['*'], ...extra });
    names.add(name);
  }
  for (const [role, path, text] of targets) r.add(role, path, text);
  r.all(...names);
  await c.init();
  return r;
}

// --- the order ---

const T = { terminating: true };
const graphs = {
  'a terminating role that does not match ends nothing': [
    [['targets', 'A', { ...T, paths: ['*.py'] }], ['targets', 'B']],
    ['B'],
  ],
  'a role that delegates to itself': [[['targets', 'A'], ['A', 'A']], ['A']],
};

for (const [name, [edges, visited]] of Object.entries(graphs))
  cases[`order: ${name}`] = async (c) => {
    // who is delegated to twice has the same key both times
    const shared = {};
    for (const e of edges) shared[e[1]] ??= [k(Object.keys(shared).length)];
    await graph(c, edges.map(([from, to, extra]) => [from, to, { keys: shared[to], ...extra }]));
    await c.download('missing', false);
    c.visited(visited);
  };

cases['the first role that lists it counts'] = async (c) => {
  const r = await graph(c, [['targets', 'A'], ['targets', 'B'], ['A', 'C']], [['B', 'f', 'of B']]);
  r.add('C', 'f', 'of C');
  r.all('C');
  await c.download('f');
  c.visited(['A', 'C']);
  c.same(c.artifacts(), { f: 'of C' }, 'artifacts');
};
cases['32 delegated roles are asked, not one more'] = async (c) => {
  const r = await c.start();
  for (let i = 0; i < 33; i++) r.delegate('targets', { name: `r${i}`, paths: ['*'] });
  r.add('r31', 'last', 'yes');
  r.add('r32', 'beyond', 'no');
  r.all(...Array.from({ length: 33 }, (_, i) => `r${i}`));
  await c.init();
  await c.download('last');
  await c.download('beyond', false);
};

// --- paths ---

const patterns = [
  ['*', 'file', true],
  ['*', 'dir/file', false],
  ['*/*', 'dir/file', true],
  ['**', 'dir/file', false],
  ['d*r/*.tx?', 'director/a.txt', true],
  ['d*r/*.tx?', 'director/a.tx', false],
  ['a?b', 'a/b', false],
  ['a*b*c', 'axxbyyc', true],
  ['a*b*c', 'axxbyy', false],
  ['*ab', 'aab', true],
  ['a/*/c', 'a/b/x/c', false],
  ['dir/', 'dir/file', false],
  ['exact', 'exact', true],
  ['exact', 'Exact', false],
  ['?', '\u00fc', true],
  ['*', '.hidden', true, 'its wildcards do not match a first dot'],
  ['[ab]', 'a', false, 'has classes of characters'],
  ['[ab]', '[ab]', true, 'has classes of characters'],
  ['{a,b}', 'a', false, 'has braces'],
  ['!a', 'b', false, 'has negation'],
];
for (const [pattern, path, match, js] of patterns)
  cases[`pattern ${pattern} ${match ? 'is' : 'is not'} ${path}`] = async (c) => {
    await graph(c, [['targets', 'A', { paths: [pattern] }]], [['A', path, 'x']]);
    await c.download(path, match, { js });
  };

cases['path_hash_prefixes'] = async (c) => {
  const r = await c.start();
  for (const digits of ['01234567', '89abcdef'])
    r.delegate('targets', { name: `bin-${digits[0]}`, path_hash_prefixes: [...digits], ...T });
  const path = 'some/file.txt';
  const bin = `bin-${digest('sha256', path)[0] < '8' ? '0' : '8'}`;
  r.add(bin, path, 'x');
  r.all('bin-0', 'bin-8');
  await c.init();
  await c.download(path);
  c.visited([bin]);
};
cases['longer prefixes, and none'] = async (c) => {
  const r = await c.start();
  const hash = digest('sha256', 'f');
  r.delegate('targets', { name: 'A', path_hash_prefixes: [] });
  r.delegate('targets', { name: 'B', path_hash_prefixes: [hash.slice(0, 7) + (hash[7] === '0' ? '1' : '0')] });
  r.delegate('targets', { name: 'C', path_hash_prefixes: [hash] });
  r.add('C', 'f', 'x');
  r.all('A', 'B', 'C');
  await c.init();
  await c.download('f');
  c.visited(['C']);
};
for (const bits of [1, 4, 5, 8, 14, 32])
  cases[`succinct roles of ${bits} bits`] = async (c) => {
    const r = await c.start();
    const bin = r.succinct('targets', bits, 'delegated-hash-bin');
    const roles = ['a/b.txt', 'c', 'nowhere'].map(bin);
    r.add(roles[0], 'a/b.txt', 'ab');
    r.add(roles[1], 'c', 'see');
    r.all(...new Set(roles));
    await c.init();
    await c.download(['a/b.txt', 'c']);
    c.visited([...new Set(roles.slice(0, 2))]);
    await c.download('nowhere', false);
  };
for (const bits of [0, 33])
  cases[`succinct roles of ${bits} bits are refused`] = async (c) => {
    const r = await c.start();
    r.succinct('targets', 8, 'bin');
    r.roles.targets.delegations.succinct_roles.bit_length = bits;
    r.all();
    await c.init();
    await c.refresh(false);
    c.trusted({ targets: 0 });
  };

// --- form ---

const forms = {
  'both paths and prefixes': (d) => Object.assign(d.roles[0], { path_hash_prefixes: ['0'] }),
  'neither paths nor prefixes': [(d) => delete d.roles[0].paths, 'such a role matches nothing'],
  'both roles and succinct roles': (d) =>
    (d.succinct_roles = { keyids: [], threshold: 1, bit_length: 4, name_prefix: 'b' }),
  'neither roles nor succinct roles': [(d) => delete d.roles, 'such delegations are empty'],
  'two roles of one name': (d) => d.roles.push({ ...d.roles[0] }),
  'a role named root': (d) => (d.roles[0].name = 'root'),
  'a role named snapshot': (d) => (d.roles[0].name = 'snapshot'),
  'a role without a name': [(d) => (d.roles[0].name = ''), 'any text is a name'],
  'terminating is no boolean': (d) => (d.roles[0].terminating = 1),
  'paths that are no text': (d) => (d.roles[0].paths = [7]),
  'paths that are no list': (d) => (d.roles[0].paths = '*'),
  'roles that are no list': (d) => (d.roles = { A: d.roles[0] }),
  'no keys': (d) => delete d.keys,
  'a threshold of 0': [(d) => (d.roles[0].threshold = 0), 'not asked'],
  'a threshold of text': (d) => (d.roles[0].threshold = '1'),
};
for (const [name, form] of Object.entries(forms)) {
  const [change, js] = [form].flat();
  cases[`refused: ${name}`] = async (c) => {
    const r = await c.start();
    r.delegate('targets', { name: 'A', paths: ['*'] });
    change(r.roles.targets.delegations);
    r.publish('A', 'targets', 'snapshot', 'timestamp');
    await c.init();
    await c.refresh(false, { js });
    c.trusted({ snapshot: 2, targets: 0 });
  };
}

// --- trust ---

const A = [['targets', 'A']];
const inA = [['A', 'f', 'first'], ['A', 'g', 'second']];

cases['a delegated role is kept as served, and not asked for again'] = async (c) => {
  await graph(c, A, inA);
  await c.download('f');
  c.asServed('A');
  await c.download('g');
  c.requests(['2.root.json', 'timestamp.json']);
};
cases['a damaged delegated role on disk is fetched anew'] = async (c) => {
  await graph(c, A, inA);
  await c.download('f');
  for (const who of ['us', 'js']) fs.truncateSync(c.file('A', who), 50);
  await c.download('g');
  c.visited(['A']);
  c.asServed('A');
};
cases['a delegated role by the wrong key'] = async (c) => {
  const r = await graph(c, A, inA);
  r.signers.A = [k(5)];
  r.all('A');
  await c.download('f', false);
  c.trusted({ targets: 3, A: 0 });
};
cases['a threshold of delegation'] = async (c) => {
  const keys = [k(1), k(2), k(3)];
  const r = await graph(c, [['targets', 'A', { keys, threshold: 2, signers: [k(1), k(3)] }]], inA);
  await c.download('f');
  r.signers.A = [k(2), k(4)];
  r.publish('A', 'snapshot', 'timestamp');
  await c.download('g', false);
  c.trusted({ A: 1 });
};
cases['one key under two IDs counts once in a delegation'] = async (c) => {
  const keys = ['a', 'b'].map((n) => k(1).alias(n));
  await graph(c, [['targets', 'A', { keys, threshold: 2 }]], inA);
  await c.download('f', false, { js: 'counts IDs' });
  c.trusted({ A: 0 });
};
cases['the keys of root do not sign for a delegation'] = async (c) => {
  const r = await graph(c, A, inA);
  r.signers.A = r.signers.targets;
  r.all('A');
  await c.download('f', false);
};
cases['a role that has signed for itself'] = async (c) => {
  const r = await graph(c, A, inA);
  r.roles.A.delegations = { keys: { [k(6).id]: k(6).public }, roles: [{ name: 'A', keyids: [k(6).id], threshold: 1, terminating: false, paths: ['*'] }] };
  r.signers.A = [k(6)];
  r.publish('A', 'snapshot', 'timestamp');
  await c.download('f', false);
};
cases['the key of a delegation is replaced'] = async (c) => {
  const r = await graph(c, A, inA);
  await c.download('f');
  r.assign('A', [k(7)], { by: 'targets' });
  r.all('A');
  await c.download('g');
  c.asServed('A');
};
cases['a stored role is verified by the delegation of now'] = async (c) => {
  const r = await graph(c, A, inA);
  await c.download('f');
  r.assign('A', [k(7)], { by: 'targets', signers: r.signers.A });
  r.all();
  await c.download('g', false);
  c.visited(['A']);
};
cases['a stored role is verified by the threshold of now'] = async (c) => {
  const r = await graph(c, [['targets', 'A', { keys: [k(1), k(2)], signers: [k(1)] }]], inA);
  await c.download('f');
  r.roles.targets.delegations.roles[0].threshold = 2;
  r.all();
  await c.download('g', false);
};
cases['a delegation that is taken back leads nowhere'] = async (c) => {
  const r = await graph(c, A, inA);
  await c.download('f');
  r.roles.targets.delegations.roles = [];
  r.all();
  await c.download('g', false);
  c.visited([]);
};
cases['two ways to a role by different keys, signed by both'] = async (c) => {
  const r = await c.start();
  r.delegate('targets', { name: 'A', paths: ['a*'] });
  r.delegate('targets', { name: 'B', paths: ['b*'] });
  r.delegate('A', { name: 'C', paths: ['*'], keys: [k(1)] });
  r.delegate('B', { name: 'C', paths: ['*'], keys: [k(2)] });
  r.add('C', 'a1', 'one');
  r.add('C', 'b1', 'two');
  r.all('A', 'B', 'C');
  await c.init();
  await c.download(['a1', 'b1']);
};

// --- snapshot's word ---

cases['a role that the snapshot does not list'] = async (c) => {
  const r = await c.start();
  r.delegate('targets', { name: 'A', paths: ['*'] });
  r.add('A', 'f', 'x');
  r.publish('A', 'targets');
  delete r.roles.snapshot.meta['A.json'];
  r.publish('snapshot', 'timestamp');
  await c.init();
  await c.refresh();
  await c.download('f', false);
};
cases['a role of another version than listed'] = async (c) => {
  const r = await graph(c, A, inA);
  r.all('A');
  r.files.set('metadata/2.A.json', r.files.get('metadata/1.A.json'));
  await c.download('f', false);
  c.trusted({ A: 0 });
};
cases['a role that goes down'] = async (c) => {
  const r = await graph(c, A, inA);
  r.all('A');
  await c.download('f');
  c.trusted({ A: 2 });
  r.roles.A.version = 0;
  r.all('A');
  await c.download('g', false);
  c.trusted({ A: 2, snapshot: 3 });
};
cases['a role that ran ahead is forgotten with the snapshot key'] = async (c) => {
  const r = await graph(c, A, inA);
  r.roles.A.version = 98;
  r.all('A');
  await c.download('f');
  c.trusted({ A: 99 });
  r.roles.A.version = 0;
  r.rotate('snapshot');
  r.publish('root');
  r.all('A');
  await c.download('g');
  c.trusted({ A: 1 });
};
cases['digests and lengths of delegated roles'] = async (c) => {
  const r = await c.start({ hashes: ['sha256', 'sha512'] });
  r.delegate('targets', { name: 'A', paths: ['*'] });
  r.add('A', 'f', 'x');
  r.all('A');
  await c.init();
  await c.download('f');
  r.add('A', 'g', 'y');
  r.all('A');
  r.files.set('metadata/2.A.json', Buffer.from(String(r.served.A).replace('\n', ' ')));
  await c.download('g', false);
  r.files.set('metadata/2.A.json', Buffer.concat([r.served.A, Buffer.from(' ')]));
  await c.download('g', false);
  c.trusted({ A: 1 });
};
cases['a role that is not there'] = async (c) => {
  const r = await graph(c, [['targets', 'A'], ['targets', 'B']], [['B', 'f', 'x']]);
  r.files.delete('metadata/1.A.json');
  await c.download('f', false);
};
cases['a role of another type'] = async (c) => {
  const r = await graph(c, A, inA);
  r.roles.A._type = 'A';
  r.all('A');
  await c.download('f', false);
};

// --- names ---

for (const name of ['?', '#', '/delegatedrole', '../delegatedrole', '..', '.', 'a b', '%2e%2e%2f', '\u00fcn\u00ef\u{1f600}', 'a\\b', '"\'', '1.root', 'timestamp.json', "!'()*", 'x'.repeat(200)])
  cases[`a role named ${name.slice(0, 20)}`] = async (c) => {
    await graph(c, [['targets', name]], [[name, 'f', 'x']]);
    await c.download('missing', false);
    c.true(c.asked.includes(`metadata/1.${escaped(name)}.json`), `asked for ${c.asked}`);
    c.asServed(name);
    c.same(fs.readdirSync(c.folder('us')).length, 5, 'documents');
    await c.download('f');
    c.requests(['2.root.json', 'timestamp.json']);
  };
cases['a role whose name is too long for a file'] = async (c) => {
  const name = '\u00fc'.repeat(100);
  await graph(c, [['targets', name]], [[name, 'f', 'x']]);
  await c.download('f', true, { js: 'cannot write such a file' });
  await c.download('f', true, { js: 'cannot write such a file' });
  c.requests(['2.root.json', 'timestamp.json']);
};

await compare(cases);
