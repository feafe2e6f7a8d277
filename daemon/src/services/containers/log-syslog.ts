import { existsSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';

const FACILITIES: Readonly<Record<string, number>> = {
  ...{ kern: 0, user: 1, mail: 2, daemon: 3, auth: 4, syslog: 5, lpr: 6, news: 7, uucp: 8, cron: 9 },
  ...{ authpriv: 10, ftp: 11, local0: 16, local1: 17, local2: 18, local3: 19, local4: 20, local5: 21, local6: 22 },
  ...{ local7: 23 },
};

/** @throws EngineError invalid */
export function syslogFacility(text: string | undefined): number {
  const number = !text ? FACILITIES.daemon! : /^\d{1,2}$/.test(text) ? Number(text) : (FACILITIES[text] ?? -1);
  if (number < 0 || number > 23) throw invalid('invalid syslog facility');
  return number;
}

/** @throws EngineError invalid */
export function syslogFormat(text: string | undefined): string {
  if (!['', 'rfc3164', 'rfc5424', 'rfc5424micro'].includes(text ?? '')) throw invalid('Invalid syslog format');
  return text ?? '';
}

/** Where a machine's own syslog daemon listens. */
const LOCAL = ['/dev/log', '/var/run/syslog', '/var/run/log'];

function inet(scheme: string, rest: string): string {
  const match = /^(\[[^\]]*\]|[^:]*)(?::(\d*))?$/.exec(rest);
  if (!match) throw invalid(`address ${rest}: too many colons in address`);
  const [, host = '', port] = match;
  const address = host === 'localhost' || host === '' ? '127.0.0.1' : host;
  if (!isIP(address.replace(/^\[(.*)\]$/, '$1'))) {
    throw notImplemented(`this engine does not look up the names of syslog servers yet: give "${host}" as an address`);
  }
  const number = Number(port || 514);
  if (number < 1 || number > 65535) throw invalid(`address ${rest}: invalid port`);
  return `${scheme}://${address}:${number}`;
}

/**
 * The address of a syslog daemon in the form that the shim takes.
 * @returns undefined where it is the machine's own, to be looked for at each start
 * @throws EngineError invalid, not-implemented
 */
export function syslogAddress(text: string | undefined): string | undefined {
  if (!text) return undefined;
  const [, scheme = '', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(text) ?? [];
  if (scheme === 'tcp+tls') throw notImplemented('this engine does not offer syslog over TLS (tcp+tls) yet');
  if (scheme === 'tcp' || scheme === 'udp') return inet(scheme, rest.replace(/\/$/, ''));
  if (scheme !== 'unix' && scheme !== 'unixgram') throw invalid(`unsupported scheme: '${scheme}'`);
  const path = rest.replace(/^[^/]*/, '');
  if (path === '' || !existsSync(path)) throw invalid(`stat ${path}: no such file or directory`);
  return `${scheme}://${path}`;
}

/** The machine's own syslog daemon. @throws EngineError invalid: there is none */
export function localSyslog(): string {
  const path = LOCAL.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isSocket());
  if (path) return `unix://${path}`;
  throw invalid(`Unix syslog delivery error: nothing listens at ${LOCAL.join(', ')}`);
}
