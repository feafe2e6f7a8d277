/** One line of a user namespace's map: ids from `containerID` on are those from `hostID` on. */
export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

/** The maps of a user namespace. */
export interface UserMap {
  readonly uids: readonly IdMapping[];
  readonly gids: readonly IdMapping[];
}

/** Ids of the host, as /etc/subuid lists them. */
export interface IdRange {
  readonly start: number;
  readonly size: number;
}

/** Of the ids that exist; the one above it means "none". */
export const MAX_ID = 2 ** 32 - 2;

export const overlap = (a: IdRange, b: IdRange): boolean => a.start < b.start + b.size && b.start < a.start + a.size;

/** The ranges behind each other, from id 0 of the namespace on. */
export function mapOf(ranges: readonly IdRange[]): IdMapping[] {
  let next = 0;
  return ranges.map(({ start, size }) => {
    const line = { containerID: next, hostID: start, size };
    next += size;
    return line;
  });
}

/** What ids of the host a map takes. */
export const rangesOf = (map: readonly IdMapping[]): IdRange[] =>
  map.map(({ hostID, size }) => ({ start: hostID, size }));

/** The first so many ids of `pool` that none of `taken` has; undefined where there are not so many in one piece. */
export function firstFree(pool: readonly IdRange[], taken: readonly IdRange[], size: number): IdRange | undefined {
  const sorted = [...taken].sort((a, b) => a.start - b.start);
  for (const range of pool) {
    let start = range.start;
    for (const other of sorted) if (overlap({ start, size }, other)) start = other.start + other.size;
    if (start + size <= range.start + range.size) return { start, size };
  }
  return undefined;
}
