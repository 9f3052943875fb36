/** Values without what is a pod's own in them: a pod's name within a value must not make it another value for each pod. Pure. */

/** Who was injected, as reports count and name it. */
export interface Subject {
  /** Of the example, such as `shop/web`. */
  readonly name: string;
  readonly namespace: string;
  /** `NAMESPACE/WORKLOAD`: what pods are counted together by. */
  readonly workload: string;
  /** What may occur in values, by the word that takes its place. */
  readonly names: Readonly<Record<string, readonly string[]>>;
}

const WORD_CHARACTER = /[A-Za-z0-9]/;

/** Replaces whole occurrences of the subject's names by `{pod}`, `{workload}`, `{namespace}` and the like; longer names first, of equal ones the first. */
export function patternOf(value: string, names: Subject['names']): string {
  const all = Object.entries(names).flatMap(([word, texts]) => texts.map((text) => [`{${word}}`, text] as const));
  const longestFirst = all.filter(([, text]) => text !== '').sort(([, a], [, b]) => b.length - a.length);
  return longestFirst.reduce((pattern, [word, text]) => replaceWords(pattern, text, word), value);
}

function replaceWords(value: string, text: string, word: string): string {
  let result = '';
  let done = 0;
  for (let at = value.indexOf(text); at >= 0; at = value.indexOf(text, at + text.length)) {
    const after = at + text.length;
    if (isWord(value[at - 1]) || isWord(value[after])) continue;
    result += value.slice(done, at) + word;
    done = after;
  }
  return result + value.slice(done);
}

/** A brace belongs to a word that was put in before. */
function isWord(character: string | undefined): boolean {
  return character !== undefined && (WORD_CHARACTER.test(character) || character === '{' || character === '}');
}
