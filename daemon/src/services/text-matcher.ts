import { boundedTest } from '../lib/pattern.js';

/** How Docker's filters take a name: a part of it, or a regular expression. What is not one is taken literally. */
export function textMatcher(pattern: string): (text: string) => boolean {
  if (/^[\w/-]*$/.test(pattern)) return (text) => text.includes(pattern);
  try {
    return boundedTest(new RegExp(pattern));
  } catch {
    return (text) => text === pattern;
  }
}
