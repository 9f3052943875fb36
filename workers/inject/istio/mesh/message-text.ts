/**
 * A message as its Go String method prints it: protobuf's text format on one line. Go puts one or two spaces between fields, by a
 * hash of the program's binary so that nobody relies on it; we always put one.
 */
import { formatFloat } from '../../../template/float.ts';
import { compareBytes } from '../../../template/gostring.ts';
import type { FieldSchema, Message, MessageSchema } from './message.ts';
import { fieldValue, isSet } from './message.ts';

/** Writes `config_path:"./etc/istio/proxy" drain_duration:{seconds:45}` and the like; '' for an empty message. */
export function messageText(schema: MessageSchema, message: Message): string {
  const parts: string[] = [];
  for (const field of schema.fields) {
    if (!isSet(message, field)) continue;
    const value = fieldValue(message, field);
    if (field.cardinality === 'repeated') {
      for (const item of value as readonly unknown[]) parts.push(`${field.name}:${elementText(field, item)}`);
    } else if (field.cardinality === 'map') {
      parts.push(...entryTexts(field, value as Readonly<Record<string, unknown>>));
    } else {
      parts.push(`${field.name}:${elementText(field, value)}`);
    }
  }
  return parts.join(' ');
}

function entryTexts(field: FieldSchema, entries: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(entries)
    .sort(compareBytes)
    .map((key) => `${field.name}:{key:${stringText(key)} value:${elementText(field, entries[key])}}`);
}

function elementText(field: FieldSchema, value: unknown): string {
  if (field.message !== null) return `{${messageText(field.message, value as Message)}}`;
  if (field.enum !== null) return field.enum.nameOf.get(value as number) ?? String(value);
  if (field.kind === 'string') return stringText(value as string);
  if (field.kind === 'double') return doubleText(value as number);
  return String(value);
}

function doubleText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return formatFloat(value, 'g', -1);
}

const ESCAPED = /["\\\u0000-\u001f\u007f-\u009f]/g;
const SHORT_ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
]);

function stringText(text: string): string {
  return `"${text.replace(ESCAPED, escapeCharacter)}"`;
}

function escapeCharacter(character: string): string {
  const short = SHORT_ESCAPES.get(character);
  if (short !== undefined) return short;
  const code = character.charCodeAt(0).toString(16);
  return character > '\u007f' ? `\\u${code.padStart(4, '0')}` : `\\x${code.padStart(2, '0')}`;
}
