import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import { shortId } from '../../lib/ids.js';
import type { ShimLog } from '../../runtime/bundle.js';
import type { LogFiles } from '../../runtime/log-files.js';
import type { ContainerRecord } from '../../store/containers.js';
import { bufferSize, checkOptions, flag, type LogOptions, maxFiles, maxSize } from './log-options.js';
import { localSyslog, syslogAddress, syslogFacility, syslogFormat } from './log-syslog.js';
import { checkPatterns, checkTag, goJson, journalName, logAttributes, renderTag } from './log-tag.js';

const MB = 1024 * 1024;
/**
 * Logs rotate where nothing else is asked for. Ten files of 20 MB hold what 64 MiB of lines of 64 bytes become as JSON, with
 * room to spare (docs/decisions/0013).
 */
const JSON_FILE = { 'max-size': 20 * MB, 'max-file': 10, compress: false };
const LOCAL = { 'max-size': 20 * MB, 'max-file': 5, compress: true };

export const LOG_DRIVERS: readonly string[] = ['journald', 'json-file', 'local', 'none', 'syslog'];
const LATER_DRIVERS = ['gelf', 'fluentd', 'awslogs', 'splunk', 'gcplogs', 'etwlogs'];
/** What attributes may take: a record with them has to fit into one block of a reader. */
const ATTRIBUTES_MAX = 128 * 1024;
const JOURNAL = '/run/systemd/journal/socket';

interface Rotation {
  maxSize: number;
  maxFiles: number;
  compress: boolean;
}

/** How a file of the local format rotates; `prefix` is that of the options: '' or 'cache-'. */
function localRotation(options: LogOptions, prefix: string): Rotation {
  const [size, files, compress] = ['max-size', 'max-file', 'compress'].map((name) => options[prefix + name]);
  const rotation = {
    maxSize: size === undefined ? LOCAL['max-size'] : maxSize(size),
    maxFiles: files === undefined ? LOCAL['max-file'] : maxFiles(files),
    compress: compress === undefined ? LOCAL.compress : flag(compress),
  };
  if (rotation.compress && rotation.maxFiles < 2) {
    throw invalid('compression cannot be enabled when max file count is 1');
  }
  return rotation;
}

function jsonRotation(options: LogOptions): Rotation {
  const rotation = {
    maxSize: options['max-size'] === undefined ? JSON_FILE['max-size'] : maxSize(options['max-size']),
    maxFiles: options['max-file'] === undefined ? JSON_FILE['max-file'] : maxFiles(options['max-file']),
    compress: options.compress === undefined ? JSON_FILE.compress : flag(options.compress),
  };
  if (rotation.compress && (rotation.maxFiles < 2 || rotation.maxSize === 0)) {
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set');
  }
  return rotation;
}

const configOf = (hostConfig: HostConfig): { driver: string; options: LogOptions } => ({
  driver: hostConfig.LogConfig?.Type || 'json-file',
  options: hostConfig.LogConfig?.Config ?? {},
});

/** Checks what LogConfig asks for, as far as it does not depend on a container. @throws EngineError invalid, not-implemented */
export function validateLogConfig(hostConfig: HostConfig): void {
  const { driver, options } = configOf(hostConfig);
  if (driver === 'none') return;
  if (LATER_DRIVERS.includes(driver)) {
    throw notImplemented(
      `this engine does not offer the log driver "${driver}" yet: ${LOG_DRIVERS.join(', ')} it does`,
    );
  }
  if (!LOG_DRIVERS.includes(driver)) {
    throw invalid(`error looking up logging plugin ${driver}: plugin "${driver}" not found`);
  }
  checkOptions(driver, options);
  checkTag(options.tag ?? '');
  checkPatterns(options);
  if (driver === 'json-file') jsonRotation(options);
  else localRotation(options, driver === 'local' ? '' : 'cache-');
  if (driver === 'syslog') {
    syslogAddress(options['syslog-address']);
    syslogFacility(options['syslog-facility']);
    syslogFormat(options['syslog-format']);
  }
}

/** The daemon's driver and options in place of what a request leaves open. */
export function withLogDefaults(
  defaults: { logDriver: string; logOptions: LogOptions },
  hostConfig: HostConfig,
): HostConfig {
  const given = hostConfig.LogConfig;
  const Type = given?.Type || defaults.logDriver;
  const Config = { ...(Type === defaults.logDriver ? defaults.logOptions : {}), ...given?.Config };
  return { ...hostConfig, LogConfig: { Type, Config } };
}

/** Where a container's log can be read; undefined where there is nothing to read. */
export function logFilesOf(deps: Pick<Deps, 'paths'>, record: ContainerRecord): LogFiles | undefined {
  const { driver, options } = configOf(record.hostConfig);
  const base = `${deps.paths.container(record.id)}/${record.id}`;
  if (driver === 'json-file') return { path: `${base}-json.log`, format: 'json' };
  if (driver === 'local') return { path: `${base}-local.log`, format: 'local' };
  if (driver === 'none' || flag(options['cache-disabled'] ?? 'false')) return undefined;
  return { path: `${base}-cached.log`, format: 'local' };
}

/** What inspect calls LogPath: as in Docker, only of json-file. */
export const logPathOf = (deps: Pick<Deps, 'paths'>, record: ContainerRecord): string =>
  configOf(record.hostConfig).driver === 'json-file' ? (logFilesOf(deps, record)?.path ?? '') : '';

function jsonAttributes(options: LogOptions, record: ContainerRecord): string | undefined {
  const attributes = logAttributes(options, record);
  if (options.tag) attributes.set('tag', renderTag(options.tag, record));
  if (attributes.size === 0) return undefined;
  const json = goJson(new Map([...attributes].sort(([a], [b]) => (a < b ? -1 : 1))));
  if (Buffer.byteLength(json) <= ATTRIBUTES_MAX) return json;
  throw invalid(`the labels and variables to be logged take more than ${ATTRIBUTES_MAX / 1024} KiB`);
}

/** A receiver takes the end of a line for the end of a message: an image's words in a tag must not begin one of their own. */
const oneLine = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '_');

function syslogOf(options: LogOptions, record: ContainerRecord): Partial<ShimLog> {
  return {
    address: syslogAddress(options['syslog-address']) ?? localSyslog(),
    facility: syslogFacility(options['syslog-facility']),
    format: syslogFormat(options['syslog-format']),
    utcOffset: -new Date().getTimezoneOffset() * 60,
    hostname: hostname(),
    tag: oneLine(renderTag(options.tag || '{{.ID}}', record)),
  };
}

function journaldOf(options: LogOptions, record: ContainerRecord): Partial<ShimLog> {
  if (!existsSync(JOURNAL)) throw invalid('journald is not enabled on this host');
  const tag = renderTag(options.tag || '{{.ID}}', record);
  // What the engine says of the container counts, whatever the names of its labels are.
  const fields = new Map([
    ...[...logAttributes(options, record)].map(([name, value]) => [journalName(name), value] as const),
    ['CONTAINER_ID', shortId(record.id)],
    ['CONTAINER_ID_FULL', record.id],
    ['CONTAINER_NAME', record.name],
    ['CONTAINER_TAG', tag],
    ['IMAGE_NAME', record.image],
    ['SYSLOG_IDENTIFIER', tag],
  ]);
  return {
    address: `unixgram://${JOURNAL}`,
    fields: [...fields].filter(([name]) => name !== '').map(([name, value]) => `${name}=${value}`),
  };
}

/** What the shim is told of a container's log. @throws EngineError invalid: the receiver is not there */
export function shimLogOf(deps: Pick<Deps, 'paths'>, record: ContainerRecord): ShimLog {
  const { driver, options } = configOf(record.hostConfig);
  if (driver === 'none') return { driver };
  const path = logFilesOf(deps, record)?.path;
  if (driver === 'json-file') {
    return { driver, path, ...jsonRotation(options), attrs: jsonAttributes(options, record) };
  }
  if (driver === 'local') return { driver, path, ...localRotation(options, '') };
  const buffer = options['max-buffer-size'];
  return {
    driver: driver as ShimLog['driver'],
    path,
    ...localRotation(options, 'cache-'),
    bufferSize: buffer === undefined ? undefined : bufferSize(buffer),
    ...(driver === 'syslog' ? syslogOf(options, record) : journaldOf(options, record)),
  };
}
