import { invalid } from '@tinydocker/shared/errors.js';

/** What an image is made for, in Go's words. */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** Other names of machines, as people and kernels know them (containerd's platforms package). */
const ALIASES: Readonly<Record<string, readonly [architecture: string, variant?: string]>> = {
  x86_64: ['amd64'],
  'x86-64': ['amd64'],
  i386: ['386'],
  i686: ['386'],
  aarch64: ['arm64'],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
};
const NODE_ARCHITECTURES: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', ia32: '386' };
const WORD = /^[A-Za-z0-9_.-]+$/;
/** Go's names of operating systems that images are made for. */
const SYSTEMS = ['linux', 'windows', 'darwin', 'freebsd'];

/** This machine. */
export const HOST: Platform = { os: 'linux', architecture: NODE_ARCHITECTURES[process.arch] ?? process.arch };

export const showPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, ...(variant ? [variant] : [])].join('/');

/**
 * Reads `linux/arm64/v8`, `arm64`, `linux`.
 * @throws EngineError invalid
 */
export function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split('/');
  if (parts.length > 3 || !parts.every((part) => WORD.test(part))) {
    throw invalid(`"${text}" is an invalid platform: write os/architecture/variant`);
  }
  if (parts.length === 1) {
    const [word = ''] = parts;
    return SYSTEMS.includes(word) ? { ...HOST, os: word } : { os: 'linux', ...machine(word) };
  }
  return { os: parts[0]!, ...machine(parts[1]!, parts[2]) };
}

/**
 * Reads the API's own form, JSON of an OCI platform: `{"os":"linux","architecture":"amd64"}`.
 * @throws EngineError invalid
 */
export function parsePlatformJson(text: string): Platform {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw invalid(`failed to parse platform: ${(error as Error).message}`);
  }
  const members = (value ?? {}) as Partial<Record<keyof Platform, unknown>>;
  const { os = '', architecture = '', variant = '' } = members;
  if (typeof members !== 'object' || ![os, architecture, variant].every((member) => typeof member === 'string')) {
    throw invalid(`failed to parse platform: ${text} is not an object of strings`);
  }
  if (os === '' || architecture === '') throw invalid('both OS and Architecture must be provided');
  return { os, architecture, ...(variant !== '' && { variant }) } as Platform;
}

/** Either form: clients of 1.48 and later send JSON, a person writes `linux/amd64`. @throws EngineError invalid */
export const parsePlatformOption = (text: string): Platform =>
  text.startsWith('{') ? parsePlatformJson(text) : parsePlatform(text);

function machine(name: string, given?: string): Omit<Platform, 'os'> {
  const [architecture, variant] = ALIASES[name] ?? [name];
  const chosen = given ?? variant;
  return { architecture, ...(chosen !== undefined && { variant: chosen }) };
}

/** Every arm64 is a v8, and an amd64 without more a v1. */
const DEFAULT_VARIANT: Readonly<Record<string, string>> = { arm64: 'v8', amd64: 'v1' };
const variantOf = ({ architecture, variant }: Platform): string => variant || DEFAULT_VARIANT[architecture] || '';

/** Whether what is made for `offered` is what was asked for; a variant that nobody asks for is no difference. */
export function matchesPlatform(wanted: Platform, offered: Partial<Platform> | undefined): boolean {
  if (!offered || offered.os !== wanted.os || offered.architecture !== wanted.architecture) return false;
  return wanted.variant === undefined || variantOf(wanted) === variantOf(offered as Platform);
}

/** Of those that match, the one with the very variant, else the first. */
export function choosePlatform<T extends { platform?: Partial<Platform> }>(
  wanted: Platform,
  offers: readonly T[],
): T | undefined {
  const matching = offers.filter(({ platform }) => matchesPlatform(wanted, platform));
  const exact = ({ platform }: T) => variantOf(wanted) === variantOf(platform as Platform);
  return matching.find(exact) ?? matching[0];
}
