import type { HealthConfig } from '@tinydocker/shared/api/common.js';
import type { Health, HealthcheckResult } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';

/*
 * What follows from a health check's configuration and results. Pure: timers and processes are in health-monitor.ts.
 */

const MILLISECOND = 1_000_000;
const SECOND = 1000 * MILLISECOND;
/** How many results are kept. */
const LOG_LENGTH = 5;
const TYPES = ['', 'NONE', 'CMD', 'CMD-SHELL'];

/** A check with all its times in ms. */
export interface HealthPlan {
  command: string[];
  interval: number;
  timeout: number;
  startPeriod: number;
  startInterval: number;
  retries: number;
}

/** The request's check over its image's: what is not named, or 0, is inherited. */
export function mergeHealthcheck(
  request: HealthConfig | null | undefined,
  image: HealthConfig | null | undefined,
): HealthConfig | undefined {
  if (!request || !image) return request ?? image ?? undefined;
  return {
    Test: request.Test?.length ? request.Test : image.Test,
    Interval: request.Interval || image.Interval,
    Timeout: request.Timeout || image.Timeout,
    StartPeriod: request.StartPeriod || image.StartPeriod,
    StartInterval: request.StartInterval || image.StartInterval,
    Retries: request.Retries || image.Retries,
  };
}

/** @throws EngineError invalid, in Docker's words; also for a kind of test that there is not, which Docker would never run */
export function checkHealthcheck(config: HealthConfig | null | undefined): void {
  if (!config) return;
  for (const field of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval'] as const) {
    const value = config[field] ?? 0;
    if (value !== 0 && value < MILLISECOND) throw invalid(`${field} in Healthcheck cannot be less than 1ms`);
  }
  if ((config.Retries ?? 0) < 0) throw invalid('Retries in Healthcheck cannot be negative');
  const [type = '', ...command] = config.Test ?? [];
  if (!TYPES.includes(type)) {
    throw invalid(`Test in Healthcheck has an unknown type ${JSON.stringify(type)}: use one of NONE, CMD or CMD-SHELL`);
  }
  if (type.startsWith('CMD') && command.length === 0)
    throw invalid(`Test in Healthcheck has no command behind ${type}`);
}

/** What is to be run, and when; undefined where there is no check. */
export function healthPlan(
  config: HealthConfig | null | undefined,
  shell: readonly string[] | null | undefined,
): HealthPlan | undefined {
  const [type, ...words] = config?.Test ?? [];
  if ((type !== 'CMD' && type !== 'CMD-SHELL') || words.length === 0) return undefined;
  const ms = (value: number | undefined, byDefault: number) => (value || byDefault) / MILLISECOND;
  return {
    command: type === 'CMD' ? words : [...(shell?.length ? shell : ['/bin/sh', '-c']), ...words],
    interval: ms(config?.Interval, 30 * SECOND),
    timeout: ms(config?.Timeout, 30 * SECOND),
    startPeriod: ms(config?.StartPeriod, 0),
    startInterval: ms(config?.StartInterval, 5 * SECOND),
    retries: config?.Retries || 3,
  };
}

/** ms until the next check. `age`: ms since the container was started. */
export const nextCheckIn = (plan: HealthPlan, health: Health | undefined, age: number): number =>
  age < plan.startPeriod && health?.Status === 'starting' ? plan.startInterval : plan.interval;

/** At each start: what came out before stays to be read. */
export const startingHealth = (before: Health | undefined): Health => ({
  Status: 'starting',
  FailingStreak: 0,
  Log: before?.Log ?? [],
});

/** The health after one more result. `age`: ms from the container's start to the check's. */
export function nextHealth(plan: HealthPlan, health: Health, result: HealthcheckResult, age: number): Health {
  const Log = [...(health.Log ?? []), result].slice(-LOG_LENGTH);
  if (result.ExitCode === 0) return { Status: 'healthy', FailingStreak: 0, Log };
  // Within the start period failures do not count, until it has been well once.
  const counts = health.Status !== 'starting' || age >= plan.startPeriod;
  const FailingStreak = health.FailingStreak + (counts ? 1 : 0);
  const failed = counts && FailingStreak >= plan.retries;
  return { Status: failed ? 'unhealthy' : health.Status, FailingStreak, Log };
}
