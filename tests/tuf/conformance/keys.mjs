// As the suite's test_keys.py.
import { key } from '../repo.mjs';

const k = (i) => key('ecdsa', 10 + i);

export const cases = {
  test_snapshot_does_not_meet_threshold: async (c) => {
    const r = await c.begin();
    r.assign('snapshot', [...r.signers.snapshot, k(1), k(2)], { threshold: 3 });
    r.publish('root', 'targets', 'snapshot', 'timestamp');
    await c.refresh();
    r.signers.snapshot.pop();
    r.all();
    await c.refresh(false);
    c.trusted({ timestamp: 3, snapshot: 2 });
  },
  test_snapshot_has_too_few_keys: async (c) => {
    const r = await c.begin();
    r.assign('snapshot', [...r.signers.snapshot, k(1), k(2), k(3), k(4)], { threshold: 6 });
    r.publish('root', 'snapshot', 'timestamp');
    await c.refresh(false);
    c.trusted({ root: 2, snapshot: 0 });
  },
  // one key under one ID nine times, in the role and among the signatures
  test_duplicate_keys: async (c) => {
    const r = await c.begin();
    r.assign('snapshot', [...r.signers.snapshot, k(1)], { threshold: 6 });
    r.roles.root.roles.snapshot.keyids.push(...Array(8).fill(k(1).id));
    r.publish('root', 'snapshot');
    r.serve('snapshot', (d) => {
      d.signatures.push(...Array(8).fill(d.signatures.at(-1)));
      return JSON.stringify(d);
    });
    r.publish('timestamp');
    await c.refresh(false);
    c.trusted({ snapshot: 0 });
  },
  test_duplicate_sig_keyids: async (c) => {
    const r = await c.begin();
    r.serve('snapshot', (d) => {
      d.signatures.push(d.signatures[0]);
      return JSON.stringify(d);
    });
    await c.refresh(false);
    c.trusted({ snapshot: 0 });
  },
  test_invalid_sig_in_valid_metadata: async (c) => {
    const r = await c.begin();
    const first = r.signers.timestamp[0];
    r.assign('timestamp', [first, k(1)]);
    r.publish('root', 'timestamp');
    for (const sig of [first.sign('something else'), '', 'not hex', 'abc', 'ab'.repeat(3000)]) {
      r.publish('timestamp');
      r.serve('timestamp', (d) => {
        d.signatures[0].sig = sig;
        return JSON.stringify(d);
      });
      await c.refresh();
    }
    c.asServed('timestamp');
  },
};

// what the specification names, and what the TUF project counts as established
for (const [kind, id, js] of [
  ['rsa', 'rsa/rsassa-pss-sha256'],
  ['rsa-384', 'rsa/rsassa-pss-sha384', 'does not know the scheme'],
  ['rsa-512', 'rsa/rsassa-pss-sha512', 'does not know the scheme'],
  ['rsa-pkcs1', 'rsa/rsa-pkcs1v15-sha256', 'does not know the scheme'],
  ['rsa-pkcs1-384', 'rsa/rsa-pkcs1v15-sha384', 'does not know the scheme'],
  ['rsa-pkcs1-512', 'rsa/rsa-pkcs1v15-sha512', 'does not know the scheme'],
  ['ecdsa', 'ecdsa/ecdsa-sha2-nistp256'],
  ['ecdsa-384', 'ecdsa/ecdsa-sha2-nistp384', 'does not know the scheme'],
  ['ecdsa-521', 'ecdsa/ecdsa-sha2-nistp521', 'does not know the scheme'],
  ['ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp384/ecdsa-sha2-nistp384', 'does not know the scheme'],
  ['ed25519', 'ed25519/ed25519'],
])
  cases[`test_keytype_and_scheme[${id}]`] = async (c) => {
    const r = await c.begin();
    const mine = key(kind, kind === 'ecdsa' ? 9 : 0); // RSA takes its time
    r.assign('root', [...r.signers.root, mine], { threshold: 2 });
    r.publish('root');
    await c.refresh(true, { js });
    c.trusted({ root: 2 });
    r.publish('root');
    r.serve('root', (d) => {
      d.signatures[1].sig = mine.sign('something else');
      return JSON.stringify(d);
    });
    await c.refresh(false);
    c.trusted({ root: 2 });
  };
