import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NEWEST } from './features.ts';
import { type ImageValues, proxyImage, proxyInitImage } from './image.ts';

const VALUES: ImageValues = { hub: 'hub', tag: '1.31', variant: '', proxy: '', proxyInit: 'init' };
const TYPE = 'sidecar.istio.io/proxyImageType';

test('the type of an image: annotation, proxy configuration, variant', () => {
  const distroless = { ...VALUES, variant: 'distroless' };
  assert.equal(proxyImage(VALUES, '', {}, NEWEST), 'hub/proxyv2:1.31');
  assert.equal(proxyImage(distroless, '', {}, NEWEST), 'hub/proxyv2:1.31-distroless');
  assert.equal(proxyImage(distroless, 'debug', {}, NEWEST), 'hub/proxyv2:1.31-debug');
  assert.equal(proxyImage(distroless, 'debug', { [TYPE]: 'x' }, NEWEST), 'hub/proxyv2:1.31-x');
  assert.equal(proxyInitImage(distroless, {}, NEWEST), 'hub/init:1.31-distroless');
});

test('a tag that says a published type has it replaced', () => {
  const debug = { ...VALUES, tag: '1.31-debug' };
  assert.equal(proxyImage(debug, 'distroless', {}, NEWEST), 'hub/proxyv2:1.31-distroless');
  assert.equal(proxyImage(debug, 'default', {}, NEWEST), 'hub/proxyv2:1.31');
  assert.equal(proxyImage(debug, '', { [TYPE]: '' }, NEWEST), 'hub/proxyv2:1.31-debug');
});
