import { invalid } from '@tinydocker/shared/errors.js';
import type { Filters } from '@tinydocker/shared/filters.js';
import { parseDuration, parseTime } from '@tinydocker/shared/units.js';

/**
 * The moment of prune's filter `until`, in ms since 1970: `24h` ago, or a point in time. Undefined where it is not asked for.
 * @throws EngineError invalid
 */
export function untilTime(filters: Filters): number | undefined {
  const [text, ...more] = filters.get('until') ?? [];
  if (text === undefined) return undefined;
  if (more.length > 0) throw invalid("more than one 'until' filter specified");
  if (/^[\d.]+[a-zµμ]/i.test(text)) return Date.now() - parseDuration(text) / 1e6;
  const { seconds, nanos } = parseTime(text);
  return seconds * 1000 + nanos / 1e6;
}
