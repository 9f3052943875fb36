/** What in a text looks like a secret, and the text without it. Pure. */
import { RE2JS } from 're2js';

/** Stands where something was taken out. */
export const REDACTED = 'REDACTED';

/** Words in the name of what holds a secret: variables, headers, arguments, annotations, members. */
const SECRET_NAME =
  /pass(?:word|wd|phrase)|\bpwd\b|_pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|authorization|cookie|session|signature/i;

/**
 * What no secret is without, by form and by sign. Nearly all texts have none of it, and these words are found much sooner than what
 * is around them.
 */
const HINT =
  /private[-_ ]?key|eyJ|AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|AIza|k_live_|bearer|basic|:\/\/|pass(?:word|wd|phrase)|secret|token|api[-_]?key|access[-_]?key|credential/i;

/** What is a secret by its form, wherever it stands; of those with a group, the group goes. */
const SECRET_FORMS: readonly RE2JS[] = [
  // PEM
  '-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?',
  // JSON web tokens
  'eyJ[A-Za-z0-9_-]{8,}\\.[A-Za-z0-9_-]{8,}\\.?[A-Za-z0-9_-]*',
  // AWS, GitHub, GitLab, Slack, Google, Stripe
  '\\b(?:AKIA|ASIA)[A-Z0-9]{16}\\b',
  '\\bgh[pousr]_[A-Za-z0-9]{20,}',
  '\\bgithub_pat_[A-Za-z0-9_]{20,}',
  '\\bglpat-[A-Za-z0-9_-]{16,}',
  '\\bxox[abeprs]-[A-Za-z0-9-]{10,}',
  '\\bAIza[A-Za-z0-9_-]{30,}',
  '\\b[rs]k_live_[A-Za-z0-9]{16,}',
].map((form) => RE2JS.compile(form));

/** `Bearer …`, and the user and password of a URL: what goes before stays. */
const AFTER_SIGN: readonly RE2JS[] = [
  '(?i)(\\b(?:bearer|basic)\\s+)[A-Za-z0-9._~+/-]{8,}=*',
  '([a-z][a-z0-9+.-]*://)[^\\s/@:]+:[^\\s/@]+@',
  // `--password=…`, `token: …`, `"apiKey":"…"`
  '(?i)((?:pass(?:word|wd|phrase)|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credentials?)["\']?\\s*[=:]\\s*["\']?)[^\\s"\',;&}]+',
].map((form) => RE2JS.compile(form));

/** A longer text is not searched but goes as a whole. */
export const MAX_SEARCHED_LENGTH = 64 * 1024;

/** Whether what has this name is a secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** The text with what looks like a secret replaced; the very text where nothing does. */
export function redactText(text: string): string {
  if (text.length > MAX_SEARCHED_LENGTH) return REDACTED;
  if (!HINT.test(text)) return text;
  const formless = SECRET_FORMS.reduce((rest, form) => form.matcher(rest).replaceAll(REDACTED), text);
  return AFTER_SIGN.reduce((rest, form) => form.matcher(rest).replaceAll(`$1${REDACTED}`), formless);
}
