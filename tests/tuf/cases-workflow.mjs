// The order of the workflow: roots, timestamp, snapshot, targets; versions,
// digests, expiry, and what is kept of it.
import fs from 'node:fs';
import { compare } from './compare.mjs';
import { inDays, key } from './repo.mjs';

const ONE = { root: 1, timestamp: 1, snapshot: 1, targets: 1 };
const pretty = (d) => JSON.stringify(d, null, 1);

async function begun(c, options) {
  const r = await c.start(options);
  await c.init();
  await c.refresh();
  return r;
}

// a document of the given role is spoilt as it is served
async function spoilt(c, role, change, want = {}) {
  const r = await begun(c);
  r.publish('targets', 'snapshot', 'timestamp');
  r.serve(role, change);
  await c.refresh(false, want);
}

const cases = {
  'init keeps the root byte for byte': async (c) => {
    await c.start();
    await c.init();
    c.asServed('root');
  },
  'the next one asks for what may be new only': async (c) => {
    await begun(c);
    await c.refresh();
    c.requests(['2.root.json', 'timestamp.json']);
  },
  'a new view is followed': async (c) => {
    const r = await begun(c);
    r.publish('targets', 'snapshot', 'timestamp');
    await c.refresh();
    c.requests(['2.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json']);
    c.asServed('timestamp', 'snapshot', 'targets');
  },
  'options may stand after the verb': async (c) => {
    await c.start();
    await c.init();
    const url = `${c.server.url}/metadata`;
    await c.sluice(['refresh', '--metadata-dir', c.folder('us'), `--metadata-url=${url}`], true);
    c.trusted(ONE);
  },
  'base URLs may end in a slash': async (c) => {
    await c.start();
    await c.init();
    c.slash = '/';
    await c.refresh();
    c.requests(['2.root.json', 'timestamp.json', '1.snapshot.json', '1.targets.json']);
  },
  'a wrong command line is status 1': async (c) => {
    await c.start();
    await c.sluice([], false);
    await c.sluice(['nonsense'], false);
    await c.sluice(['refresh'], false);
    await c.sluice(['--no-such', 'refresh'], false);
    await c.sluice(['--metadata-dir', c.folder('us'), 'refresh'], false);
    await c.sluice(['--metadata-dir', c.folder('us'), 'init'], false);
    await c.sluice(['--metadata-dir', c.folder('us'), 'init', '/nowhere/root.json'], false);
  },
  'refresh without a trusted root asks for nothing': async (c) => {
    await c.start();
    await c.refresh(false);
    c.same(c.asked, [], 'asked');
  },
  'init refuses what is no root': async (c) => {
    const r = await c.start();
    for (const file of ['', '{}', 'null', '[]', '{"signed":{},"signatures":[]}', r.served.targets, 'x'.repeat(600000)])
      await c.init(file, false);
  },
  'init takes a root that has expired, refresh needs a newer one': async (c) => {
    const r = await c.start();
    r.roles.root.expires = inDays(-1);
    r.publish('root');
    await c.init(r.served.root);
    await c.refresh(false);
    r.roles.root.expires = inDays(9);
    r.publish('root');
    await c.refresh();
  },

  // --- form ---
  'unknown fields are kept and signed': async (c) => {
    const r = await begun(c);
    r.roles.root['custom-field'] = 'value';
    r.roles.root.keys[r.roles.root.roles.root.keyids[0]]['extra-field'] = { a: 1, b: 2 };
    r.roles.root.roles.root['another-field'] = 'v\u00e4lue "\\';
    r.publish('root');
    r.roles.targets['x-y'] = [null, true, { z: ['\u{1f600}', '\ufffd'] }];
    r.all();
    await c.refresh();
    c.trusted({ root: 2, targets: 2 });
    c.asServed('root', 'targets');
  },
  'a changed unknown field is refused': async (c) =>
    spoilt(c, 'timestamp', (d) => pretty({ ...d, signed: { ...d.signed, more: 1 } })),
  'fields beside signed are nobody\'s business': async (c) => {
    const r = await begun(c);
    r.publish('timestamp');
    r.serve('timestamp', (d) => pretty({ note: 'x', ...d }));
    await c.refresh();
  },
  'white space, order and escapes do not matter': async (c) => {
    const r = await begun(c);
    r.roles.targets['\u00fc'] = 'tab\t and \u2028';
    r.publish('targets');
    r.serve('targets', ({ signatures, signed }) => {
      const back = Object.fromEntries(Object.entries(signed).reverse());
      return ' \n' + pretty({ signed: back, signatures }).replace(/\u00fc/g, '\\u00FC') + '\n\n';
    });
    r.publish('snapshot', 'timestamp');
    await c.refresh();
    c.asServed('targets');
  },
  'spec_version 1.x is read': async (c) => {
    const r = await begun(c);
    for (const v of ['1.0', '1.0.0', '1.0.34', '1.2.3']) {
      r.roles.timestamp.spec_version = v;
      r.publish('timestamp');
      await c.refresh();
    }
  },
  'spec_version 2 is refused': async (c) => {
    const r = await begun(c);
    for (const v of ['2.0.0', '0.9', '10.0.0', '1']) {
      r.roles.timestamp.spec_version = v;
      r.publish('timestamp');
      await c.refresh(false);
    }
    c.trusted(ONE);
  },
  'another type is refused': async (c) => {
    const r = await begun(c);
    r.roles.timestamp._type = 'snapshot';
    r.publish('timestamp');
    await c.refresh(false);
    c.trusted(ONE);
  },
  'a truncated document is refused': async (c) => spoilt(c, 'snapshot', (d) => pretty(d).slice(0, -9)),
  'what is no JSON is refused': async (c) => spoilt(c, 'timestamp', () => '<html>hello</html>'),
  'bytes after a document are refused': async (c) => spoilt(c, 'targets', (d) => pretty(d) + '{}'),
  'a name that stands twice is refused': async (c) =>
    spoilt(c, 'timestamp', (d) => pretty(d).replace('"signed": {', '"signed": { "_type": "timestamp",'), {
      js: 'the last one counts for JSON.parse',
    }),
  'fractions are refused': async (c) => {
    const r = await begun(c);
    r.roles.timestamp.version = 1.5;
    r.serve('timestamp');
    await c.refresh(false);
  },
  'a version below 1 is refused': async (c) => {
    const r = await begun(c);
    r.roles.timestamp.version = 0;
    r.serve('timestamp');
    await c.refresh(false);
  },
  'an expiry may have a fraction and a zone': async (c) => {
    const r = await begun(c);
    for (const end of ['.953595765Z', '.5-06:00', '+05:30']) {
      r.roles.timestamp.expires = inDays(9).replace('Z', end);
      r.publish('timestamp');
      await c.refresh();
      c.asServed('timestamp');
    }
  },
  'an expiry with a zone is of that zone': async (c) => {
    const r = await begun(c);
    r.roles.timestamp.expires = inDays(0.1).replace('Z', '+05:00');
    r.publish('timestamp');
    await c.refresh(false);
    r.roles.timestamp.expires = inDays(-0.1).replace('Z', '-05:00');
    r.publish('timestamp');
    await c.refresh();
  },
  'an expiry of another form is refused': async (c) => {
    const r = await begun(c);
    for (const text of ['2035-01-01', '2035-01-01T00:00:00', '2035-02-30T00:00:00Z']) {
      r.roles.timestamp.expires = text;
      r.publish('timestamp');
      await c.refresh(false, { js: 'takes whatever Date reads' });
    }
  },

  // --- timestamp ---
  'a timestamp signed by a stranger is refused': async (c) => {
    const r = await begun(c);
    r.signers.timestamp = [key('ed25519', 50)];
    r.publish('timestamp');
    await c.refresh(false);
  },
  'a timestamp longer than 16 KiB is refused': async (c) => {
    const r = await begun(c);
    r.roles.timestamp.pad = 'x'.repeat(17000);
    r.publish('timestamp');
    await c.refresh(false);
  },
  'a timestamp that expires this second is refused': async (c) => {
    const r = await begun(c);
    r.roles.timestamp.expires = inDays(0);
    r.publish('timestamp');
    await c.refresh(false);
  },
  'an expired timestamp still keeps older ones out': async (c) => {
    const r = await c.start();
    const old = r.served.timestamp;
    r.roles.timestamp.expires = inDays(7);
    r.publish('timestamp');
    await c.init();
    await c.refresh();
    r.files.set('metadata/timestamp.json', old);
    await c.refresh(false, { days: 18 });
    c.trusted({ timestamp: 2 });
  },
  'a frozen repository is noticed': async (c) => {
    await begun(c);
    await c.refresh(false, { days: 31 });
  },
  'a damaged timestamp on disk is fetched anew': async (c) => {
    await begun(c);
    for (const who of ['us', 'js']) fs.writeFileSync(c.file('timestamp', who), '{"signed"');
    await c.refresh();
    c.asServed('timestamp');
  },

  // --- snapshot ---
  'a snapshot of another version than named is refused': async (c) => {
    const r = await begun(c);
    r.publish('snapshot', 'timestamp');
    r.files.set('metadata/2.snapshot.json', r.files.get('metadata/1.snapshot.json'));
    await c.refresh(false);
    c.trusted({ timestamp: 2, snapshot: 1 });
  },
  'a snapshot of another digest is refused': async (c) => {
    const r = await begun(c, { hashes: ['sha256'] });
    r.publish('snapshot', 'timestamp');
    r.files.set('metadata/2.snapshot.json', Buffer.concat([r.served.snapshot, Buffer.from(' ')]));
    await c.refresh(false);
    r.files.set('metadata/2.snapshot.json', Buffer.from(String(r.served.snapshot).replace('\n', ' ')));
    await c.refresh(false);
    c.trusted({ timestamp: 2, snapshot: 1 });
  },
  'sha512 digests of documents are checked': async (c) => {
    const r = await begun(c, { hashes: ['sha512'] });
    r.all();
    await c.refresh();
    r.publish('snapshot', 'timestamp');
    r.files.set('metadata/3.snapshot.json', Buffer.from(String(r.served.snapshot).replace('\n', ' ')));
    await c.refresh(false);
  },
  'of two digests both must be right': async (c) => {
    const r = await begun(c, { hashes: ['sha256', 'sha512'] });
    r.publish('snapshot');
    r.roles.timestamp.meta['snapshot.json'].hashes.sha512 = '00'.repeat(64);
    r.publish('timestamp');
    await c.refresh(false);
    c.trusted({ timestamp: 2, snapshot: 1 });
  },
  'a digest that nobody can compute is none': async (c) => {
    const r = await begun(c);
    r.roles.timestamp.meta['snapshot.json'].hashes = { 'no-such': '00' };
    r.publish('timestamp');
    await c.refresh(false, { js: 'keeps its stored snapshot of that version unseen' });
  },
  'a length without a digest is checked': async (c) => {
    const r = await begun(c);
    r.publish('snapshot');
    r.roles.timestamp.meta['snapshot.json'].length = r.served.snapshot.length - 1;
    r.publish('timestamp');
    await c.refresh(false);
  },
  'a snapshot that loses a role is refused': async (c) => {
    const r = await c.start();
    r.delegate('targets', { name: 'A', paths: ['*'] });
    r.all('A');
    await c.init();
    await c.refresh();
    delete r.roles.snapshot.meta['A.json'];
    r.publish('snapshot', 'timestamp');
    await c.refresh(false);
    c.trusted({ timestamp: 3, snapshot: 2 });
  },
  'a damaged snapshot on disk is fetched anew': async (c) => {
    await begun(c);
    for (const who of ['us', 'js']) fs.truncateSync(c.file('snapshot', who), 100);
    await c.refresh();
    c.asServed('snapshot');
  },

  // --- targets ---
  'targets of another version than listed are refused': async (c) => {
    const r = await begun(c);
    r.all();
    r.files.set('metadata/2.targets.json', r.files.get('metadata/1.targets.json'));
    await c.refresh(false);
    c.trusted({ snapshot: 2, targets: 1 });
  },
  'targets of another digest are refused': async (c) => {
    const r = await begun(c, { hashes: ['sha256'] });
    r.all();
    r.files.set('metadata/2.targets.json', Buffer.from(String(r.served.targets).replace('\n', ' ')));
    await c.refresh(false);
    c.trusted({ snapshot: 2, targets: 1 });
  },
  'stored targets that have expired are not used': async (c) => {
    const r = await c.start();
    for (const role of ['root', 'timestamp', 'snapshot']) r.roles[role].expires = inDays(90);
    r.publish('root', 'snapshot', 'timestamp');
    await c.init();
    await c.refresh();
    await c.refresh(false, { days: 40 });
  },
  'damaged targets on disk are fetched anew': async (c) => {
    await begun(c);
    for (const who of ['us', 'js']) fs.writeFileSync(c.file('targets', who), '');
    await c.refresh();
    c.asServed('targets');
  },

  // --- root ---
  'roots are followed one by one': async (c) => {
    const r = await begun(c);
    for (let i = 0; i < 5; i++) r.publish('root');
    await c.refresh();
    c.requests(['2.root.json', '3.root.json', '4.root.json', '5.root.json', '6.root.json', '7.root.json', 'timestamp.json']);
    c.trusted({ root: 6 });
    c.asServed('root');
  },
  'a root that leaves a version out is refused': async (c) => {
    const r = await begun(c);
    r.publish('root');
    r.roles.root.version++;
    r.publish('root');
    r.files.set('metadata/3.root.json', r.served.root);
    await c.refresh(false);
    c.trusted({ root: 2 });
  },
  'an old root under a new name is refused': async (c) => {
    const r = await begun(c);
    r.files.set('metadata/2.root.json', r.served.root);
    await c.refresh(false);
    c.trusted({ root: 1 });
  },
  'a root in between may have expired': async (c) => {
    const r = await begun(c);
    r.roles.root.expires = inDays(-1);
    r.publish('root');
    r.roles.root.expires = inDays(10);
    r.publish('root');
    await c.refresh();
    c.trusted({ root: 3 });
  },
  'a damaged root on disk is the end': async (c) => {
    await begun(c);
    for (const who of ['us', 'js']) fs.truncateSync(c.file('root', who), 200);
    await c.refresh(false);
    c.same(c.asked, [], 'asked');
  },
  'a root longer than 512 KiB is refused': async (c) => {
    const r = await begun(c);
    r.roles.root.pad = 'x'.repeat(60000);
    for (let i = 0; i < 9; i++) r.roles.root[`pad${i}`] = r.roles.root.pad;
    r.publish('root');
    await c.refresh(false);
    c.trusted({ root: 1 });
  },
  'status 403 ends the roots, 500 is a failure': async (c) => {
    await begun(c);
    c.server.status['metadata/2.root.json'] = 403;
    await c.refresh();
    c.server.status['metadata/2.root.json'] = 500;
    await c.refresh(false);
  },
  'at most 256 roots in one run': async (c) => {
    const r = await begun(c);
    for (let i = 0; i < 258; i++) r.publish('root');
    await c.refresh();
    c.trusted({ root: 257 });
    await c.refresh();
    c.trusted({ root: 259 });
  },

  // --- consistent snapshots ---
  'without consistent snapshots nothing is versioned': async (c) => {
    const r = await c.start({ consistent: false });
    r.delegate('targets', { name: 'A', paths: ['dir/*'] });
    r.add('A', 'dir/a.txt', 'one');
    r.all('A');
    await c.init();
    await c.download('dir/a.txt');
    c.requests(['2.root.json', 'timestamp.json', 'snapshot.json', 'targets.json', 'A.json']);
    c.requests(['dir/a.txt'], 'targets');
    r.add('A', 'dir/a.txt', 'two');
    r.all('A');
    await c.download('dir/a.txt');
    c.same(Object.values(c.artifacts()), ['two'], 'artifacts');
  },
  'a repository may turn them on': async (c) => {
    const r = await begun(c, { consistent: false });
    r.roles.root.consistent_snapshot = true;
    r.publish('root');
    r.all();
    await c.refresh();
    c.requests(['2.root.json', '3.root.json', 'timestamp.json', '2.snapshot.json', '2.targets.json']);
  },

  // --- recovery ---
  'an added key forgets nothing': async (c) => {
    const r = await begun(c);
    r.publish('timestamp');
    await c.refresh();
    const [old, more] = [r.signers.timestamp[0], r.newKey()];
    r.assign('timestamp', [old, more], { signers: [more] });
    r.publish('root');
    r.roles.timestamp.version = 0;
    r.publish('timestamp');
    await c.refresh(false);
    c.trusted({ root: 2, timestamp: 2 });
  },
};

await compare(cases);
