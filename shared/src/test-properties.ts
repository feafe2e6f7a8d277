import fc from 'fast-check';
import { EngineError, type ErrorKind } from './errors.js';

/* What tests of properties have in common. */

/** The same runs every time, or as many others as are asked for. */
export const runs = process.env.FUZZ_RUNS ? { numRuns: Number(process.env.FUZZ_RUNS) } : { numRuns: 1000, seed: 1 };

/** Runs a parser on something hostile: a result, or a refusal of a kind that tells a client what is wrong with its request. */
export function tamed<T>(parse: () => T, kinds: readonly ErrorKind[] = ['invalid', 'not-implemented']): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof EngineError && kinds.includes(error.kind)) return undefined;
    throw error;
  }
}

/** Texts that are nearly what a parser wants. */
export const nearly = (...words: string[]) =>
  fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 3 })), { maxLength: 12 })
      .map((parts) => parts.join('')),
  );

/** Where bytes are cut; pieces() cuts them, as a connection does. */
export const cuts = fc.array(fc.nat(), { maxLength: 8 });

export function pieces(data: Buffer, where: readonly number[]): Buffer[] {
  const ends = [...new Set(where.map((cut) => cut % (data.length + 1)))].sort((a, b) => a - b);
  return [...ends, data.length].map((end, i) => data.subarray(i === 0 ? 0 : ends[i - 1], end));
}
