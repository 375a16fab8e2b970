// As the suite's test_updater_key_rotations.py.
import { key } from '../repo.mjs';

const ks = (list) => list.map((i) => key('ecdsa', 10 + i));
const FIVE = [0, 1, 2, 3, 4];
const NEW = [0, 1, 3, 4, 5]; // one of the five is replaced

// versions of root as [keys, threshold, who signs]; the last one may be bad
const rootRotations = {
  '1-of-1-key-rotation': [[[1], 1, [1]], [[2], 1, [2, 1]], [[2], 1, [2]]],
  '1-of-1-key-rotation-unused-signatures': [[[1], 1, [3, 1, 4]], [[2], 1, [3, 2, 1, 4]], [[2], 1, [3, 2, 4]]],
  '3-of-5-sign-with-different-keycombos': [
    [FIVE, 3, [0, 2, 4]],
    [FIVE, 3, [0, 4, 1]],
    [FIVE, 3, [0, 1, 3]],
    [FIVE, 3, [0, 1, 3]],
  ],
  '3-of-5-one-key-rotated': [[FIVE, 3, [0, 2, 4]], [NEW, 3, [0, 4, 1]]],
  '3-of-5-one-key-rotated-with-intermediate-step': [
    [FIVE, 3, [0, 2, 4]],
    [NEW, 3, [0, 2, 4, 5]],
    [NEW, 3, [0, 4, 5]],
  ],
  '3-of-5-all-keys-rotated-with-intermediate-step': [
    [FIVE, 3, [0, 2, 4]],
    [[5, 6, 7, 8, 9], 3, [0, 2, 4, 5, 6, 7]],
    [[5, 6, 7, 8, 9], 3, [5, 6, 7]],
  ],
  '1-of-3-threshold-increase-to-2-of-3': [[[1, 2, 3], 1, [1]], [[1, 2, 3], 2, [1, 2]]],
  '2-of-3-threshold-decrease-to-1-of-3': [[[1, 2, 3], 2, [1, 2]], [[1, 2, 3], 1, [1, 2]], [[1, 2, 3], 1, [1]]],
  '1-of-2-threshold-increase-to-2-of-2': [[[1], 1, [1]], [[1, 2], 2, [1, 2]]],
  '1-of-1-key-rotation-fail-not-signed-with-old-key': [[[1], 1, [1]], [[2], 1, [2, 3, 4], false]],
  '1-of-1-key-rotation-fail-not-signed-with-new-key': [[[1], 1, [1]], [[2], 1, [1, 3, 4], false]],
  '3-of-5-one-key-rotate-fails-not-signed-with-3-new-keys': [[FIVE, 3, [0, 2, 4]], [NEW, 3, [0, 2, 4], false]],
  '3-of-5-one-key-rotate-fails-not-signed-with-3-old-keys': [[FIVE, 3, [0, 2, 4]], [NEW, 3, [0, 4, 5], false]],
  '1-of-3-threshold-bump-to-2-of-3-fails-new-threshold-not-reached': [[[1, 2, 3], 1, [1]], [[1, 2, 3], 2, [2], false]],
  '2-of-3-threshold-decr-to-1-of-3-fails-old-threshold-not-reached': [[[1, 2, 3], 2, [1, 2]], [[1, 2, 3], 1, [1], false]],
};

const otherRotations = {
  '1-of-1-key-rotation': [[2], 1, [2]],
  '1-of-1-key-rotation-unused-signatures': [[1], 1, [3, 1, 4]],
  '1-of-1-key-rotation-fail-not-signed-with-new-key': [[2], 1, [1, 3, 4], false],
  '3-of-5-one-key-signature-wrong-not-signed-with-3-expected-keys': [NEW, 3, [0, 2, 4], false],
  '2-of-5-one-key-signature-missing-threshold-not-reached': [NEW, 3, [0, 4], false],
  '3-of-5-sign-first-combo': [FIVE, 3, [0, 2, 4]],
  '3-of-5-sign-second-combo': [FIVE, 3, [0, 4, 1]],
  '3-of-5-sign-third-combo': [FIVE, 3, [0, 1, 3]],
  '3-of-5-sign-fourth-combo': [FIVE, 3, [1, 2, 3]],
  '3-of-5-sign-fifth-combo': [FIVE, 3, [2, 3, 4]],
};

export const cases = {};

for (const [id, versions] of Object.entries(rootRotations))
  cases[`test_root_rotation[${id}]`] = async (c) => {
    const r = await c.start({ kind: 'ecdsa' });
    r.roles.root.version = 0;
    r.files.delete('metadata/1.root.json');
    let good;
    for (const [keys, threshold, signers, ok = true] of versions) {
      r.assign('root', ks(keys), { threshold, signers: ks(signers) });
      r.publish('root');
      if (ok) good = r.served.root;
    }
    r.all();
    await c.init();
    await c.refresh(good === r.served.root);
    r.served.root = good;
    c.asServed('root');
  };

// one role after the other, as each run goes on from the last
for (const [id, [keys, threshold, signers, ok = true]] of Object.entries(otherRotations))
  cases[`test_non_root_rotations[${id}]`] = async (c) => {
    const r = await c.begin();
    for (const role of ['timestamp', 'snapshot', 'targets']) {
      r.assign(role, ks(keys), { threshold, signers: ks(signers) });
      r.publish('root', 'targets', 'snapshot', 'timestamp');
      await c.refresh(ok);
      if (ok) c.asServed(role);
    }
  };

// a run that fails at the timestamp says nothing of the roles behind it
for (const [id, [keys, threshold, signers, ok]] of Object.entries(otherRotations))
  for (const role of ok === false ? ['snapshot', 'targets'] : [])
    cases[`test_non_root_rotations[${id}] of ${role} alone`] = async (c) => {
      const r = await c.begin();
      r.assign(role, ks(keys), { threshold, signers: ks(signers) });
      r.publish('root', 'targets', 'snapshot', 'timestamp');
      await c.refresh(false);
      c.trusted({ root: 2, timestamp: 2, [role]: 0 });
    };
