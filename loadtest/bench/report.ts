/** The text of what was measured. */
import type { Figure, Section } from './figures.ts';

export function reportText(sections: readonly Section[]): string {
  return sections.map(sectionText).join('\n\n');
}

function sectionText({ title, figures, notes }: Section): string {
  const width = Math.max(0, ...figures.map(({ name }) => name.length));
  return [
    title,
    ...figures.map((figure) => `  ${figure.name.padEnd(width)}  ${figureText(figure)}`),
    ...notes.map((note) => `  (${note})`),
  ].join('\n');
}

function figureText({ unit, summary }: Figure): string {
  const { median, lower, upper, count } = summary;
  const middle = `${number(median).padStart(9)}${unit === '' ? '' : ` ${unit}`}`;
  return count < 2 ? middle : `${middle.padEnd(14)} (${number(lower)} to ${number(upper)}, ${count} rounds)`;
}

/** Four digits that mean something. */
function number(value: number): string {
  if (value >= 1_000) return value.toFixed(0);
  return value.toPrecision(value < 1 ? 3 : 4);
}
