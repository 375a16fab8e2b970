// What a site may send with the key that it has: its reports, changed by an
// expression, and signed anew.
//
//     node tests/e2e/reports.mjs KEY_FILE REPORTS EXPRESSION >FORGED
//
// The expression sees the reports as r: "r.counts[0].n = -1".
import crypto from 'node:crypto';
import fs from 'node:fs';

const [keyFile, reportsFile, expression] = process.argv.slice(2);
const head = Buffer.from('302e020100300506032b657004220420', 'hex'); // PKCS #8
const key = crypto.createPrivateKey({
  key: Buffer.concat([head, fs.readFileSync(keyFile)]), format: 'der', type: 'pkcs8',
});
const { minisig, reports: r } = JSON.parse(fs.readFileSync(reportsFile, 'utf8'));
const lines = minisig.split('\n');
const id = Buffer.from(lines[1], 'base64').subarray(0, 10);
const trusted = lines[2].replace('trusted comment: ', '');
new Function('r', expression)(r);

const text = JSON.stringify(r);
const sig = crypto.sign(null, crypto.createHash('blake2b512').update(text).digest(), key);
lines[1] = Buffer.concat([id, sig]).toString('base64');
lines[3] = crypto.sign(null, Buffer.concat([sig, Buffer.from(trusted)]), key).toString('base64');
process.stdout.write(`{"minisig":${JSON.stringify(lines.join('\n'))},"reports":${text}}`);
