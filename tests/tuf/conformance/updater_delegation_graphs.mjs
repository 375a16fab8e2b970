// As the suite's test_updater_delegation_graphs.py, and its earlier cases of
// succinct roles and of two delegations to one role.
import { key } from '../repo.mjs';

const k = (i) => key('ecdsa', 10 + i);

// a repository of delegations [from, to, extra]; every path unless said
async function graph(c, edges, targets = []) {
  const r = await c.begin();
  const shared = {}; // who is delegated to twice has the same key both times
  for (const [from, name, extra] of edges) {
    shared[name] ??= [k(Object.keys(shared).length)];
    r.delegate(from, { name, paths: ['*'], keys: shared[name], ...extra });
  }
  for (const [role, path, text] of targets) r.add(role, path, text);
  r.all(...Object.keys(shared));
  return r;
}

const T = { terminating: true };
const py = { paths: ['*.py'] };
const graphs = {
  'basic-delegation': [[['targets', 'A']], ['A']],
  'single-level-delegations': [[['targets', 'A'], ['targets', 'B']], ['A', 'B']],
  'two-level-delegations': [[['targets', 'A'], ['targets', 'B'], ['B', 'C']], ['A', 'B', 'C']],
  'two-level-test-DFS-order-of-traversal': [
    [['targets', 'A'], ['targets', 'B'], ['A', 'C'], ['A', 'D']],
    ['A', 'C', 'D', 'B'],
  ],
  'three-level-delegation-test-DFS-order-of-traversal': [
    [['targets', 'A'], ['targets', 'B'], ['A', 'C'], ['C', 'D']],
    ['A', 'C', 'D', 'B'],
  ],
  'two-level-terminating-ignores-all-but-roles-descendants': [
    [['targets', 'A'], ['targets', 'B'], ['A', 'C', T], ['A', 'D']],
    ['A', 'C'],
  ],
  'three-level-terminating-ignores-all-but-roles-descendants': [
    [['targets', 'A'], ['targets', 'B'], ['A', 'C', T], ['C', 'D']],
    ['A', 'C', 'D'],
  ],
  'two-level-ignores-all-branches-not-matching-paths': [
    [['targets', 'A', py], ['targets', 'B'], ['A', 'C']],
    ['B'],
  ],
  'three-level-ignores-all-branches-not-matching-paths': [
    [['targets', 'A'], ['targets', 'B'], ['A', 'C', py], ['C', 'D']],
    ['A', 'B'],
  ],
  'cyclic-graph': [
    [['targets', 'A'], ['targets', 'B'], ['B', 'C'], ['C', 'D'], ['D', 'B']],
    ['A', 'B', 'C', 'D'],
  ],
  'two-roles-delegating-to-a-third': [
    [['targets', 'A'], ['targets', 'B'], ['B', 'C'], ['A', 'C']],
    ['A', 'C', 'B'],
  ],
  'two-roles-delegating-to-a-third-different-paths': [
    [['targets', 'A'], ['targets', 'B'], ['B', 'C'], ['A', 'C', py]],
    ['A', 'B', 'C'],
  ],
};

export const cases = {};

for (const [id, [edges, visited]] of Object.entries(graphs))
  cases[`test_graph_traversal[${id}]`] = async (c) => {
    await graph(c, edges);
    await c.download('missingpath', false);
    c.visited(visited);
  };

const tree = [
  ['targets', 'A', { paths: ['*.doc', '*.md'] }],
  ['targets', 'B', { paths: ['releases/*/*'] }],
  ['B', 'C', { paths: ['releases/x/*'] }],
  ['B', 'D', { paths: ['releases/y/*.zip'] }],
];
const inTree = [
  ['targets', 'targetfile', 'of targets'],
  ['A', 'README.md', 'of A'],
  ['C', 'releases/x/x_v1', 'of C'],
  ['D', 'releases/y/y_v1.zip', 'of D'],
  ['D', 'releases/z/z_v1.zip', 'of D, without a right'],
];
for (const [id, path, visited, found] of [
  ['no delegations', 'targetfile', [], ['of targets']],
  ['targetpath matches wildcard', 'README.md', ['A'], ['of A']],
  ['targetpath with separators x', 'releases/x/x_v1', ['B', 'C'], ['of C']],
  ['targetpath with separators y', 'releases/y/y_v1.zip', ['B', 'D'], ['of D']],
  ['targetpath is not delegated by all roles in the chain', 'releases/z/z_v1.zip', ['B'], []],
])
  cases[`test_targetfile_search[${id}]`] = async (c) => {
    await graph(c, tree, inTree);
    await c.download(path, found.length > 0);
    c.visited(visited);
    c.same(c.contents(), found, 'artifacts');
  };

for (const [bits, path, bin] of [
  [1, 'boo', 'bin-0'],
  [1, 'too', 'bin-1'],
  [2, 'foo', 'bin-0'],
  [2, 'doo', 'bin-1'],
  [2, 'too', 'bin-2'],
  [2, 'bar', 'bin-3'],
  [8, 'bar', 'bin-fc'],
])
  cases[`test_succinct_roles_graph_traversal[bin amount = ${2 ** bits}, ${bin}]`] = async (c) => {
    const r = await c.begin();
    c.same(r.succinct('targets', bits, 'bin')(path), bin, 'bin');
    r.all(bin);
    await c.download(path, false);
    c.visited([bin]);
    c.roles({ [bin]: 1, root: 1, snapshot: 2, targets: 2, timestamp: 2 });
  };

// C has the signature that A asks for, not the one that B does
cases.test_cached_role_is_verified_against_current_delegator = async (c) => {
  const r = await graph(c, [
    ['targets', 'A', { paths: ['a*'] }],
    ['targets', 'B', { paths: ['b*'] }],
    ['A', 'C', { keys: [k(5)] }],
  ]);
  r.delegate('B', { name: 'C', paths: ['*'], keys: [k(6)], signers: [] });
  r.signers.C = [k(5)];
  r.add('C', 'a1', 'one');
  r.add('C', 'b1', 'two');
  r.all('A', 'B', 'C');
  await c.download(['a1', 'b1'], false, { js: 'trusts a role for all delegations once one has led to it' });
  c.same(c.contents(), ['one'], 'artifacts');
  await c.download('b1', false);
  c.same(c.contents(), ['one'], 'artifacts');
};
