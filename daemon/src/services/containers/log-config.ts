import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';

/** Bytes of one log file, and how many files there are at most: logs rotate where nothing else is asked for. */
const DEFAULT_MAX_SIZE = 20 * 1024 * 1024;
const DEFAULT_MAX_FILES = 5;

const LATER_DRIVERS = ['local', 'syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk', 'gcplogs', 'etwlogs'];
const LATER_OPTIONS = ['compress', 'labels', 'labels-regex', 'env', 'env-regex', 'tag', 'mode', 'max-buffer-size'];

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };

/** `10m` in powers of 1000, as this option has always been read; -1 is no limit, as 0 bytes. */
function maxSize(text: string): number {
  if (text === '-1') return 0;
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text);
  const bytes = match ? Math.floor(Number(match[1]) * UNITS[match[2]!.toLowerCase()]!) : 0;
  if (bytes <= 0) throw invalid(`invalid value for log opt max-size: '${text}'`);
  return bytes;
}

function maxFiles(text: string): number {
  const count = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw invalid(`invalid value for log opt max-file: '${text}': it has to be at least 1`);
  return count;
}

export type LogSettings = { driver: 'json-file'; maxSize: number; maxFiles: number } | { driver: 'none' };

/** What LogConfig asks for. @throws EngineError invalid, not-implemented */
export function logSettings(hostConfig: HostConfig): LogSettings {
  const type = hostConfig.LogConfig?.Type || 'json-file';
  if (type === 'none') return { driver: 'none' };
  if (LATER_DRIVERS.includes(type)) {
    throw notImplemented(`log driver "${type}" is not offered yet: json-file and none are`);
  }
  if (type !== 'json-file') throw invalid(`error looking up logging plugin ${type}: plugin "${type}" not found`);
  const options = hostConfig.LogConfig?.Config ?? {};
  for (const name of Object.keys(options)) {
    if (name === 'max-size' || name === 'max-file') continue;
    if (LATER_OPTIONS.includes(name)) throw notImplemented(`log opt '${name}' is not offered yet for json-file`);
    throw invalid(`unknown log opt '${name}' for json-file log driver`);
  }
  return {
    driver: 'json-file',
    maxSize: options['max-size'] === undefined ? DEFAULT_MAX_SIZE : maxSize(options['max-size']),
    maxFiles: options['max-file'] === undefined ? DEFAULT_MAX_FILES : maxFiles(options['max-file']),
  };
}
