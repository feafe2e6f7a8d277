import { invalid } from '@tinydocker/shared/errors.js';
import { parseDocument } from '../manifest.js';
import { type Repository, registryError } from './repository.js';
import { readBytes } from './transport.js';

const PAGE_LIMIT = 4 * 1024 * 1024;
const PAGES_LIMIT = 1000;
/** Far more than any registry has: who sends more wants to fill our memory. */
const NAMES_LIMIT = 100_000;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Where the next page is, within the same registry (RFC 8288). */
function nextPage(link: string, from: URL): URL | undefined {
  const target = /<([^>]*)>;\s*rel="?next"?/.exec(link)?.[1];
  if (target === undefined || !URL.canParse(target, from.href)) return undefined;
  const url = new URL(target, from);
  return url.origin === from.origin ? url : undefined;
}

/** Reads a list of names, page by page. `of`: what there is not, where there is none. */
async function listNames(
  repository: Repository,
  start: URL,
  member: string,
  what: string,
  signal?: AbortSignal,
  of = what,
): Promise<string[]> {
  const names: string[] = [];
  let url: URL | undefined = start;
  for (let pages = 0; url && pages < PAGES_LIMIT; pages++) {
    const answer = await repository.send(url, { signal });
    if (answer.status !== 200) throw await registryError(answer, of);
    const { json } = parseDocument(await readBytes(answer, PAGE_LIMIT), what);
    const list = json[member] ?? [];
    if (!Array.isArray(list) || !list.every((name) => typeof name === 'string')) throw invalid(`${what} is malformed`);
    names.push(...(list as string[]));
    if (names.length > NAMES_LIMIT) throw invalid(`${what} has more than ${NAMES_LIMIT} names`);
    url = nextPage(String(answer.headers.link ?? ''), url);
  }
  return names;
}

/** All tags of a repository. @throws EngineError not-found, invalid, unauthorized, forbidden, system */
export async function listTags(repository: Repository, shown: string, signal?: AbortSignal): Promise<string[]> {
  const [url, what, of] = [repository.url('tags/list'), `the list of tags of ${shown}`, `repository ${shown}`];
  const tags = await listNames(repository, url, 'tags', what, signal, of);
  return tags.filter((tag) => TAG.test(tag));
}

/** All repositories of a registry, where it tells. @throws EngineError */
export const listRepositories = (registry: Repository, signal?: AbortSignal): Promise<string[]> =>
  listNames(
    registry,
    new URL(`${registry.endpoint.base}v2/_catalog`),
    'repositories',
    'the catalog of the registry',
    signal,
  );
