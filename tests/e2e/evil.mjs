// A web server that misbehaves on demand: the tree of a publisher behind a
// server, a mirror or a network that somebody else controls.
//
//     node tests/e2e/evil.mjs FOLDER...
//
// Serves the first of the folders that has a file.  In the last one lie
// `port` (written), `rules` (read anew at each request) and `log` (one line
// for each request: method, path, range or "-", what was done).  A rule is a
// line "PATTERN [@N] ACTION ARGUMENT..."; the first whose pattern matches the
// path decides; @N: only for the first N requests that it matches.
//
//   what the file is:  flip BYTE [BIT]  truncate LENGTH  append BYTES  file PATH
//   how it is sent:    cut BYTES  claim BYTES  endless  headers  slow BYTES_PER_S
//                      drip BYTES_PER_S  hang  reset  norange  badrange
//   what is said:      status CODE [NAME: VALUE]  redirect URL  header NAME: VALUE
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const roots = process.argv.slice(2).map((x) => path.resolve(x));
const own = roots.pop();
const file = (name) => path.join(own, name);
const counts = new Map();
let text = '';

function rule(wanted) {
  const now = fs.existsSync(file('rules')) ? fs.readFileSync(file('rules'), 'utf8') : '';
  if (now !== text) counts.clear();
  text = now;
  for (const line of text.split('\n').filter(Boolean)) {
    let [pattern, ...words] = line.split(' ');
    if (!new RegExp(pattern).test(wanted)) continue;
    if (words[0].startsWith('@')) {
      const n = (counts.get(line) ?? 0) + 1;
      counts.set(line, n);
      if (n > Number(words.shift().slice(1))) continue;
    }
    return words;
  }
  return ['serve'];
}

function load(wanted) {
  for (const root of roots) {
    const at = path.normalize(path.join(root, wanted));
    if (at.startsWith(root + path.sep) && fs.statSync(at, { throwIfNoEntry: false })?.isFile()) return fs.readFileSync(at);
  }
  return undefined;
}

const changes = {
  flip: (b, at, bit) => { b[Number(at)] ^= 1 << Number(bit ?? 0); return b; },
  truncate: (b, n) => b.subarray(0, Number(n)),
  append: (b, n) => Buffer.concat([b, Buffer.alloc(Number(n), 'x')]),
  file: (b, at) => fs.readFileSync(at),
};

function head(socket, status, headers) {
  socket.write(`HTTP/1.1 ${status} X\r\n${headers.map((h) => `${h}\r\n`).join('')}Connection: close\r\n\r\n`);
}

// at so many bytes per second, in pieces of a tenth of that
function slowly(socket, body, perSecond) {
  const step = Math.max(1, Math.floor(perSecond / 10));
  let at = 0;
  const timer = setInterval(() => {
    if (at >= body.length || socket.destroyed) {
      clearInterval(timer);
      socket.end();
    } else {
      socket.write(body.subarray(at, at += step));
    }
  }, (step / perSecond) * 1000);
}

function forever(socket, piece) {
  const more = () => { while (!socket.destroyed && socket.write(piece)); };
  socket.on('drain', more);
  more();
}

const manners = {
  cut: (s, status, h, b, n) => { head(s, status, h); s.write(b.subarray(0, Number(n)), () => s.destroy()); },
  claim: (s, status, h, b, n) => { head(s, status, [...h.slice(1), `Content-Length: ${n}`]); s.end(b); },
  endless: (s, status, h, b) => { head(s, status, h.slice(1)); s.write(b); forever(s, Buffer.alloc(65536, 'x')); },
  headers: (s) => { s.write('HTTP/1.1 200 X\r\n'); forever(s, `X-Filler: ${'x'.repeat(900)}\r\n`); },
  slow: (s, status, h, b, n) => { head(s, status, h); slowly(s, b, Number(n)); },
  hang: () => {},
  reset: (s) => s.destroy(),
};
manners.drip = manners.slow;

function answer(request, response) {
  const wanted = decodeURIComponent(new URL(request.url, 'http://x').pathname);
  const [action, ...words] = rule(wanted);
  const socket = response.socket;
  socket.on('error', () => {});
  fs.appendFileSync(file('log'), `${request.method} ${wanted} ${request.headers.range ?? '-'} ${action}\n`);
  if (action === 'status') return void head(socket.on('finish', () => socket.destroy()), words[0], ['Content-Length: 0', ...(words[1] ? [words.slice(1).join(' ')] : [])]);
  if (action === 'redirect') return void head(socket, 302, ['Content-Length: 0', `Location: ${words[0]}`]);
  let body = load(wanted);
  if (body === undefined && action !== 'file') return void head(socket, 404, ['Content-Length: 0']);
  body = changes[action]?.(body, ...words) ?? body;
  const range = action === 'norange' ? null : /^bytes=(\d+)-$/.exec(request.headers.range ?? '');
  const from = range ? Number(range[1]) : 0;
  if (from > 0 && from >= body.length) return void head(socket, 416, ['Content-Length: 0']);
  const part = body.subarray(action === 'badrange' ? 0 : from, action === 'badrange' ? body.length - from : undefined);
  const headers = [`Content-Length: ${part.length}`];
  if (range) headers.push(`Content-Range: bytes ${from}-${body.length - 1}/${body.length}`);
  if (action === 'header') headers.push(words.join(' '));
  const status = range ? 206 : 200;
  if (manners[action]) return void manners[action](socket, status, headers, part, ...words);
  socket.cork(); // else Nagle waits between head and body
  head(socket, status, headers);
  socket.end(part);
}

const server = http.createServer(answer);
server.listen(0, '127.0.0.1', () => fs.writeFileSync(file('port'), String(server.address().port)));
process.on('SIGTERM', () => process.exit(0));
