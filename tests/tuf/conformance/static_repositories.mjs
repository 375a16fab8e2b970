// As the suite's test_static_repositories.py: repositories of the forms that
// other tools make, at a date of theirs.
import { digest, escaped, inDays, key } from '../repo.mjs';

const day = 24 * 3600 * 1000;
const daysTo = (date) => (Date.parse(date) - Date.now()) / day;

const k = (i) => key('ecdsa', 10 + i);

// a key as tuf-on-ci has it: who holds it, or where it is
function held(k, more) {
  const mine = k.alias(k.id);
  mine.public = { ...mine.public, ...more };
  return mine;
}

// tuf-on-ci lists all who may sign; who has not has an empty signature
const openFor = (ids) => (d) => {
  const missing = ids.filter((id) => !d.signatures.some((s) => s.keyid === id));
  d.signatures.push(...missing.map((keyid) => ({ keyid, sig: '' })));
  return JSON.stringify(d, null, 1);
};

const periods = { 'x-tuf-on-ci-expiry-period': 7300, 'x-tuf-on-ci-signing-period': 60 };

// init, refresh and download as of that date
async function read(c, date, path, content) {
  const days = daysTo(date);
  await c.init();
  await c.refresh(true, { days });
  await c.download(path, true, { days });
  c.same(c.artifacts(), { [escaped(path)]: content }, 'artifacts');
}

function expire(r, date) {
  for (const role of Object.values(r.roles)) role.expires = date;
}

export const cases = {
  'test_static_repository[tuf-on-ci-0.11]': async (c) => {
    const r = await c.start({ kind: 'ecdsa' });
    const online = held(k(1), { 'x-tuf-on-ci-online-uri': 'gcpkms:projects/x/cryptoKeyVersions/1' });
    const owner = held(k(2), { 'x-tuf-on-ci-keyowner': '@owner' });
    const other = held(k(3), { 'x-tuf-on-ci-keyowner': '@-other-' });
    r.roles.root.keys = {};
    for (const role of ['timestamp', 'snapshot']) r.assign(role, [online]);
    for (const role of ['root', 'targets']) r.assign(role, [owner]);
    const at = ['*', '*/*', '*/*/*', '*/*/*/*'].map((p) => `delegatedrole/${p}`);
    r.delegate('targets', {
      name: 'delegatedrole', keys: [owner, other], signers: [owner], terminating: true, paths: at,
    });
    r.add('delegatedrole', 'delegatedrole/artifact', 'an artifact\n');
    expire(r, inDays(7300));
    for (const role of ['root', 'targets', 'delegatedrole']) Object.assign(r.roles[role], periods);
    r.roles.root.version = 0;
    r.publish('root', 'delegatedrole');
    r.serve('delegatedrole', openFor([other.id]));
    r.all();
    await read(c, '2025-02-09T09:17:23Z', 'delegatedrole/artifact', 'an artifact\n');
  },

  // three of five sign, the ID of the online key is not its digest, the
  // specification is 1.0, and everything has expired by today
  'test_static_repository[sigstore-root-signing]': async (c) => {
    const r = await c.start({ kind: 'ecdsa' });
    const algorithms = { keyid_hash_algorithms: ['sha256', 'sha512'] };
    const owners = [1, 2, 3, 4, 5].map((i) =>
      held(k(i), { ...(i < 5 ? algorithms : {}), 'x-tuf-on-ci-keyowner': `@owner${i}` }));
    const online = held(k(6).alias(digest('sha256', 'before it had fields')), {
      ...algorithms, 'x-tuf-on-ci-online-uri': 'gcpkms:projects/y',
    });
    const npm = held(k(7), { 'x-tuf-on-ci-online-uri': 'azurekms://npm' });
    r.roles.root.keys = {};
    const ids = owners.map((o) => o.id);
    for (const role of ['root', 'targets'])
      r.assign(role, owners, { threshold: 3, signers: owners.slice(0, 3) });
    for (const role of ['timestamp', 'snapshot']) r.assign(role, [online]);
    r.delegate('targets', { name: 'registry.npmjs.org', keys: [npm], terminating: true, paths: ['registry.npmjs.org/*'] });
    r.add('registry.npmjs.org', 'registry.npmjs.org/keys.json', '{}');
    r.add('targets', 'trusted_root.json', 'trusted\n');
    r.roles.targets.targets['trusted_root.json'].custom = { sigstore: { status: 'Active', usage: 'Unknown' } };
    expire(r, '2025-02-14T12:00:00Z');
    r.roles.root.expires = '2025-08-19T14:33:09Z';
    for (const role of Object.values(r.roles)) role.spec_version = '1.0';
    r.roles.root.version = 11;
    for (let i = 0; i < 3; i++) {
      r.publish('root');
      r.serve('root', openFor(ids));
    }
    r.publish('registry.npmjs.org', 'targets');
    r.serve('targets', openFor(ids));
    r.publish('snapshot', 'timestamp');
    r.files.set('metadata/1.root.json', r.files.get('metadata/12.root.json'));
    await read(c, '2025-02-09T12:02:08Z', 'trusted_root.json', 'trusted\n');
    c.trusted({ root: 14 });
    const days = daysTo('2025-02-09T12:02:08Z');
    await c.download('registry.npmjs.org/keys.json', true, { days });
    // and five days later it is none any more
    await c.refresh(false, { days: days + 5 });
  },
};
