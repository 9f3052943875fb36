/** Kubernetes objects as they come: unknown until they are looked at. */

export function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

/** Follows names inwards. */
export function at(value: unknown, ...names: readonly string[]): unknown {
  return names.reduce<unknown>(member, value);
}

export function textAt(value: unknown, ...names: readonly string[]): string {
  const found = at(value, ...names);
  return typeof found === 'string' ? found : '';
}

export function numberAt(value: unknown, ...names: readonly string[]): number {
  const found = at(value, ...names);
  return typeof found === 'number' ? found : 0;
}

export function listAt(value: unknown, ...names: readonly string[]): readonly unknown[] {
  const found = at(value, ...names);
  return Array.isArray(found) ? found : [];
}

/** A mapping of texts; what is no text is left out. */
export function textsAt(value: unknown, ...names: readonly string[]): Readonly<Record<string, string>> {
  const texts: Record<string, string> = Object.create(null);
  const found = at(value, ...names);
  if (typeof found !== 'object' || found === null || Array.isArray(found)) return texts;
  for (const [name, text] of Object.entries(found)) if (typeof text === 'string') texts[name] = text;
  return texts;
}
