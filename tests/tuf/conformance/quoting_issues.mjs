// As the suite's test_quoting_issues.py.
import fs from 'node:fs';
import { escaped } from '../repo.mjs';

export const cases = {};

for (const name of ['?', '#', '/delegatedrole', '../delegatedrole'])
  cases[`test_unusual_role_name[${name}]`] = async (c) => {
    const r = await c.begin();
    r.delegate('targets', { name, paths: ['*'] });
    r.all(name);
    await c.download('nonexistent target', false);
    c.lastRequest(`1.${escaped(name)}.json`);
    c.roles({ [name]: 1, root: 1, snapshot: 2, targets: 2, timestamp: 2 });
    c.same(fs.readdirSync(c.folder('us')).length, 5, 'files');
  };

// from the suite's history: roles of such names, without consistent snapshots
cases.test_delegate_consistent_snapshot_disabled = async (c) => {
  const r = await c.begin();
  await c.refresh();
  r.roles.root.consistent_snapshot = false;
  r.publish('root');
  for (const name of ['role1', '..', '.']) r.delegate('targets', { name, paths: ['*'] });
  r.all('role1', '..', '.');
  await c.refresh();
  await c.download('nonexistent target', false);
  c.requests(['3.root.json', 'timestamp.json', 'role1.json', '...json', '..json']);
  c.roles({ '..': 1, '.': 1, role1: 1, root: 2, snapshot: 2, targets: 2, timestamp: 2 });
};
