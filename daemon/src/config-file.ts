import { readFileSync } from 'node:fs';

/** What the user got wrong; the message is all there is to say about it. */
export class ConfigError extends Error {}

/** Flags and the configuration file, by one name each: that of daemon.json. */
export interface Settings {
  hosts?: string[];
  'data-root'?: string;
  'exec-root'?: string;
  pidfile?: string;
  group?: string;
  'log-level'?: string;
  debug?: boolean;
  labels?: string[];
  'log-driver'?: string;
  'log-opts'?: Record<string, string>;
}

type Kind = 'string' | 'boolean' | 'strings' | 'map';

/** What daemon.json may hold. */
const DIRECTIVES: Readonly<Record<keyof Settings, Kind>> = {
  hosts: 'strings',
  'data-root': 'string',
  'exec-root': 'string',
  pidfile: 'string',
  group: 'string',
  'log-level': 'string',
  debug: 'boolean',
  labels: 'strings',
  'log-driver': 'string',
  'log-opts': 'map',
};

const matches: Readonly<Record<Kind, (value: unknown) => boolean>> = {
  string: (value) => typeof value === 'string',
  boolean: (value) => typeof value === 'boolean',
  strings: (value) => Array.isArray(value) && value.every((v) => typeof v === 'string'),
  map: (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((v) => typeof v === 'string'),
};

const DESCRIPTION: Readonly<Record<Kind, string>> = {
  string: 'a string',
  boolean: 'true or false',
  strings: 'a list of strings',
  map: 'an object of strings',
};

/**
 * Reads daemon.json. The default one need not be there, one that was asked for must be.
 * @throws ConfigError naming the file and what is wrong in it
 */
export function readConfigFile(path: string, required: boolean): Settings {
  const fail = (what: string) => new ConfigError(`unable to configure the daemon with file ${path}: ${what}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' && !required) return {};
    throw fail(code === 'ENOENT' ? 'no such file' : message);
  }
  if (text.trim() === '') return {};
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw fail('it must hold one JSON object');
  const unknown = Object.keys(json).filter((name) => !Object.hasOwn(DIRECTIVES, name));
  if (unknown.length > 0) {
    throw fail(`the following directives don't match any configuration option: ${unknown.join(', ')}`);
  }
  for (const [name, value] of Object.entries(json)) {
    const kind = DIRECTIVES[name as keyof Settings];
    if (!matches[kind](value)) throw fail(`${name} must be ${DESCRIPTION[kind]}`);
  }
  return json as Settings;
}
