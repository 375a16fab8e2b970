// Runs named cases against "sluice tuf" and, beside it with folders of its own,
// against tuf-js: both must come to the verdict that the case expects.  Where
// tuf-js comes to another the case says why ({ js: 'reason' }).  Prints TAP.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Repo, escaped, serve } from './repo.mjs';

const top = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(path.join(top, 'build/tuf/package.json'));
const { Updater, BaseFetcher } = require('tuf-js');
const { DownloadHTTPError } = require('tuf-js/dist/error');
const program = path.join(process.env.SLUICE_BIN ?? path.join(top, 'build/bin'), 'sluice');

class Fetcher extends BaseFetcher {
  async fetch(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new DownloadHTTPError('Failed to download', answer.status);
    return answer.body;
  }
}

// as many days from now: in faketime's own words, or as a date
function faketime(days, asDate) {
  if (!days) return [];
  if (!asDate) return ['faketime', '-f', `+${days}d`];
  const date = new Date(Date.now() + days * 24 * 3600 * 1000).toISOString();
  return ['faketime', date.replace('T', ' ').replace('Z', '+00:00')];
}

function run(clock, words) {
  const line = [...clock, program, ...words];
  return new Promise((done) => {
    const child = spawn(line[0], line.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      // a sanitizer does not like to come after faketime's library
      env: { ...process.env, ASAN_OPTIONS: 'verify_asan_link_order=0' },
    });
    let text = '';
    child.stdout.on('data', (d) => (text += d));
    child.stderr.on('data', (d) => (text += d));
    child.on('error', (e) => (text += e.message));
    child.on('close', (status) => done({ status, text }));
  });
}

class Failed extends Error {}

class Case {
  // like: how another suite calls and serves us, { prefix, old, dates }
  constructor(like = {}) {
    this.like = like;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-tuf-'));
    for (const who of ['us', 'js'])
      for (const what of ['metadata', 'targets']) fs.mkdirSync(path.join(this.dir, who, what), { recursive: true });
  }
  folder(who, what = 'metadata') {
    return path.join(this.dir, who, what);
  }
  file(role, who = 'us') {
    return path.join(this.folder(who), `${escaped(role)}.json`);
  }
  async start(options) {
    await this.serve(new Repo(options));
    return this.repo;
  }
  // any object with files
  async serve(repo) {
    this.repo = repo;
    this.server = await serve(repo, this.like);
    this.slash = this.like.slash ?? '';
  }
  // as on a new machine
  forgetAll() {
    for (const who of ['us', 'js'])
      for (const what of ['metadata', 'targets'])
        for (const f of fs.readdirSync(this.folder(who, what))) fs.rmSync(path.join(this.folder(who, what), f));
  }
  done() {
    this.server?.close();
    fs.rmSync(this.dir, { recursive: true });
  }
  true(ok, what) {
    if (!ok) throw new Failed(what);
  }
  same(got, want, what) {
    const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
    this.true(a === b, `${what}: got ${a}, want ${b}`);
  }
  async sluice(words, want, days) {
    this.server?.log.splice(0);
    this.last = await run(faketime(days, this.like.dates), ['tuf', ...words]);
    this.asked = this.server?.log.splice(0) ?? [];
    this.same(this.last.status, want ? 0 : 1, `sluice tuf ${words.join(' ')}\n${this.last.text.trim()}\nstatus`);
    if (!want) this.true(/sluice: error: /.test(this.last.text), `no reason is given: ${this.last.text}`);
  }
  // a repository of ECDSA keys, begun with
  async begin(options) {
    const r = await this.start({ kind: 'ecdsa', ...options });
    await this.init();
    return r;
  }
  // the root that both begin with; by default the repository's first
  async init(root = this.repo.files.get('metadata/1.root.json'), want = true) {
    const trusted = path.join(this.dir, 'trusted.json');
    fs.writeFileSync(trusted, root);
    fs.writeFileSync(this.file('root', 'js'), root);
    await this.sluice(['--metadata-dir', this.folder('us'), 'init', trusted], want);
    this.same(this.asked, [], 'init asked for');
  }
  updater(days) {
    const u = new Updater({
      metadataDir: this.folder('js'),
      metadataBaseUrl: `${this.server.url}/metadata`,
      targetDir: this.folder('js', 'targets'),
      targetBaseUrl: `${this.server.url}/targets`,
      fetcher: new Fetcher(),
    });
    if (days) u.trustedSet.referenceTime = new Date(Date.now() + days * 24 * 3600 * 1000);
    return u;
  }
  async js(work, want, reason) {
    if (reason === 'not asked') return;
    let got = true;
    let why = '';
    try {
      await work();
    } catch (e) {
      [got, why] = [false, e.message];
    }
    if (reason) this.true(got !== want, `tuf-js agrees after all, where it should not: ${reason}`);
    else this.same(got, want, `tuf-js: ${why || 'accepted'}`);
  }
  async refresh(want = true, { js, days } = {}) {
    const url = `${this.server.url}/metadata${this.slash}`;
    await this.sluice(['--metadata-url', url, '--metadata-dir', this.folder('us'), 'refresh'], want, days);
    await this.js(async () => this.updater(days).refresh(), want, js);
  }
  async download(names, want = true, { js, days } = {}) {
    const list = [names].flat();
    await this.sluice(
      [
        ...['--metadata-url', `${this.server.url}/metadata${this.slash}`],
        ...['--metadata-dir', this.folder('us')],
        ...list.flatMap((n) => ['--target-name', n]),
        ...['--target-dir', this.folder('us', 'targets')],
        ...['--target-base-url', `${this.server.url}/targets${this.slash}`],
        'download',
      ],
      want,
      days,
    );
    await this.js(
      async () => {
        const u = this.updater(days);
        for (const n of list) {
          const info = await u.getTargetInfo(n);
          if (!info) throw new Error(`no target ${n}`);
          if (!(await u.findCachedTarget(info))) await u.downloadTarget(info);
        }
      },
      want,
      js,
    );
  }
  // what we asked for in the last command, without the folders
  requests(want, part = 'metadata') {
    const asked = this.asked.filter((f) => f.startsWith(`${part}/`)).map((f) => f.slice(part.length + 1));
    this.same(asked, want, 'requests');
  }
  // the roles that were asked for after the top-level ones
  visited(want) {
    const names = this.asked
      .filter((f) => f.startsWith('metadata/') && !/[0-9]+\.(root|snapshot|targets)\.json|timestamp/.test(f))
      .map((f) => f.replace(/^metadata\/[0-9]+\.(.*)\.json$/, '$1'));
    this.same(names, want, 'visited');
  }
  // versions that we trust, '-' where there is none
  trusted(want, who = 'us') {
    const got = {};
    for (const role of Object.keys(want)) {
      const file = this.file(role, who);
      got[role] = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)).signed.version : 0;
    }
    this.same(got, want, 'trusted versions');
  }
  // all that we trust, and nothing else
  roles(want) {
    const files = fs.readdirSync(this.folder('us')).filter((f) => f.endsWith('.json')).sort();
    const got = files.map((f) => [
      decodeURIComponent(f.slice(0, -5)),
      JSON.parse(fs.readFileSync(path.join(this.folder('us'), f))).signed.version,
    ]);
    this.same(got, Object.entries(want), 'trusted roles');
  }
  lastRequest(want) {
    this.same(this.asked.filter((f) => f.startsWith('metadata/')).at(-1), `metadata/${want}`, 'the last request');
  }
  asServed(...roles) {
    for (const r of roles)
      this.true(fs.readFileSync(this.file(r)).equals(this.repo.served[r]), `${r}.json is not what was served`);
  }
  artifacts() {
    const dir = this.folder('us', 'targets');
    return Object.fromEntries(fs.readdirSync(dir).map((f) => [f, fs.readFileSync(path.join(dir, f), 'utf8')]));
  }
  // contents of artifacts, in the order they were last written in
  contents() {
    const dir = this.folder('us', 'targets');
    const files = fs.readdirSync(dir).map((f) => path.join(dir, f));
    const time = (f) => fs.statSync(f, { bigint: true }).mtimeNs;
    return files.sort((a, b) => (time(a) < time(b) ? -1 : 1)).map((f) => fs.readFileSync(f, 'utf8'));
  }
  // nothing but whole documents, no parts or locks
  tidy() {
    const odd = fs.readdirSync(this.folder('us')).filter((f) => !f.endsWith('.json') || f.startsWith('.s'));
    this.same(odd, [], 'left in the folder');
    this.same(Object.keys(this.artifacts()).filter((f) => f.startsWith('.sluice')), [], 'left parts');
  }
}

export async function compare(cases, like = () => ({})) {
  const only = process.env.ONLY;
  let n = 0;
  let bad = 0;
  for (const [name, body] of Object.entries(cases)) {
    if (only && !name.includes(only)) continue;
    const c = new Case(like(name));
    let why;
    try {
      await body(c);
      c.tidy();
    } catch (e) {
      why = e instanceof Failed ? e.message : e.stack;
    }
    c.done();
    n++;
    if (why) bad++;
    console.log(`${why ? 'not ok' : 'ok'} ${n} - ${name}`);
    if (why) console.log(why.replace(/^/gm, '# '));
  }
  console.log(`1..${n}`);
  process.exit(bad ? 1 : 0);
}
