import { createHash } from 'node:crypto';

const DIGEST = /^sha256:[0-9a-f]{64}$/;

/** Whether this is a digest that content is stored under; whatever else it may be, it never becomes a path. */
export const isDigest = (text: unknown): text is string => typeof text === 'string' && DIGEST.test(text);

export const sha256 = (data: string | Buffer): string => `sha256:${createHash('sha256').update(data).digest('hex')}`;

/**
 * The chain id of every layer: the digest of the chain below it and its own diff id (OCI image specification,
 * "Layer ChainID"). The lowest layer's is its diff id.
 */
export function chainIds(diffIds: readonly string[]): string[] {
  const chain: string[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : sha256(`${below} ${diffId}`));
  }
  return chain;
}
