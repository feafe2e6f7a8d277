import type { HealthConfig } from '@tinydocker/shared/api/common.js';
import type { RestartPolicy } from '@tinydocker/shared/api/containers.js';
import { Failure } from '../../errors.js';
import type { CreateFlags } from './create-flags.js';

/**
 * `always`, `on-failure:3`. Which policies there are is the daemon's to say.
 * @throws Failure with the exit code of whoever asks
 */
export function parseRestartPolicy(text: string | undefined, exitCode: number): RestartPolicy | undefined {
  if (text === undefined || text === '') return undefined;
  const colon = text.indexOf(':');
  const [name, count] = colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
  const invalid = (why: string) => new Failure(`invalid restart policy format: ${why}`, exitCode);
  if (name === '') throw invalid('no policy provided before colon');
  if (count !== undefined && !/^[+-]?\d+$/.test(count)) throw invalid('maximum retry count must be an integer');
  return { Name: name, MaximumRetryCount: Number(count ?? 0) };
}

/** `--restart` of a new container. @throws Failure */
export function restartPolicy(flags: CreateFlags): RestartPolicy | undefined {
  const policy = parseRestartPolicy(flags.restart, 125);
  if (policy && flags.rm && policy.Name !== 'no') {
    throw new Failure('conflicting options: cannot specify both --restart and --rm', 125);
  }
  return policy;
}

/** The health check that the flags ask for; undefined where they say nothing. @throws Failure */
export function healthcheck(flags: CreateFlags): HealthConfig | undefined {
  const times = {
    Interval: flags['health-interval'],
    Timeout: flags['health-timeout'],
    StartPeriod: flags['health-start-period'],
    StartInterval: flags['health-start-interval'],
    Retries: flags['health-retries'],
  };
  const command = flags['health-cmd'];
  const asked = (command !== undefined && command !== '') || Object.values(times).some((value) => value);
  if (flags['no-healthcheck']) {
    if (asked) throw new Failure('--no-healthcheck conflicts with --health-* options', 125);
    return { Test: ['NONE'] };
  }
  if (!asked) return undefined;
  for (const [flag, value] of [
    ['--health-interval', times.Interval],
    ['--health-timeout', times.Timeout],
    ['--health-retries', times.Retries],
    ['--health-start-period', times.StartPeriod],
    ['--health-start-interval', times.StartInterval],
  ] as const) {
    if ((value ?? 0) < 0) throw new Failure(`${flag} cannot be negative`, 125);
  }
  return { Test: command ? ['CMD-SHELL', command] : undefined, ...times };
}
