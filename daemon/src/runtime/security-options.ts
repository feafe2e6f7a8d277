import { invalid } from '@tinydocker/shared/errors.js';

/** HostConfig.SecurityOpt, read. What is undefined was not asked for. */
export interface SecurityOptions {
  /** unconfined, builtin, or a profile as JSON. */
  seccomp?: string;
  /** unconfined, or the name of a profile. */
  apparmor?: string;
  /** disable, or parts of a label: user:, role:, type:, level:. */
  labels: string[];
  noNewPrivileges?: boolean;
  writableCgroups?: boolean;
}

/** As Go's strconv.ParseBool, which clients know. */
const BOOLEANS: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...['1', 't', 'T', 'true', 'TRUE', 'True'].map((word) => [word, true]),
  ...['0', 'f', 'F', 'false', 'FALSE', 'False'].map((word) => [word, false]),
]);

const FLAGS = { 'no-new-privileges': 'noNewPrivileges', 'writable-cgroups': 'writableCgroups' } as const;

function read(options: SecurityOptions, option: string): boolean {
  if (option === 'disable') return options.labels.push('disable') > 0;
  const [, key = '', value] = /^([a-z-]+)(?:[=:](.*))?$/s.exec(option) ?? [];
  if (key === 'no-new-privileges' || key === 'writable-cgroups') {
    const wanted = value === undefined ? true : BOOLEANS[value];
    if (wanted !== undefined) options[FLAGS[key]] = wanted;
    return wanted !== undefined;
  }
  if (value === undefined) return false;
  if (key === 'label') options.labels.push(value);
  else if (key === 'seccomp') options.seccomp = value;
  else if (key === 'apparmor') options.apparmor = value;
  else return false;
  return true;
}

/** @throws EngineError invalid, naming the option that is none */
export function parseSecurityOptions(given: readonly string[] | null | undefined): SecurityOptions {
  const options: SecurityOptions = { labels: [] };
  for (const option of given ?? [])
    if (!read(options, option)) throw invalid(`invalid --security-opt: "${option.slice(0, 80)}"`);
  return options;
}
