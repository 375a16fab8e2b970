// Pushes whatever lies in a folder, without a look at it: what a pusher gone
// wrong, or a thief with a token, could send.  Prints the server's last answer.
//
//     SLUICE_TOKEN=... node tests/e2e/push.mjs DIR URL PRODUCT/CHANNEL
//     ... push.mjs --offset DIR URL PRODUCT/CHANNEL SHA256
//
// The second only asks how much of that file the server has.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

const asks = process.argv[2] === '--offset';
const [dir, url, channel, wanted] = process.argv.slice(asks ? 3 : 2);
const base = `${url}/v1/publications/${channel}`;
const headers = { authorization: `Bearer ${process.env.SLUICE_TOKEN}` };

const files = fs
  .readdirSync(dir, { recursive: true, withFileTypes: true })
  .filter((f) => f.isFile())
  .map((f) => path.join(f.parentPath ?? f.path, f.name))
  .map((file) => {
    const bytes = fs.readFileSync(file);
    const sha256 = crypto.createHash('sha256').update(bytes).digest('hex');
    return { path: path.relative(dir, file), sha256, size: bytes.length };
  })
  .sort((a, b) => (a.path < b.path ? -1 : 1));
const m = Math.max(...files.map((f) => Math.floor(Number(/^(\d+)\.snapshot/.exec(f.path)?.[1] ?? 0) / 32)));

async function ask(method, address, body) {
  const answer = await fetch(address, { method, headers, body });
  const text = await answer.text();
  return { status: answer.status, ...(text && JSON.parse(text)) };
}

async function push() {
  const body = JSON.stringify({ files, m });
  const open = await ask('POST', base, body);
  if (open.status !== 200) return { ...open, state: 'refused' };
  for (const { sha256, offset } of open.missing) {
    const file = files.find((f) => f.sha256 === sha256);
    const bytes = fs.readFileSync(path.join(dir, file.path)).subarray(offset);
    const put = await ask('PUT', `${url}/v1/blobs/${sha256}?offset=${offset}&size=${file.size}`, bytes);
    if (put.status !== 204) return { ...put, state: 'refused' };
  }
  const commit = await ask('POST', `${base}/${open.id}/commit`, '{}');
  if (commit.status !== 202) return { ...commit, state: 'refused' };
  for (;;) {
    const now = await ask('GET', `${base}/${open.id}`);
    if (now.state === 'accepted' || now.state === 'refused') return now;
    await new Promise((done) => setTimeout(done, 50));
  }
}

async function offset() {
  const open = await ask('POST', base, JSON.stringify({ files, m }));
  return open.missing?.find((f) => f.sha256 === wanted)?.offset;
}

console.log(asks ? await offset() : JSON.stringify(await push()));
