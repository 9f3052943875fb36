/** Which templates a pod gets: its annotation's, else the revision's default ones; an alias stands for several. */
import { TEMPLATES } from './names.ts';
import { type StringMap, stringAt } from './pod.ts';
import { trimSpace } from './strconv.ts';

export interface TemplateChoice {
  readonly defaultTemplates: readonly string[];
  /** Not recursive: an alias of an alias is the name of a template. */
  readonly aliases: ReadonlyMap<string, readonly string[]>;
}

/** Names in the order they apply. They need not exist: that is for the caller to see. */
export function selectTemplates(annotations: StringMap | undefined, choice: TemplateChoice): readonly string[] {
  const annotation = stringAt(annotations, TEMPLATES);
  const names = annotation === undefined ? choice.defaultTemplates : annotation.split(',').map(trimSpace);
  return names.flatMap((name) => choice.aliases.get(name) ?? name);
}
