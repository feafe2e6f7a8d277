import { randomFillSync } from 'node:crypto';

const ID_BYTES = 32;

/** Random bytes for the ids to come: one call of the generator costs as much as a hundred ids. */
const pool = Buffer.alloc(ID_BYTES * 128);
let used = pool.length;

/** A new identity of a container, an exec or a network: 64 hexadecimal digits, as Docker's. */
export function newId(): string {
  if (used === pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const id = pool.toString('hex', used, used + ID_BYTES);
  used += ID_BYTES;
  return id;
}

/** The twelve digits that people see. */
export const shortId = (id: string): string => id.slice(0, 12);
