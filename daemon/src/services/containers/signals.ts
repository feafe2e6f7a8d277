import { constants } from 'node:os';
import { invalid } from '@tinydocker/shared/errors.js';

/** Real-time signals as glibc counts them: the first two are its own (signal(7)). */
const RTMIN = 34;
const RTMAX = 64;

/** The number of a signal's name, with or without SIG; undefined where there is no such name. */
function signalNumber(name: string): number | undefined {
  const known = (constants.signals as Record<string, number>)[`SIG${name}`];
  if (known !== undefined) return known;
  const realtime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (!realtime) return undefined;
  const offset = Number(realtime[3] ?? 0) * (realtime[2] === '-' ? -1 : 1);
  const number = (realtime[1] === 'MIN' ? RTMIN : RTMAX) + offset;
  return number >= RTMIN && number <= RTMAX ? number : undefined;
}

/** `SIGTERM`, `term`, `15`, `RTMIN+3` as a number. @throws EngineError invalid */
export function parseSignal(text: string): number {
  if (/^[+-]?\d+$/.test(text)) {
    const number = Number(text);
    if (number === 0) throw invalid(`invalid signal: ${text}`);
    if (number < 1 || number > RTMAX) throw invalid(`the linux daemon does not support signal ${number}`);
    return number;
  }
  const number = signalNumber(text.toUpperCase().replace(/^SIG/, ''));
  if (number === undefined) throw invalid(`invalid signal: ${text}`);
  return number;
}

/** Whether a word is a signal's number or name. */
export function isSignal(text: string): boolean {
  try {
    return parseSignal(text) > 0;
  } catch {
    return false;
  }
}
