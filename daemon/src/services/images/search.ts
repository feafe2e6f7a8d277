import type { AuthConfig } from '@tinydocker/shared/api/auth.js';
import type { ImageSearchItem } from '@tinydocker/shared/api/images.js';
import { invalid } from '@tinydocker/shared/errors.js';
import { booleanFilter, parseFilters } from '@tinydocker/shared/filters.js';
import { parseReference } from '@tinydocker/shared/reference.js';
import { parseDocument } from '../../image/manifest.js';
import { connectRegistry } from '../../image/registry/connect.js';
import type { Endpoint } from '../../image/registry/endpoints.js';
import { Repository, registryError } from '../../image/registry/repository.js';
import { listRepositories } from '../../image/registry/tags.js';
import { readBytes } from '../../image/registry/transport.js';
import { type RegistryDeps, registryAccess } from './registry-access.js';

const LIMIT = 100;
const DEFAULT_LIMIT = 25;
const ANSWER_LIMIT = 4 * 1024 * 1024;
const DOCKER_HUB = 'docker.io';
const DOCKER_HUB_SEARCH = 'https://index.docker.io/';

export interface SearchRequest {
  term: string;
  limit?: number;
  filters?: string;
  auth?: AuthConfig | undefined;
}

/** `registry/words` or words for Docker Hub, as Docker takes them apart. */
function takeApart(term: string): { domain: string; words: string } {
  const [first = '', ...rest] = term.split('/');
  const isDomain = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  return isDomain
    ? { domain: parseReference(`${first}/x`).domain, words: rest.join('/') }
    : { domain: DOCKER_HUB, words: term };
}

function readItem(value: unknown): ImageSearchItem[] {
  const item = value as Record<string, unknown>;
  if (typeof item?.name !== 'string') return [];
  return [
    {
      name: item.name,
      description: typeof item.description === 'string' ? item.description : '',
      is_official: item.is_official === true,
      is_automated: item.is_automated === true,
      star_count: Number.isSafeInteger(item.star_count) ? (item.star_count as number) : 0,
    },
  ];
}

/** Asks as Docker does; undefined: the registry has no such answer. */
async function askIndex(
  registry: Repository,
  base: string,
  words: string,
  limit: number,
): Promise<ImageSearchItem[] | undefined> {
  const url = new URL(`${base}v1/search`);
  url.searchParams.set('q', words);
  url.searchParams.set('n', String(limit));
  const answer = await registry.send(url);
  if (answer.status === 404) {
    await answer.body.dump();
    return undefined;
  }
  if (answer.status !== 200) throw await registryError(answer, `Get "${url}"`);
  const { json } = parseDocument(await readBytes(answer, ANSWER_LIMIT), 'the answer to the search');
  return Array.isArray(json.results) ? json.results.flatMap(readItem) : [];
}

/** The names of a registry that hold all the words. */
async function lookThrough(registry: Repository, words: string): Promise<ImageSearchItem[]> {
  const names = await listRepositories(registry);
  return names
    .filter((name) => words.split(/\s+/).every((word) => name.includes(word)))
    .map((name) => ({ name, description: '', is_official: false, is_automated: false, star_count: 0 }));
}

/**
 * Looks for images in a registry: by its search where it has one, else in its list of repositories.
 * @throws EngineError invalid, unauthorized, system
 */
export async function searchImages(deps: RegistryDeps, request: SearchRequest): Promise<ImageSearchItem[]> {
  const filters = parseFilters(request.filters, ['is-automated', 'is-official', 'stars']);
  const limit = request.limit ?? DEFAULT_LIMIT;
  if (limit < 1 || limit > LIMIT) throw invalid(`invalid limit: ${limit} is outside the range of 1 to ${LIMIT}`);
  const stars = (filters.get('stars') ?? []).map((text) => {
    if (!/^\d+$/.test(text)) throw invalid(`invalid filter 'stars=${text}'`);
    return Number(text);
  });
  const official = booleanFilter(filters, 'is-official');
  const automated = booleanFilter(filters, 'is-automated');
  const { domain, words } = takeApart(request.term);
  const access = registryAccess(deps, request.auth);
  const hub: Endpoint = { base: DOCKER_HUB_SEARCH, mirror: false, insecure: false };
  const endpoint = domain === DOCKER_HUB ? hub : await connectRegistry(access, domain);
  const registry = new Repository(endpoint, '', 'pull', access.credentials, access.transport);
  const found = (await askIndex(registry, endpoint.base, words, limit)) ?? (await lookThrough(registry, words));
  return found
    .filter((item) => official === undefined || item.is_official === official)
    .filter((item) => automated === undefined || item.is_automated === automated)
    .filter((item) => stars.every((least) => item.star_count >= least))
    .slice(0, limit)
    .map((item) => (domain === DOCKER_HUB ? item : { ...item, name: `${domain}/${item.name}` }));
}
