/**
 * The yardstick every ratio is taken against: a bare node:https server that reads the body, parses it as JSON and answers a constant
 * of a real answer's size, on the machine and the Node of the measurement. Prints {"ready":true,"admission":URL}.
 *
 * `node loadtest/bench/yardstick.ts ANSWER_BYTES` with the PEM files of key and certificate in KEY_FILE and CERT_FILE.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';

const answerBytes = Number(process.argv[2] ?? 9_800);
const patch = 'A'.repeat(Math.max(0, answerBytes - 200));

const key = readFileSync(process.env.KEY_FILE ?? '');
const cert = readFileSync(process.env.CERT_FILE ?? '');
const server = createServer({ key, cert, keepAlive: true }, (request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const review = JSON.parse(Buffer.concat(chunks).toString()) as { request: { uid: string } };
    const body = JSON.stringify({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: review.request.uid, allowed: true, patchType: 'JSONPatch', patch },
    });
    response.setHeader('Content-Type', 'application/json');
    response.end(body);
  });
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  console.log(JSON.stringify({ ready: true, admission: `https://127.0.0.1:${port}` }));
});
process.on('SIGTERM', () => process.exit(0));
