import { isIP } from 'node:net';
import { ConfigError, type Settings } from './config-file.js';
import type { RegistrySettings } from './image/registry/endpoints.js';

/** dockerd's defaults. */
const DOWNLOADS = 3;
const UPLOADS = 5;
const ATTEMPTS = 5;

const DOCKER_HUB = 'docker.io';
const HOST = /^([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:\d+)?$/;

/** `https://host[:port][/path]`. */
function checkMirror(url: string): string {
  let parsed: URL | undefined;
  try {
    parsed = new URL(url);
  } catch {
    // said below
  }
  const plain = parsed && !parsed.username && !parsed.password && !parsed.search && !parsed.hash;
  if (!plain || !/^https?:$/.test(parsed!.protocol)) {
    throw new ConfigError(
      `invalid mirror: ${JSON.stringify(url)} (write https://host or http://host, without a password)`,
    );
  }
  return url;
}

function checkInsecure(entry: string): string {
  const [address = '', bits] = entry.split('/');
  const version = isIP(address);
  const network = version > 0 && /^\d{1,3}$/.test(bits ?? '') && Number(bits) <= (version === 6 ? 128 : 32);
  if (!HOST.test(entry) && isIP(entry) === 0 && !network) {
    throw new ConfigError(`insecure registry ${entry} is not valid: write host:port or a network such as 10.0.0.0/8`);
  }
  return entry;
}

/** What is said about registries. @throws ConfigError */
export function registriesOf(settings: Settings): RegistrySettings {
  const mirrors: Record<string, string[]> = {};
  for (const [name, urls] of Object.entries(settings.mirrors ?? {})) {
    if (!HOST.test(name)) throw new ConfigError(`mirrors: ${JSON.stringify(name)} is not the name of a registry`);
    mirrors[name] = urls.map(checkMirror);
  }
  const hub = (settings['registry-mirrors'] ?? []).map(checkMirror);
  if (hub.length > 0) mirrors[DOCKER_HUB] = [...hub, ...(mirrors[DOCKER_HUB] ?? [])];
  return {
    insecure: (settings['insecure-registries'] ?? []).map(checkInsecure),
    mirrors,
    downloads: settings['max-concurrent-downloads'] ?? DOWNLOADS,
    uploads: settings['max-concurrent-uploads'] ?? UPLOADS,
    attempts: settings['max-download-attempts'] ?? ATTEMPTS,
  };
}
