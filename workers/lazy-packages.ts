/**
 * Packages that few configurations need, and that each thread would keep: they are read when something first asks for them. By `require`,
 * for a template or an expression that meets a pattern can not wait.
 */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** re2js takes 0.7 MB of a thread. */
export function re2(): typeof import('re2js')['RE2JS'] {
  return (require('re2js') as typeof import('re2js')).RE2JS;
}

/** The YAML library that keeps positions takes 0.9 MB of a thread. */
export function yamlWithPositions(): typeof import('yaml') {
  return require('yaml') as typeof import('yaml');
}
