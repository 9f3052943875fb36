import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeRequests } from './requests.ts';

const URL = 'https://127.0.0.1:1/inject';

test('no two reviews of distinct pods are alike, however often they are sent', () => {
  const requests = makeRequests([URL], { kind: 'distinct', count: 20, seed: 1, annotations: {} });
  const seen = new Set<string>();
  for (let count = 0; count < 200; count++) {
    const text = requests[count % requests.length]?.renew(count).toString() ?? '';
    const body = text.slice(text.indexOf('\r\n\r\n') + 4);
    assert.equal(Buffer.byteLength(body), Number(/Content-Length: (\d+)/.exec(text)?.[1]));
    const { generateName, ownerReferences } = JSON.parse(body).request.object.metadata;
    assert.ok(ownerReferences[0].name.length > 0);
    seen.add(`${generateName}${ownerReferences[0].name}`);
  }
  assert.equal(seen.size, 200);
});

test('the reviews of a storm are sent as they are', () => {
  const [request] = makeRequests([URL], { kind: 'storm', count: 1, seed: 1, annotations: {} });
  const before = request?.bytes.toString();
  assert.equal(request?.renew(7).toString(), before);
});
