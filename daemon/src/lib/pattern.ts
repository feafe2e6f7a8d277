import { createContext, Script } from 'node:vm';
import { invalid } from '@tinydocker/shared/errors.js';

/** ms that all uses of a pattern may take together, while the daemon does nothing else. */
const LIMIT = 250;

const matching = new Script('expression.test(text)');

/**
 * How a pattern that somebody sent is to be used: Docker's are linear in the text, those of JavaScript may take for ever
 * ("^(a+)+$"), and nothing else would be answered meanwhile.
 * @throws EngineError invalid: it takes too long
 */
export function boundedTest(expression: RegExp): (text: string) => boolean {
  const sandbox: { expression: RegExp; text?: string } = { expression };
  const context = createContext(sandbox);
  let left = LIMIT;
  return (text) => {
    sandbox.text = text;
    const begun = performance.now();
    try {
      if (left < 1) throw new Error('no time left');
      return matching.runInContext(context, { timeout: Math.ceil(left) }) as boolean;
    } catch {
      left = 0;
      throw invalid(`the pattern ${expression.source} takes too long`);
    } finally {
      left -= performance.now() - begun;
    }
  };
}
