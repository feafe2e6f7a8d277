import { randomBytes } from 'node:crypto';

/** A new identity of a container, an exec or a network: 64 hexadecimal digits, as Docker's. */
export const newId = (): string => randomBytes(32).toString('hex');

/** The twelve digits that people see. */
export const shortId = (id: string): string => id.slice(0, 12);
