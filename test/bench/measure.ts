import { readdirSync, readFileSync } from 'node:fs';

/** Milliseconds that something takes. */
export async function milliseconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/**
 * Measures several ways in turns, so that a drift of the machine meets all of them, after one round that does not
 * count. @returns the medians, in the order of the ways
 */
export async function inTurns(rounds: number, ways: (() => unknown)[]): Promise<number[]> {
  const times = ways.map(() => [] as number[]);
  for (const way of ways) await way();
  for (let round = 0; round < rounds; round++) {
    for (const [i, way] of ways.entries()) times[i]!.push(await milliseconds(way));
  }
  return times.map(median);
}

export interface Memory {
  /** Proportional set size: shared pages count by their share. KiB. */
  pss: number;
  /** Pages that nobody else has. KiB. */
  own: number;
}

/** Memory of all processes whose command line fits, added up. */
export function memoryOf(fits: (commandLine: string, pid: number) => boolean): Memory {
  const sum = { pss: 0, own: 0 };
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const commandLine = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (commandLine === '' || Number(pid) === process.pid || !fits(commandLine, Number(pid))) continue;
      const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
      const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
      sum.pss += field('Pss');
      sum.own += field('Private_Clean') + field('Private_Dirty');
    } catch {} // the process has ended meanwhile
  }
  return sum;
}
