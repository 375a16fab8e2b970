// A plain web server before a folder: what a static site or a CDN's origin is.
// Knows byte ranges and nothing of Sluice.  Writes its port to PORT_FILE.
//
//     node tests/e2e/static.mjs FOLDER PORT_FILE
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';

const [root, portFile] = [path.resolve(process.argv[2]), process.argv[3]];

function answer(request, response) {
  const wanted = path.normalize(path.join(root, decodeURIComponent(new URL(request.url, 'http://x').pathname)));
  const stat = wanted.startsWith(root + path.sep) ? fs.statSync(wanted, { throwIfNoEntry: false }) : undefined;
  if (!stat?.isFile()) {
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
  response.writeHead(range ? 206 : 200, {
    'content-length': to - from + 1,
    ...(range && { 'content-range': `bytes ${from}-${to}/${stat.size}` }),
  });
  if (request.method === 'HEAD' || to < from) return response.end();
  fs.createReadStream(wanted, { start: from, end: to }).pipe(response);
}

const server = http.createServer(answer);
server.listen(0, '127.0.0.1', () => fs.writeFileSync(portFile, String(server.address().port)));
process.on('SIGTERM', () => process.exit(0));
