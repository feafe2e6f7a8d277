import { tryParseReference } from '@tinydocker/shared/reference.js';
import type { Context } from '../../command.js';
import { authHeaders, credentialsFor, serverOfImage } from '../../credentials/credentials.js';
import type { Output } from '../../output/stream.js';
import { showTransfer, TransferView } from '../../output/transfer.js';
import { windowSize } from '../../terminal.js';

export interface PullOptions {
  platform?: string | undefined;
  /** All tags of the repository. */
  all?: boolean;
  /** Where it is shown; undefined: nowhere. */
  output: Output | undefined;
}

/** Pulls an image, with the password that is kept for its registry. @throws ApiError, Failure */
export async function pullImage({ engine, env }: Context, image: string, options: PullOptions): Promise<void> {
  const { platform, all, output } = options;
  const auth = await credentialsFor(env, serverOfImage(image));
  const { name, tag } = takeApart(image);
  const query = { fromImage: name, tag: all ? undefined : tag, platform };
  const reply = await engine.open('POST', '/images/create', { query, headers: authHeaders(auth) });
  const view = output && new TransferView(output, output.isTerminal ? (windowSize()?.columns ?? 80) : undefined);
  await showTransfer(reply, (line) => view?.show(line));
}

/** The repository, and the tag or digest that is meant. */
export function takeApart(image: string): { name: string; tag: string } {
  const at = image.indexOf('@');
  if (at >= 0) return { name: image.slice(0, at).replace(/:[^:/]*$/, ''), tag: image.slice(at + 1) };
  const colon = image.lastIndexOf(':');
  if (colon > image.lastIndexOf('/')) return { name: image.slice(0, colon), tag: image.slice(colon + 1) };
  return { name: image, tag: 'latest' };
}

/** A name with its tag, as people write it; undefined where it is none. */
export const familiarName = (image: string): string | undefined => tryParseReference(image)?.familiar;
