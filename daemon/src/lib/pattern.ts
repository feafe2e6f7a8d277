import { createContext, Script } from 'node:vm';
import { invalid } from '@tinydocker/shared/errors.js';

/*
 * Patterns that somebody sent, in a request or a Dockerfile: those of Docker are linear in the text, those of JavaScript may take for
 * ever ("^(a+)+$"), and nothing else would be answered meanwhile.
 */

/** ms that all uses of a pattern may take together, while the daemon does nothing else. */
const LIMIT = 250;

const TEST = new Script('expression.test(text)');
const MATCHES = new Script(
  'Array.from(text.matchAll(expression), (match) => [match.index, match.index + match[0].length])',
);

/** Runs a script over one text after the other until the time is over. */
function bounded<T>(expression: RegExp, script: Script): (text: string) => T {
  const sandbox: { expression: RegExp; text?: string } = { expression };
  const context = createContext(sandbox);
  let left = LIMIT;
  return (text) => {
    sandbox.text = text;
    const begun = performance.now();
    try {
      if (left < 1) throw new Error('no time left');
      return script.runInContext(context, { timeout: Math.ceil(left) }) as T;
    } catch {
      left = 0;
      throw invalid(`the pattern ${expression.source} takes too long`);
    } finally {
      left -= performance.now() - begun;
    }
  };
}

/** Whether texts match. @throws EngineError invalid: it takes too long */
export const boundedTest = (expression: RegExp): ((text: string) => boolean) => bounded(expression, TEST);

/** A text with another in the place of what matches. @throws EngineError invalid: it takes too long */
export function boundedReplace(text: string, expression: RegExp, by: string): string {
  const all = expression.global;
  const everywhere = all ? expression : new RegExp(expression, `${expression.flags}g`);
  const found = bounded<[number, number][]>(everywhere, MATCHES)(text);
  let result = '';
  let at = 0;
  for (const [start, end] of all ? found : found.slice(0, 1)) {
    result += text.slice(at, start) + by;
    at = end;
  }
  return result + text.slice(at);
}
