import { hostname } from 'node:os';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';
import { shortId } from '../../lib/ids.js';
import { boundedTest } from '../../lib/pattern.js';
import { processArgs } from '../../runtime/spec-process.js';
import type { ContainerRecord } from '../../store/containers.js';
import type { LogOptions } from './log-options.js';

const bareId = (imageId: string): string => imageId.replace(/^sha256:/, '');

/** The fields that Docker's log tags know. */
const FIELDS: Readonly<Record<string, (record: ContainerRecord) => string>> = {
  ID: ({ id }) => shortId(id),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  FullName: ({ name }) => `/${name}`,
  ImageID: ({ imageId }) => shortId(bareId(imageId)),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ image }) => image,
  ContainerID: ({ id }) => id,
  ContainerName: ({ name }) => `/${name}`,
  ContainerImageID: ({ imageId }) => imageId,
  ContainerImageName: ({ image }) => image,
  Command: ({ config }) => processArgs(config).join(' '),
  DaemonName: () => 'tinydocker',
  Hostname: () => hostname(),
};

/** What stands between the braces of a tag. @throws EngineError invalid, not-implemented */
function field(action: string): (record: ContainerRecord) => string {
  const name = /^\s*\.(\w+)\s*$/.exec(action)?.[1];
  if (name === undefined) {
    throw notImplemented(`log opt 'tag': fields such as {{.Name}} are offered, not "{{${action}}}"`);
  }
  const get = FIELDS[name];
  if (get) return get;
  throw invalid(
    `template: log-tag:1:2: executing "log-tag" at <.${name}>: can't evaluate field ${name} in type *logger.Info`,
  );
}

/** Checks a tag without a container. @throws EngineError invalid, not-implemented */
export function checkTag(template: string): void {
  const rest = template.replace(/\{\{(.*?)\}\}/gs, (_, action: string) => {
    field(action);
    return '';
  });
  if (rest.includes('{{')) throw invalid('template: log-tag:1: unclosed action');
}

/** `{{.Name}}/{{.ID}}` of a container. */
export const renderTag = (template: string, record: ContainerRecord): string =>
  template.replace(/\{\{(.*?)\}\}/gs, (_, action: string) => field(action)(record));

/** @throws EngineError invalid */
function pattern(text: string | undefined): ((name: string) => boolean) | undefined {
  if (!text) return undefined;
  try {
    return boundedTest(new RegExp(text));
  } catch (error) {
    throw invalid(`error parsing regexp: ${(error as Error).message}`);
  }
}

/** @throws EngineError invalid */
export function checkPatterns(options: LogOptions): void {
  pattern(options['labels-regex']);
  pattern(options['env-regex']);
}

function pick(from: ReadonlyMap<string, string>, names: string | undefined, matches: ReturnType<typeof pattern>) {
  const listed = new Set(names?.split(','));
  return [...from].filter(([key]) => listed.has(key) || matches?.(key));
}

/** The labels and variables that the options choose, in the order of their names. */
export function logAttributes(options: LogOptions, record: ContainerRecord): Map<string, string> {
  const labels = new Map(Object.entries(record.config.Labels ?? {}));
  const env = new Map(
    (record.config.Env ?? [])
      .filter((entry) => entry.includes('='))
      .map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  const chosen = [
    ...pick(labels, options.labels, pattern(options['labels-regex'])),
    ...pick(env, options.env, pattern(options['env-regex'])),
  ];
  return new Map(chosen.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

/** A name as the journal takes it: capitals, digits and underscores, none of these first. */
export const journalName = (name: string): string =>
  name
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '_')
    .replace(/^_+/, '');

const ESCAPES: Readonly<Record<string, string>> = {
  ...{ '<': '\\u003c', '>': '\\u003e', '&': '\\u0026' },
  ...{ '\u2028': '\\u2028', '\u2029': '\\u2029' },
};

/** A JSON object as Go's encoder writes it, whose readers compare bytes. */
export const goJson = (map: ReadonlyMap<string, string>): string =>
  JSON.stringify(Object.fromEntries(map)).replaceAll(/[<>&\u2028\u2029]/g, (c) => ESCAPES[c]!);
