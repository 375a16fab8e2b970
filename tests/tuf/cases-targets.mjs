// Artifacts: their names, their digests, where they go.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { compare } from './compare.mjs';
import { digest, escaped } from './repo.mjs';

const cases = {};
const file = (c, name, who = 'us') => path.join(c.folder(who, 'targets'), escaped(name));

// a repository of artifacts [path, content, algorithms]
async function having(c, list, options) {
  const r = await c.start(options);
  for (const [name, content, algorithms] of list) r.add('targets', name, content, algorithms);
  r.all();
  await c.init();
  return r;
}

cases['an artifact of a folder'] = async (c) => {
  await having(c, [['path/to/a/file.txt', 'content']]);
  await c.download('path/to/a/file.txt');
  c.requests([`path/to/a/${digest('sha256', 'content')}.file.txt`], 'targets');
  c.same(c.artifacts(), { 'path%2Fto%2Fa%2Ffile.txt': 'content' }, 'artifacts');
};
cases['what is there is not asked for again'] = async (c) => {
  await having(c, [['file.txt', 'content']]);
  await c.download('file.txt');
  const before = fs.statSync(file(c, 'file.txt'), { bigint: true });
  await c.download('file.txt');
  c.requests([], 'targets');
  c.same(String(fs.statSync(file(c, 'file.txt'), { bigint: true }).mtimeNs), String(before.mtimeNs), 'time');
};
cases['what is there but damaged is'] = async (c) => {
  await having(c, [['file.txt', 'content']]);
  await c.download('file.txt');
  for (const text of ['Content', 'conten', 'content.', '']) {
    for (const who of ['us', 'js']) fs.writeFileSync(file(c, 'file.txt', who), text);
    await c.download('file.txt');
    c.same(c.artifacts(), { 'file.txt': 'content' }, 'artifacts');
  }
};
cases['several, in their order'] = async (c) => {
  await having(c, [['b', '1'], ['a', '2'], ['d/c', '3']]);
  await c.download(['b', 'd/c', 'a', 'b']);
  c.requests([`${digest('sha256', '1')}.b`, `d/${digest('sha256', '3')}.c`, `${digest('sha256', '2')}.a`], 'targets');
  c.same(c.asked.filter((f) => f === 'metadata/timestamp.json').length, 1, 'refreshes');
};
cases['several, of which one is not there'] = async (c) => {
  await having(c, [['a', '1'], ['b', '2']]);
  await c.download(['a', 'missing', 'b'], false);
  c.same(c.artifacts(), { a: '1' }, 'artifacts');
};
cases['an artifact that changes keeps its name'] = async (c) => {
  const r = await having(c, [['file.txt', 'one'], ['other', 'x']]);
  await c.download('file.txt');
  for (const text of ['two', 'three', '']) {
    r.add('targets', 'file.txt', text);
    r.all();
    await c.download('file.txt');
    c.same(c.artifacts(), { 'file.txt': text }, 'artifacts');
  }
};
cases['a substituted artifact is refused, the good one stays'] = async (c) => {
  const r = await having(c, [['a', 'good'], ['b', 'fine']]);
  await c.download('a');
  for (const name of ['a', 'b']) r.put(name, 'evil', Object.values(r.roles.targets.targets[name].hashes));
  await c.download('a');
  await c.download('b', false);
  c.same(c.artifacts(), { a: 'good' }, 'artifacts');
  // and a newer one that is not what was signed
  r.roles.targets.targets.a.hashes.sha256 = digest('sha256', 'news');
  r.put('a', 'nEws', [digest('sha256', 'news')]);
  r.all();
  await c.download('a', false);
  c.same(c.artifacts(), { a: 'good' }, 'artifacts');
};
for (const [what, served] of [['longer', 'content and more'], ['shorter', 'conten'], ['empty', '']])
  cases[`an artifact that is ${what} than signed`] = async (c) => {
    const r = await having(c, [['f', 'content']]);
    r.put('f', served, [digest('sha256', 'content')]);
    await c.download('f', false);
    c.same(c.artifacts(), {}, 'artifacts');
  };
cases['a length that is wrong in the document'] = async (c) => {
  const r = await having(c, [['f', 'content']]);
  for (const length of [6, 8]) {
    r.roles.targets.targets.f.length = length;
    r.all();
    await c.download('f', false);
  }
};
cases['an empty artifact'] = async (c) => {
  await having(c, [['f', '']]);
  await c.download('f');
  c.same(c.artifacts(), { f: '' }, 'artifacts');
};
cases['an artifact of 3 MiB'] = async (c) => {
  const content = crypto.createHash('shake256', { outputLength: 3 << 20 }).update('x').digest();
  await having(c, [['big', content]]);
  await c.download('big');
  c.true(fs.readFileSync(file(c, 'big')).equals(content), 'content');
};
cases['an artifact that is not served'] = async (c) => {
  const r = await having(c, [['f', 'content']]);
  for (const name of r.files.keys()) if (name.startsWith('targets/')) r.files.delete(name);
  await c.download('f', false);
  c.same(c.artifacts(), {}, 'artifacts');
};
cases['a partial answer is none'] = async (c) => {
  await having(c, [['f', 'content']]);
  c.server.status[`targets/${digest('sha256', 'content')}.f`] = 206;
  await c.download('f', false);
};

// --- digests ---

for (const algorithms of [['sha256'], ['sha512'], ['sha256', 'sha512'], ['sha512', 'sha256']])
  cases[`digests: ${algorithms}`] = async (c) => {
    await having(c, [['f', 'content', algorithms]]);
    await c.download('f');
    c.requests([`${digest(algorithms[0], 'content')}.f`], 'targets');
    await c.download('f');
    c.requests([], 'targets');
  };
for (const wrong of ['sha256', 'sha512'])
  cases[`of two digests ${wrong} is wrong`] = async (c) => {
    const r = await having(c, [['f', 'content', ['sha256', 'sha512']]]);
    const { hashes } = r.roles.targets.targets.f;
    hashes[wrong] = hashes[wrong].replace(/../, (two) => (two === '00' ? '01' : '00'));
    r.put('f', 'content', Object.values(hashes));
    r.all();
    await c.download('f', false);
    c.same(c.artifacts(), {}, 'artifacts');
  };
cases['a digest that nobody knows is none'] = async (c) => {
  const r = await having(c, [['f', 'content']]);
  r.roles.targets.targets.f.hashes = { 'no-such': digest('sha256', 'content') };
  r.all();
  await c.download('f', false);
};
cases['a digest that nobody knows, beside a good one'] = async (c) => {
  const r = await having(c, [['f', 'content']]);
  r.roles.targets.targets.f.hashes['no-such'] = '00';
  r.all();
  await c.download('f', true, { js: 'wants to compute all of them' });
};
cases['no digests at all'] = async (c) => {
  const r = await having(c, [['f', 'content']]);
  r.roles.targets.targets.f.hashes = {};
  r.all();
  await c.download('f', false);
};
cases['digests in upper case'] = async (c) => {
  const r = await having(c, [['f', 'content']]);
  const { hashes } = r.roles.targets.targets.f;
  r.put('f', 'content', [hashes.sha256.toUpperCase(), hashes.sha256]);
  hashes.sha256 = hashes.sha256.toUpperCase();
  r.all();
  await c.download('f', true, { js: 'compares text' });
};
cases['custom data of a target is left alone'] = async (c) => {
  const r = await having(c, [['f', 'content']]);
  r.roles.targets.targets.f.custom = { a: [1, { b: null }], '\u00fc': 'x' };
  r.all();
  await c.download('f');
};

// --- names ---

const names = [
  'a b.txt',
  '\u00fcn\u00efc\u00f6de/\u{1f600}.bin',
  'quote"\'s',
  'plus+and&=;,',
  '[brackets]{}|^`<>',
  "!'()*~",
  '.hidden',
  'dir/.hidden/..x',
  'trailing.',
  '100%',
  'escaped%20name',
  'colon:and@at',
  'x'.repeat(180),
];
for (const name of names)
  cases[`an artifact named ${name.slice(0, 20)}`] = async (c) => {
    await having(c, [[name, 'content']]);
    await c.download(name);
    c.same(c.artifacts(), { [escaped(name)]: 'content' }, 'artifacts');
    await c.download(name);
    c.requests([], 'targets');
  };
for (const [name, js] of [
  ['what?', 'asks with a query'],
  ['num#ber', 'asks for what stands before it'],
  ['back\\slash', 'takes it for a slash'],
  ['tab\tand\nline', 'leaves them out'],
])
  cases[`an artifact named ${JSON.stringify(name)}`] = async (c) => {
    await having(c, [[name, 'content']]);
    await c.download(name, true, { js });
    c.same(c.artifacts(), { [escaped(name)]: 'content' }, 'artifacts');
  };
for (const name of ['..', '.', '../up', 'a/../b', './x', 'a/..'])
  cases[`an artifact named ${name} is none`] = async (c) => {
    const r = await having(c, [[name, 'content'], ['good', 'fine']]);
    // a client that follows such a path finds it there
    for (const [k, v] of [...r.files]) r.files.set(path.posix.normalize(k), v);
    await c.download(name, false, { js: 'not asked' });
    await c.download('good');
    c.same(c.artifacts(), { good: 'fine' }, 'artifacts');
    c.same(fs.readdirSync(path.join(c.dir, 'us')).sort(), ['metadata', 'targets'], 'folders');
  };
cases['a name that is too long for a file'] = async (c) => {
  const long = ['a', 'b'].map((l) => `${'\u00fc'.repeat(100)}/${l}`);
  await having(c, [[long[0], 'one'], [long[1], 'two']]);
  await c.download(long, true, { js: 'cannot write such a file' });
  c.same(Object.values(c.artifacts()).sort(), ['one', 'two'], 'artifacts');
  await c.download(long, true, { js: 'cannot write such a file' });
  c.requests([], 'targets');
};

// --- the folder ---

cases['a link in the folder is replaced, not followed'] = async (c) => {
  await having(c, [['f', 'content']]);
  const outside = path.join(c.dir, 'outside');
  fs.writeFileSync(outside, 'precious');
  fs.symlinkSync(outside, file(c, 'f'));
  await c.download('f');
  c.same(fs.readFileSync(outside, 'utf8'), 'precious', 'outside');
  c.true(fs.lstatSync(file(c, 'f')).isFile(), 'no file');
};
cases['the folder is made where there is none'] = async (c) => {
  await having(c, [['f', 'content']]);
  fs.rmdirSync(c.folder('us', 'targets'));
  await c.download('f');
  c.same(c.artifacts(), { f: 'content' }, 'artifacts');
};
cases['a folder stands in its place'] = async (c) => {
  await having(c, [['f', 'content']]);
  for (const who of ['us', 'js']) fs.mkdirSync(file(c, 'f', who));
  await c.download('f', false);
  fs.rmdirSync(file(c, 'f'));
};
cases['two names that differ in a slash only'] = async (c) => {
  await having(c, [['a/b', 'one'], ['a%2Fb', 'two']]);
  await c.download('a/b');
  await c.download('a%2Fb', true, { js: 'not asked' });
  c.same(c.artifacts(), { 'a%252Fb': 'two', 'a%2Fb': 'one' }, 'artifacts');
};

await compare(cases);
