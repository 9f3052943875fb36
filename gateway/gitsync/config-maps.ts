/** ConfigMaps as `kubectl get configmap -o yaml` prints them: their texts, and where these stand in the file. */
import type { Position } from './problem.ts';
import { isMapping, parseYamlDocuments, type TextPlace } from './yaml-document.ts';

export interface PlacedText {
  readonly text: string;
  readonly place: TextPlace;
}

/** Plain data, so that it can be made in another thread. */
export interface ConfigMapFile {
  readonly configMaps: readonly {
    readonly name: string;
    readonly data: ReadonlyMap<string, PlacedText>;
  }[];
  readonly problems: readonly { readonly message: string; readonly position: Position }[];
}

/** The ConfigMaps of a file, alone, as several documents, or as items of a List. Syntax trees are not kept. */
export function parseConfigMaps(text: string): ConfigMapFile {
  const { documents, problems } = parseYamlDocuments(text);
  const configMaps: ConfigMapFile['configMaps'][number][] = [];
  for (const document of documents) {
    const { value } = document;
    if (!isMapping(value)) continue;
    const items = Array.isArray(value['items']) ? value['items'] : null;
    const candidates =
      items === null ? [{ item: value, path: [] }] : items.map((item, index) => ({ item, path: ['items', index] }));
    for (const { item, path } of candidates) {
      if (!isMapping(item) || item['kind'] !== 'ConfigMap' || !isMapping(item['data'])) continue;
      const metadata = isMapping(item['metadata']) ? item['metadata'] : {};
      const data = new Map<string, PlacedText>();
      for (const [key, each] of Object.entries(item['data'])) {
        if (typeof each === 'string') data.set(key, { text: each, place: document.locateText([...path, 'data', key]) });
      }
      configMaps.push({ name: typeof metadata['name'] === 'string' ? metadata['name'] : '', data });
    }
  }
  return { configMaps, problems };
}
