/** How Docker's filters take a name: a part of it, or a regular expression. What is not one is taken literally. */
export function textMatcher(pattern: string): (text: string) => boolean {
  if (/^[\w/-]*$/.test(pattern)) return (text) => text.includes(pattern);
  try {
    const expression = new RegExp(pattern);
    return (text) => expression.test(text);
  } catch {
    return (text) => text === pattern;
  }
}
