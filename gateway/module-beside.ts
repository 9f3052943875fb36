/**
 * The address of a module, named without its ending as seen from another one: the same folders hold TypeScript in a checkout and
 * JavaScript in a build. `from` is the other's `import.meta.url`.
 */
export function moduleBeside(from: string, name: string): URL {
  return new URL(`${name}${from.endsWith('.ts') ? '.ts' : '.js'}`, from);
}
