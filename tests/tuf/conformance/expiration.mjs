// As the suite's test_expiration.py and test_delegated_expiration.py.
import { inDays } from '../repo.mjs';

const ONE = { root: 1, snapshot: 1, targets: 1, timestamp: 1 };

// a role named "delegated", of delegatedpath/*, that expires so
async function delegated(c, days, names) {
  const r = await c.begin();
  r.delegate('targets', { name: 'delegated', paths: ['delegatedpath/*'] });
  r.roles.delegated.expires = inDays(days);
  for (const n of names) r.add('delegated', `delegatedpath/${n}`, n);
  r.all('delegated');
  return r;
}

export const cases = {
  test_root_expired: async (c) => {
    const r = await c.begin();
    await c.refresh();
    r.publish('root');
    await c.refresh();
    r.roles.root.expires = inDays(-1);
    r.publish('root');
    r.all();
    await c.refresh(false);
    c.trusted({ root: 3, timestamp: 1, snapshot: 1, targets: 1 });
  },
  test_timestamp_expired: async (c) => {
    const r = await c.begin();
    await c.refresh();
    r.roles.timestamp.expires = inDays(-5);
    r.publish('timestamp');
    await c.refresh(false);
    c.roles(ONE);
  },
  test_snapshot_expired: async (c) => {
    const r = await c.begin();
    await c.refresh();
    r.roles.snapshot.expires = inDays(-5);
    r.publish('snapshot', 'timestamp');
    await c.refresh(false);
    c.roles({ ...ONE, timestamp: 2 });
  },
  test_targets_expired: async (c) => {
    const r = await c.begin();
    await c.refresh();
    r.roles.targets.expires = inDays(-5);
    r.all();
    await c.refresh(false);
    c.roles({ ...ONE, snapshot: 2, timestamp: 2 });
  },
  test_expired_local_root: async (c) => {
    const r = await c.begin();
    r.roles.root.expires = inDays(7);
    r.publish('root');
    await c.refresh();
    r.roles.root.expires = inDays(21);
    r.publish('root');
    await c.refresh(true, { days: 18 });
    c.trusted({ root: 3 });
  },
  test_expired_local_timestamp: async (c) => {
    const r = await c.begin();
    r.roles.timestamp.expires = inDays(7);
    r.publish('timestamp');
    await c.refresh();
    r.roles.timestamp.expires = inDays(21);
    r.all();
    await c.refresh(true, { days: 18 });
    c.roles({ root: 1, snapshot: 2, targets: 2, timestamp: 3 });
  },
  test_delegated_targets_expired: async (c) => {
    await delegated(c, -1, ['target']);
    await c.refresh();
    await c.download('delegatedpath/target', false);
    c.same(c.contents(), [], 'artifacts');
    c.roles({ root: 1, snapshot: 2, targets: 2, timestamp: 2 });
  },
  test_expired_local_delegated_targets: async (c) => {
    await delegated(c, 7, ['first', 'second']);
    await c.download('delegatedpath/first');
    c.same(c.contents(), ['first'], 'artifacts');
    await c.download('delegatedpath/second', false, { days: 18 });
    c.same(c.contents(), ['first'], 'artifacts');
  },
  test_expired_local_delegated_targets_updates: async (c) => {
    const r = await delegated(c, 7, ['first', 'second']);
    await c.download('delegatedpath/first');
    r.roles.delegated.expires = inDays(21);
    r.publish('delegated', 'snapshot', 'timestamp');
    await c.download('delegatedpath/second', true, { days: 18 });
    c.same(c.contents(), ['first', 'second'], 'artifacts');
    c.trusted({ delegated: 2 });
  },
};
