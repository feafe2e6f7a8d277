/** Docker's tables: columns at least ten wide, three spaces apart, the last one as long as it is. */
const MIN_WIDTH = 10;
const PADDING = 3;

const widthOf = (cell: string): number => [...cell].length;

/** Lays lines of cells out in columns at least so wide, a newline after each. */
export function table(rows: readonly (readonly string[])[], minWidth = MIN_WIDTH): string {
  const widths: number[] = [];
  for (const row of rows) {
    // The last cell of a line is not part of a column.
    row.slice(0, -1).forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? minWidth, widthOf(cell) + PADDING);
    });
  }
  return rows
    .map((row) =>
      row.map((cell, i) => (i === row.length - 1 ? cell : cell + ' '.repeat(widths[i]! - widthOf(cell)))).join(''),
    )
    .map((line) => `${line}\n`)
    .join('');
}
