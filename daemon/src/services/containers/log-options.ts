import { invalid, notImplemented } from '@tinydocker/shared/errors.js';

/** The options of a log driver, as `--log-opt` gives them. */
export type LogOptions = Readonly<Record<string, string>>;

const UNITS: Readonly<Record<string, number>> = { '': 1, b: 1, k: 1e3, m: 1e6, g: 1e9, t: 1e12, p: 1e15 };
const BINARY_UNITS: Readonly<Record<string, number>> = {
  ...{ '': 1, b: 1, k: 2 ** 10, m: 2 ** 20 },
  ...{ g: 2 ** 30, t: 2 ** 40, p: 2 ** 50 },
};

function size(text: string, units: Readonly<Record<string, number>>): number {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)i?b?$/i.exec(text);
  if (!match) throw invalid(`invalid size: '${text}'`);
  return Math.floor(Number(match[1]) * units[match[2]!.toLowerCase()]!);
}

/** `10m` in powers of 1000, as this option has always been read; -1 is no limit, as 0 bytes. */
export function maxSize(text: string): number {
  if (text === '-1') return 0;
  const bytes = size(text, UNITS);
  if (bytes <= 0) throw invalid('max-size must be a positive number');
  return bytes;
}

/** Memory is in powers of 1024. */
export function bufferSize(text: string): number {
  try {
    return size(text, BINARY_UNITS);
  } catch (error) {
    throw invalid(`error parsing option max-buffer-size: ${(error as Error).message}`);
  }
}

export function maxFiles(text: string): number {
  if (!/^[+-]?\d{1,9}$/.test(text)) throw invalid(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`);
  const count = Number(text);
  if (count < 1) throw invalid('max-file cannot be less than 1');
  if (count > 1000) throw invalid('max-file cannot be more than 1000');
  return count;
}

/** What Go's strconv.ParseBool takes; undefined for anything else. */
function boolean(text: string): boolean | undefined {
  if (/^(1|t|T|true|TRUE|True)$/.test(text)) return true;
  return /^(0|f|F|false|FALSE|False)$/.test(text) ? false : undefined;
}

export function flag(text: string): boolean {
  const value = boolean(text);
  if (value === undefined) throw invalid(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`);
  return value;
}

const ATTRIBUTES = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const ROTATION = ['max-size', 'max-file', 'compress'];
const TLS = ['syslog-tls-ca-cert', 'syslog-tls-cert', 'syslog-tls-key', 'syslog-tls-skip-verify'];

/** What each driver takes, beside what all take. */
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  'json-file': [...ROTATION, ...ATTRIBUTES],
  local: ROTATION,
  syslog: ['syslog-address', 'syslog-facility', 'syslog-format', ...ATTRIBUTES],
  journald: ATTRIBUTES,
};
const COMMON = ['mode', 'max-buffer-size', 'cache-disabled', 'cache-max-size', 'cache-max-file', 'cache-compress'];

function checkMode(options: LogOptions): void {
  const { mode } = options;
  if (mode !== undefined && !['', 'blocking', 'non-blocking'].includes(mode)) {
    throw invalid(`logger: logging mode not supported: ${mode}`);
  }
  if (options['max-buffer-size'] === undefined) return;
  if (mode !== 'non-blocking') {
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  }
  bufferSize(options['max-buffer-size']);
}

/** Refuses options that a driver does not know, in Docker's words. @throws EngineError invalid, not-implemented */
export function checkOptions(driver: string, options: LogOptions): void {
  const known = KNOWN[driver] ?? [];
  for (const name of Object.keys(options)) {
    if (known.includes(name) || COMMON.includes(name)) continue;
    if (driver === 'syslog' && TLS.includes(name)) {
      throw notImplemented(`this engine does not offer syslog over TLS (log opt '${name}') yet`);
    }
    const where = driver === 'local' ? 'log driver local' : `${driver} log driver`;
    throw invalid(`unknown log opt '${name}' for ${where}`);
  }
  checkMode(options);
  const disabled = options['cache-disabled'];
  if (disabled !== undefined && boolean(disabled) === undefined) {
    throw invalid(`invalid value for option cache-disabled: ${disabled}`);
  }
}
