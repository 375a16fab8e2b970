// As the suite's test_rollback.py.
const WITH = [['basic', []], ['with hashes', ['sha256']]];

export const cases = {
  test_simple_snapshot_rollback: async (c) => {
    const r = await c.begin();
    r.publish('snapshot', 'timestamp');
    await c.refresh();
    r.publish('snapshot');
    await c.refresh();
    c.trusted({ snapshot: 2 });
    c.lastRequest('timestamp.json');
  },
  test_new_timestamp_version_rollback: async (c) => {
    const r = await c.begin();
    r.publish('timestamp');
    await c.refresh();
    c.trusted({ timestamp: 2 });
    r.roles.timestamp.version = 0;
    r.publish('timestamp');
    await c.refresh(false);
    c.trusted({ timestamp: 2 });
    c.lastRequest('timestamp.json');
  },
  test_targets_fast_forward_recovery: async (c) => {
    const r = await c.begin();
    r.roles.targets.version = 99;
    r.all();
    await c.refresh();
    c.trusted({ targets: 100 });
    r.rotate('snapshot');
    r.roles.targets.version = 1;
    r.publish('root', 'targets', 'snapshot', 'timestamp');
    await c.refresh();
    c.trusted({ root: 2, targets: 2 });
  },
  test_new_snapshot_fast_forward_recovery: async (c) => {
    const r = await c.begin();
    r.roles.snapshot.version = 99;
    r.publish('snapshot', 'timestamp');
    await c.refresh();
    c.trusted({ snapshot: 100 });
    r.rotate('snapshot');
    r.rotate('timestamp');
    r.roles.snapshot.version = 0;
    r.publish('root', 'targets', 'snapshot', 'timestamp');
    await c.refresh();
    c.trusted({ root: 2, snapshot: 1 });
  },
  test_new_snapshot_version_mismatch: async (c) => {
    const r = await c.begin();
    r.publish('snapshot');
    r.roles.timestamp.meta['snapshot.json'].version--;
    r.publish('root', 'timestamp');
    await c.refresh();
    c.roles({ root: 2, snapshot: 1, targets: 1, timestamp: 2 });
  },
  test_new_timestamp_fast_forward_recovery: async (c) => {
    const r = await c.begin();
    r.roles.timestamp.version = 99;
    r.publish('timestamp');
    await c.refresh();
    c.trusted({ timestamp: 100 });
    r.rotate('timestamp');
    r.roles.timestamp.version = 0;
    r.publish('root', 'targets', 'snapshot', 'timestamp');
    await c.refresh();
    c.trusted({ root: 2, timestamp: 1 });
  },
};

for (const [id, hashes] of WITH) {
  cases[`test_snapshot_rollback[${id}]`] = async (c) => {
    const r = await c.begin();
    r.hashes = hashes;
    r.publish('snapshot', 'timestamp');
    await c.refresh();
    r.roles.snapshot.version = 0;
    r.publish('snapshot', 'timestamp');
    await c.refresh(false);
    c.trusted({ timestamp: 2, snapshot: 2 });
    c.lastRequest('timestamp.json');
  };
  cases[`test_targets_rollback[${id}]`] = async (c) => {
    const r = await c.begin();
    r.hashes = hashes;
    r.all();
    await c.refresh();
    r.roles.targets.version = 0;
    r.all();
    await c.refresh(false);
    c.trusted({ timestamp: 3, snapshot: 2, targets: 2 });
  };
}
