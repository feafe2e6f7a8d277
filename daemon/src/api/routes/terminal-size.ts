import { invalid } from '@tinydocker/shared/errors.js';
import type { Static } from 'typebox';
import * as Type from 'typebox';

/** The query of both resize routes. Read by hand: a width that is missing has Docker's sentence. */
export const terminalSize = Type.Object({
  h: Type.Optional(Type.String({ description: 'Rows.' })),
  w: Type.Optional(Type.String({ description: 'Columns.' })),
});

function dimension(name: string, value: string | undefined): number {
  if (!/^\d+$/.test(value ?? '')) throw invalid(`invalid resize ${name} "${value ?? ''}": invalid syntax`);
  const number = Number(value);
  if (number > 65535) throw invalid(`invalid resize ${name} "${value}": value out of range`);
  return number;
}

/** @throws EngineError invalid */
export const terminalSizeOf = (query: Static<typeof terminalSize>): { rows: number; cols: number } => ({
  rows: dimension('height', query.h),
  cols: dimension('width', query.w),
});
