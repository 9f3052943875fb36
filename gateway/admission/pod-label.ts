/** One label of a review's object, read without parsing the object. */
import { MemberWalk } from './json-members.ts';

const KEY_METADATA = Buffer.from('metadata');
const KEY_LABELS = Buffer.from('labels');
const OPEN_BRACE = 123;

/** The label's value; undefined where it is not there or no text. `name` is the label's name in UTF-8. */
export function podLabel(object: Buffer, name: Buffer): string | undefined {
  let value: string | undefined;
  const pod = new MemberWalk(object, 0);
  while (pod.next()) {
    if (!pod.isKey(KEY_METADATA)) {
      pod.skip();
      continue;
    }
    // Of members with one name the last counts, as for JSON.parse.
    value = undefined;
    if (object[pod.start] !== OPEN_BRACE) {
      pod.skip();
      continue;
    }
    const metadata = new MemberWalk(object, pod.start);
    while (metadata.next()) {
      if (!metadata.isKey(KEY_LABELS)) {
        metadata.skip();
        continue;
      }
      value = undefined;
      if (object[metadata.start] !== OPEN_BRACE) {
        metadata.skip();
        continue;
      }
      const labels = new MemberWalk(object, metadata.start);
      while (labels.next()) {
        if (labels.isKey(name)) value = labels.stringValue();
        else labels.skip();
      }
      if (labels.odd) return parsedLabel(object, name);
      metadata.end = labels.end;
    }
    if (metadata.odd) return parsedLabel(object, name);
    pod.end = metadata.end;
  }
  return pod.odd ? parsedLabel(object, name) : value === '' ? undefined : value;
}

/** For what the walk does not handle. What is not valid JSON has no labels: the worker refuses it. */
function parsedLabel(object: Buffer, name: Buffer): string | undefined {
  let pod: unknown;
  try {
    pod = JSON.parse(object.toString());
  } catch {
    return undefined;
  }
  const value = read(read(read(pod, 'metadata'), 'labels'), name.toString());
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function read(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}
