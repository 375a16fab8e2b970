// A plain web server before a folder: what a static site or a CDN's origin is.
// Knows byte ranges and nothing of Sluice.  Writes its port to PORT_FILE.
//
//     node tests/e2e/static.mjs FOLDER PORT_FILE
//
// PORT in the environment: not any port but this one.
// RATE: bytes a second that each answer gets at most.
// WEB_LOG: a file that gets a line "STATUS BYTES PATH" for each answer.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const [root, portFile] = [path.resolve(process.argv[2]), process.argv[3]];
const rate = Number(process.env.RATE ?? 0);

function log(status, bytes, url) {
  if (process.env.WEB_LOG) fs.appendFileSync(process.env.WEB_LOG, `${status} ${bytes} ${url}\n`);
}

async function* slowly(stream) {
  const began = performance.now();
  let sent = 0;
  for await (const part of stream) {
    yield part;
    sent += part.length;
    await sleep(Math.max(0, (sent / rate) * 1000 - (performance.now() - began)));
  }
}

function send(response, file, from, to) {
  const stream = fs.createReadStream(file, { start: from, end: to });
  return pipeline(rate ? slowly(stream) : stream, response);
}

function answer(request, response) {
  const wanted = path.normalize(path.join(root, decodeURIComponent(new URL(request.url, 'http://x').pathname)));
  const stat = wanted.startsWith(root + path.sep) ? fs.statSync(wanted, { throwIfNoEntry: false }) : undefined;
  if (!stat?.isFile()) {
    log(404, 0, request.url);
    response.writeHead(404);
    return response.end();
  }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const from = range ? Number(range[1]) : 0;
  const to = range?.[2] ? Math.min(Number(range[2]), stat.size - 1) : stat.size - 1;
  if (range && from >= stat.size) {
    response.writeHead(416, { 'content-range': `bytes */${stat.size}` });
    return response.end();
  }
  log(range ? 206 : 200, to - from + 1, request.url);
  response.writeHead(range ? 206 : 200, {
    'content-length': to - from + 1,
    ...(range && { 'content-range': `bytes ${from}-${to}/${stat.size}` }),
  });
  if (request.method === 'HEAD' || to < from) return response.end();
  send(response, wanted, from, to).catch(() => response.destroy());
}

const server = http.createServer(answer);
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () =>
  fs.writeFileSync(portFile, String(server.address().port)),
);
process.on('SIGTERM', () => process.exit(0));
