// Who is in: client ID and bucket by DESIGN.md's words, without our programs.
//
//     node tests/e2e/bucket.mjs PRODUCT SALT MACHINE...
//
// Prints one line for each: MACHINE CLIENT-ID BUCKET.
import crypto from 'node:crypto';

const sha256 = (...parts) => {
  const hash = crypto.createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
};
const [product, salt, ...machines] = process.argv.slice(2);
const zero = Buffer.of(0);
for (const machine of machines) {
  const id = sha256('sluice-client-v1', zero, product, zero, machine).toString('hex');
  const bucket = (sha256(salt, zero, id).readBigUInt64BE() * 10000n) >> 64n;
  console.log(machine, id, Number(bucket));
}
