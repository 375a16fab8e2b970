// As the suite's test_file_download.py.
import { digest } from '../repo.mjs';

// a repository of artifacts [path, content, algorithms]
async function having(c, ...list) {
  const r = await c.begin();
  for (const [name, content, algorithms] of list) r.add('targets', name, content, algorithms);
  r.all();
  return r;
}

// something else is served, whatever was signed
function spoil(r, name) {
  r.put(name, 'malicious', Object.values(r.roles.targets.targets[name].hashes));
}

export const cases = {
  test_client_downloads_expected_file: async (c) => {
    await having(c, ['target_file.txt', 'contents']);
    await c.refresh();
    c.same(c.contents(), [], 'artifacts');
    await c.download('target_file.txt');
    c.same(c.contents(), ['contents'], 'artifacts');
  },
  test_client_downloads_expected_file_in_sub_dir: async (c) => {
    await having(c, ['path/to/a/target_file.txt', 'contents']);
    await c.download('path/to/a/target_file.txt');
    c.same(c.contents(), ['contents'], 'artifacts');
    c.requests([`path/to/a/${digest('sha256', 'contents')}.target_file.txt`], 'targets');
  },
  test_repository_substitutes_target_file: async (c) => {
    const r = await having(c, ['target_file.txt', 'contents'], ['another.txt', 'more']);
    await c.download('target_file.txt');
    c.same(c.contents(), ['contents'], 'artifacts');
    spoil(r, 'target_file.txt');
    spoil(r, 'another.txt');
    await c.download('target_file.txt');
    c.same(c.contents(), ['contents'], 'artifacts');
    await c.download('another.txt', false);
    c.same(c.contents(), ['contents'], 'artifacts');
  },
  // in the order of their times, of which the last is the newest
  test_multiple_changes_to_target: async (c) => {
    const r = await having(c, ['target_file.txt', 'contents']);
    await c.download('target_file.txt');
    const want = ['contents'];
    let last = 'contents';
    for (let i = 0; i < 11; i++) {
      r.add('targets', 'target_file.txt', `modified ${i}`);
      r.add('targets', `new-target-${i}`, `new ${i}`);
      r.all();
      if (i % 5) continue;
      await c.download('target_file.txt');
      want.splice(want.indexOf(last), 1);
      want.push((last = `modified ${i}`));
      c.same(c.contents(), want, 'artifacts');
      await c.download(`new-target-${i}`);
      want.push(`new ${i}`);
      c.same(c.contents(), want, 'artifacts');
      spoil(r, 'target_file.txt');
      r.all();
      await c.download('target_file.txt');
      c.same(c.contents(), want, 'artifacts');
    }
  },
  test_download_with_unknown_hash_algorithm: async (c) => {
    const r = await having(c, ['target_file.txt', 'contents']);
    const { hashes } = r.roles.targets.targets['target_file.txt'];
    hashes['unknown-hash'] = hashes.sha256;
    delete hashes.sha256;
    r.all();
    await c.download('target_file.txt', false);
    c.same(c.contents(), [], 'artifacts');
  },
  test_artifact_cache: async (c) => {
    await having(c, ['target_file.txt', 'contents']);
    await c.download('target_file.txt');
    c.requests([`${digest('sha256', 'contents')}.target_file.txt`], 'targets');
    await c.download('target_file.txt');
    c.requests([], 'targets');
  },
};

for (const algorithms of [['sha256'], ['sha512'], ['sha256', 'sha512']])
  cases[`test_download_with_hash_algorithms[${algorithms}]`] = async (c) => {
    await having(c, ['target_file.txt', 'contents', algorithms]);
    await c.download('target_file.txt');
    const possible = algorithms.map((a) => `targets/${digest(a, 'contents')}.target_file.txt`);
    const asked = c.asked.filter((f) => f.startsWith('targets/'));
    c.true(asked.length === 1 && possible.includes(asked[0]), `asked for ${asked}`);
    c.same(c.contents(), ['contents'], 'artifacts');
  };
