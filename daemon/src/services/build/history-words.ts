import type { ImageConfig } from '@tinydocker/shared/api/images.js';
import { formatDuration } from '@tinydocker/shared/units.js';

/** A list as Docker's history has it. */
export const listText = (words: readonly string[] | null | undefined): string =>
  `[${(words ?? []).map((word) => JSON.stringify(word)).join(' ')}]`;

const changedEntries = (now: Readonly<Record<string, string>>, before: Readonly<Record<string, string>>): string[] =>
  Object.entries(now)
    .filter(([name, value]) => before[name] !== value)
    .map(([name, value]) => `${name}=${value}`);

const environment = (config: ImageConfig): Record<string, string> =>
  Object.fromEntries((config.Env ?? []).map((entry) => [entry.split('=', 1)[0]!, entry.slice(entry.indexOf('=') + 1)]));

function healthText({ Healthcheck }: ImageConfig): string {
  const { Test, Interval, Timeout, StartPeriod, StartInterval, Retries } = Healthcheck ?? {};
  const times = [Interval, Timeout, StartPeriod, StartInterval].map((time) => formatDuration(time ?? 0));
  return `&{[${(Test ?? []).join(' ')}] ${times.join(' ')} ${Retries ?? 0}}`;
}

/** What an instruction has changed, as Docker's history says it. */
export function describeChange(name: string, rest: string, now: ImageConfig, before: ImageConfig): string {
  switch (name) {
    case 'CMD':
      return listText(now.Cmd);
    case 'ENTRYPOINT':
      return listText(now.Entrypoint);
    case 'ENV':
      return changedEntries(environment(now), environment(before)).join(' ') || rest;
    case 'LABEL':
      return changedEntries(now.Labels ?? {}, before.Labels ?? {}).join(' ') || rest;
    case 'HEALTHCHECK':
      return healthText(now);
    case 'EXPOSE':
      return rest.split(/\s+/).sort().join(' ');
    case 'STOPSIGNAL':
      return now.StopSignal ?? rest;
    case 'USER':
      return now.User ?? rest;
    case 'VOLUME':
      return `[${Object.keys(now.Volumes ?? {}).filter((path) => !before.Volumes?.[path]).join(' ')}]`;
    default:
      return rest;
  }
}
