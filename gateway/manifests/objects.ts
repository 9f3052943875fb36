/** The objects of a file of resources, one by one: documents, and the items of Lists of any kind. */
import type { JsonObject, JsonValue } from '../../workers/template/value.ts';
import { parseDocument, splitDocuments } from './documents.ts';

/** Lists within lists. */
const MAX_LIST_DEPTH = 8;

/** All objects in the file's order. Throws ManifestError. */
export function readObjects(text: string): JsonObject[] {
  const objects: JsonObject[] = [];
  for (const document of splitDocuments(text)) {
    const resource = parseDocument(document);
    if (resource !== null) addObjects(resource, objects, 0);
  }
  return objects;
}

function addObjects(resource: JsonObject, objects: JsonObject[], depth: number): void {
  const { kind, items } = resource;
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items) || depth >= MAX_LIST_DEPTH) {
    objects.push(resource);
    return;
  }
  // The items of a typed list do not repeat their kind.
  const itemKind = kind.slice(0, -'List'.length);
  for (const item of items) {
    if (!isObject(item)) continue;
    const known = itemKind === '' || typeof item['kind'] === 'string';
    addObjects(
      known ? item : { ...item, kind: itemKind, apiVersion: resource['apiVersion'] ?? 'v1' },
      objects,
      depth + 1,
    );
  }
}

/** A member that is an object; {} where it is not. */
export function objectAt(object: JsonObject, key: string): JsonObject {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return isObject(value) ? value : {};
}

/** A member that is text; '' where it is not. */
export function textAt(object: JsonObject, key: string): string {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return typeof value === 'string' ? value : '';
}

/** A member that is a list of objects; others are left out. */
export function objectsAt(object: JsonObject, key: string): JsonObject[] {
  const value = Object.hasOwn(object, key) ? object[key] : undefined;
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** A member that is a map of texts, such as labels. */
export function textsAt(object: JsonObject, key: string): Record<string, string> {
  const entries = Object.entries(objectAt(object, key));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
