/**
 * Files of resources through Linkerd's `inject` and `uninject`: documents in, documents and a report out, as its command line does it
 * (cli/cmd/inject_util.go). What goes wrong with one document spoils its file, and nothing of that file is written.
 */
import { type InjectSettings, ResourceInjector } from '../../workers/inject/linkerd/command-line/inject.ts';
import { ManifestFault, ManifestReader } from '../../workers/inject/linkerd/command-line/manifest.ts';
import {
  injectReport,
  type Report,
  reportOf,
  uninjectReport,
} from '../../workers/inject/linkerd/command-line/report.ts';
import { type UninjectExtent, uninject } from '../../workers/inject/linkerd/command-line/uninject.ts';
import { ResourceError } from '../../workers/kube/resource-decode.ts';
import { marshalGoJson } from '../../workers/template/gojson.ts';
import type { GoValue } from '../../workers/template/value.ts';
import { YamlError } from '../../workers/yaml/error.ts';
import { marshalYaml } from '../../workers/yaml/marshal.ts';
import { parseYamlExact } from '../../workers/yaml/parse.ts';
import type { YamlObject, YamlValue } from '../../workers/yaml/value.ts';
import { ManifestError, splitDocuments } from '../manifests/documents.ts';
import { goYamlMessage } from './go-yaml-message.ts';

export type LinkerdFormat = 'yaml' | 'json';

/** What becomes of a file. */
export interface Transformed {
  readonly ok: boolean;
  /** Without what failed and what comes behind it. */
  readonly text: string;
  /** For stderr: the reports, and errors at the end. */
  readonly report: string;
}

/** What is done with the resources of files, one after another. */
interface Transformer {
  /** The resource as it is written; null: as it came. Throws ManifestFault, ResourceError. */
  transform(value: YamlValue): { readonly resource: YamlObject | null; readonly report: Report };
  report(reports: readonly Report[]): string;
}

const SEPARATOR = '---\n';

export interface InjectOutput {
  readonly format: LinkerdFormat;
  /** Report every check, not only what is noteworthy. */
  readonly verbose: boolean;
}

/** Injects files as `linkerd inject` does: what an earlier injection left is taken out first, and all files make one output and one report. */
export function injectFiles(texts: readonly string[], settings: InjectSettings, output: InjectOutput): Transformed {
  const reader = new ManifestReader();
  const silent = { ...uninjector(reader, 'all'), report: () => '' };
  const clean = transformFiles(texts, silent, 'yaml', reader);
  if (!clean.ok) return { ...clean, text: '' };
  return transformFile(clean.text, injector(reader, settings, output.verbose), output.format, reader);
}

/** Injects files as they are, with a report for each; the first that fails is the last. */
export function injectFilesAsTheyAre(
  texts: readonly string[],
  settings: InjectSettings,
  output: InjectOutput,
): Transformed {
  const reader = new ManifestReader();
  return transformFiles(texts, injector(reader, settings, output.verbose), output.format, reader);
}

/** Takes the injection out of files, with a report for each; the first that fails is the last. */
export function uninjectFiles(texts: readonly string[], extent: UninjectExtent, format: LinkerdFormat): Transformed {
  const reader = new ManifestReader();
  return transformFiles(texts, uninjector(reader, extent), format, reader);
}

function transformFiles(
  texts: readonly string[],
  transformer: Transformer,
  format: LinkerdFormat,
  reader: ManifestReader,
): Transformed {
  let output = '';
  let reports = '';
  for (const text of texts) {
    const { ok, text: made, report } = transformFile(text, transformer, format, reader);
    if (!ok) return { ok, text: output, report: reports + report };
    output += made;
    reports += report;
  }
  return { ok: true, text: output, report: reports };
}

function injector(reader: ManifestReader, settings: InjectSettings, verbose: boolean): Transformer {
  const resources = new ResourceInjector(settings);
  const { values } = settings.revision;
  return {
    transform(value) {
      const manifest = reader.read(value);
      const report = reportOf(manifest, values);
      return { resource: resources.inject(manifest, value, report), report };
    },
    report: (reports) => injectReport(reports, verbose),
  };
}

function uninjector(reader: ManifestReader, extent: UninjectExtent): Transformer {
  return {
    transform(value) {
      const manifest = reader.read(value);
      const report = reportOf(manifest, null);
      return { resource: uninject(manifest, report, extent), report };
    },
    report: uninjectReport,
  };
}

function transformFile(
  text: string,
  transformer: Transformer,
  format: LinkerdFormat,
  reader: ManifestReader,
): Transformed {
  const reports: Report[] = [];
  const errors: string[] = [];
  let output = '';
  try {
    for (const document of splitDocuments(text.replaceAll('\r\n', '\n'))) {
      const value = parse(document.text);
      const result = attempt(errors, () => transformDocument(value, transformer, reader, reports));
      if (result === undefined) continue;
      if (format === 'json') output += `${marshalGoJson((result ?? value) as GoValue)}\n`;
      else output += `${result === null ? document.text : marshalYaml(result)}${SEPARATOR}`;
    }
  } catch (error) {
    // What can not be read ends the file, whatever was wrong before.
    if (!isFault(error)) throw error;
    return failed([error.message]);
  }
  return errors.length > 0 ? failed(errors) : { ok: true, text: output, report: transformer.report(reports) };
}

function failed(errors: readonly string[]): Transformed {
  return { ok: false, text: '', report: `Error transforming resources:\n${errors.join('\n')}` };
}

function parse(text: string): YamlValue {
  try {
    return parseYamlExact(text);
  } catch (error) {
    if (error instanceof YamlError) throw new ManifestFault(`error converting YAML to JSON: ${goYamlMessage(error)}`);
    throw error;
  }
}

/** undefined where it fails, with the message among the errors. */
function attempt<T>(errors: string[], work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!isFault(error)) throw error;
    errors.push(error.message);
    return undefined;
  }
}

function isFault(error: unknown): error is Error {
  return error instanceof ManifestFault || error instanceof ResourceError || error instanceof ManifestError;
}

/** The document as it is written; null: as it came. */
function transformDocument(
  value: YamlValue,
  transformer: Transformer,
  reader: ManifestReader,
  reports: Report[],
): YamlObject | null {
  if (!reader.isList(value)) {
    const { resource, report } = transformer.transform(value);
    reports.push(report);
    return resource;
  }
  const list = reader.readList(value);
  const listReports: Report[] = [];
  const items = list.items.map((item) => {
    const { resource, report } = transformer.transform(item);
    listReports.push(report);
    return resource ?? item;
  });
  reports.push(...listReports);
  return { ...list.head, items };
}
