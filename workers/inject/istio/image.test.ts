import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEWEST } from './features.ts';
import { type ImageValues, proxyImage, proxyInitImage } from './image.ts';

const VALUES: ImageValues = { hub: 'hub', tag: '1.31', variant: '', proxy: '', proxyInit: 'init' };
const TYPE = 'sidecar.istio.io/proxyImageType';

test('the type of an image: annotation, proxy configuration, variant', () => {
  const distroless = { ...VALUES, variant: 'distroless' };
  assert.equal(proxyImage(VALUES, undefined, {}, NEWEST), 'hub/proxyv2:1.31');
  assert.equal(proxyImage(distroless, undefined, {}, NEWEST), 'hub/proxyv2:1.31-distroless');
  assert.equal(proxyImage(distroless, { imageType: 'debug' }, {}, NEWEST), 'hub/proxyv2:1.31-debug');
  assert.equal(proxyImage(distroless, { imageType: 'debug' }, { [TYPE]: 'x' }, NEWEST), 'hub/proxyv2:1.31-x');
  assert.equal(proxyInitImage(distroless, {}), 'hub/init:1.31-distroless');
});

test('a tag that says a published type has it replaced', () => {
  const debug = { ...VALUES, tag: '1.31-debug' };
  assert.equal(proxyImage(debug, { imageType: 'distroless' }, {}, NEWEST), 'hub/proxyv2:1.31-distroless');
  assert.equal(proxyImage(debug, { imageType: 'default' }, {}, NEWEST), 'hub/proxyv2:1.31');
  assert.equal(proxyImage(debug, undefined, { [TYPE]: '' }, NEWEST), 'hub/proxyv2:1.31-debug');
});
