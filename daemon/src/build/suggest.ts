/** Edit distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** ` (did you mean X?)`, where one of the words is near enough to have been meant. */
export function didYouMean(word: string, known: readonly string[]): string {
  const [nearest] = known.map((one) => ({ one, far: distance(word, one) })).sort((a, b) => a.far - b.far);
  return nearest && nearest.far <= 3 && nearest.far < nearest.one.length ? ` (did you mean ${nearest.one}?)` : '';
}
