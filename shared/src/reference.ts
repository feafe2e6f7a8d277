import { invalid } from './errors.js';

/** The name of an image, taken apart. */
export interface Reference {
  /** The registry: `docker.io`, `localhost:5000`. */
  domain: string;
  /** The repository within it: `library/busybox`. */
  path: string;
  /** Not there when only a digest was given. */
  tag: string | undefined;
  /** `sha256:<hex>` */
  digest: string | undefined;
  /** In full: `docker.io/library/busybox:latest`. */
  canonical: string;
  /** As people write it: `busybox:latest`. */
  familiar: string;
  /** Without tag and digest, in full and as people write it. */
  name: string;
  familiarName: string;
}

const DEFAULT_DOMAIN = 'docker.io';
const OFFICIAL = 'library/';
const MAX_NAME = 255;

// The grammar of the distribution specification. Each pattern is linear: no two ways to match one text.
const COMPONENT = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;
const ID = /^[0-9a-f]{64}$/;

const malformed = (detail = '') => invalid(`invalid reference format${detail}`);

/** Whether the part before the first slash names a registry: it has a dot, a port or a capital, or is localhost. */
const isDomain = (part: string) => /[.:]/.test(part) || part === 'localhost' || part.toLowerCase() !== part;

/** Takes off a digest and a tag: what is left is the repository. */
function split(text: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  let name = at < 0 ? text : text.slice(0, at);
  let tag: string | undefined;
  const colon = name.lastIndexOf(':');
  // A colon before a slash belongs to the port of the registry.
  if (colon > name.lastIndexOf('/')) {
    tag = name.slice(colon + 1);
    name = name.slice(0, colon);
  }
  return { name, tag, digest };
}

/**
 * Reads the name of an image as Docker does: `busybox` is `docker.io/library/busybox:latest`.
 * @throws EngineError invalid, with Docker's words
 */
export function parseReference(text: string): Reference {
  if (ID.test(text)) {
    throw malformed(`: repository name (${text}) cannot be a 64-byte hexadecimal string`);
  }
  const { name, tag, digest } = split(text);
  if (tag !== undefined && !TAG.test(tag)) throw malformed();
  if (digest !== undefined && !DIGEST.test(digest)) throw malformed();

  const slash = name.indexOf('/');
  const first = name.slice(0, Math.max(slash, 0));
  const hasDomain = slash > 0 && isDomain(first);
  let domain = hasDomain ? first : DEFAULT_DOMAIN;
  let path = hasDomain ? name.slice(slash + 1) : name;
  if (domain === 'index.docker.io') domain = DEFAULT_DOMAIN;
  if (!DOMAIN.test(domain) || path === '') throw malformed();
  if (domain === DEFAULT_DOMAIN && !path.includes('/')) path = OFFICIAL + path;
  if (path.toLowerCase() !== path) throw malformed(`: repository name (${path}) must be lowercase`);
  if (!path.split('/').every((component) => COMPONENT.test(component))) throw malformed();
  if (domain.length + 1 + path.length > MAX_NAME) {
    throw malformed(`: repository name must not be more than ${MAX_NAME} characters`);
  }
  return makeReference(domain, path, tag ?? (digest === undefined ? 'latest' : undefined), digest);
}

/** As parseReference, or undefined where that throws: for what may also be an id. */
export function tryParseReference(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}

/** What an image is kept under: with a digest, a tag says nothing more. */
export const referenceKey = ({ name, digest, canonical }: Reference): string =>
  digest === undefined ? canonical : `${name}@${digest}`;

function makeReference(domain: string, path: string, tag: string | undefined, digest: string | undefined): Reference {
  const name = `${domain}/${path}`;
  const familiarName =
    domain !== DEFAULT_DOMAIN ? name : path.startsWith(OFFICIAL) ? path.slice(OFFICIAL.length) : path;
  const rest = (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
  return { domain, path, tag, digest, name, familiarName, canonical: name + rest, familiar: familiarName + rest };
}
