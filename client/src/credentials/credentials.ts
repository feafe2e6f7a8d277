import type { AuthConfig } from '@tinydocker/shared/api/auth.js';
import { tryParseReference } from '@tinydocker/shared/reference.js';
import { type ConfigFile, configPath, readConfigFile, writeConfigFile } from './config-file.js';
import { eraseSecret, getSecret, storeSecret } from './helper.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Under what Docker keeps the password of its own registry: the address of its first version. */
export const DOCKER_HUB = 'https://index.docker.io/v1/';

/** What stands for a token in the place of a name. */
const TOKEN_NAME = '<token>';

/** Under what the password of a registry is kept: its host. */
export function serverOf(address: string | undefined): string {
  if (!address) return DOCKER_HUB;
  const host = address.replace(/^https?:\/\//, '').split('/', 1)[0]!;
  return host === 'docker.io' || host === 'index.docker.io' || host === 'registry-1.docker.io' ? DOCKER_HUB : host;
}

/** The registry of an image. */
export const serverOfImage = (image: string): string => serverOf(tryParseReference(image)?.domain);

const helperOf = (config: ConfigFile, server: string): string | undefined =>
  config.credHelpers?.[server] || config.credsStore || undefined;

function decode(auth: string): { username: string; password: string } | undefined {
  const text = Buffer.from(auth, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1) return undefined;
  return { username: text.slice(0, colon), password: text.slice(colon + 1).replace(/\0+$/, '') };
}

/** Who we are at a registry; only its name where nobody has logged in. @throws Failure */
export async function credentialsFor(env: Environment, server: string): Promise<AuthConfig> {
  const config = readConfigFile(configPath(env));
  const helper = helperOf(config, server);
  if (helper !== undefined) {
    const secret = await getSecret(helper, server);
    if (!secret) return { serveraddress: server };
    if (secret.Username === TOKEN_NAME) return { serveraddress: server, identitytoken: secret.Secret };
    return { serveraddress: server, username: secret.Username, password: secret.Secret };
  }
  // Older files have addresses where newer ones have hosts.
  const auths = config.auths ?? {};
  const key = Object.keys(auths).find((name) => name === server || serverOf(name) === server);
  const { auth, identitytoken, registrytoken } = (key !== undefined && auths[key]) || {};
  return {
    serveraddress: server,
    ...(auth && decode(auth)),
    ...(identitytoken && { identitytoken }),
    ...(registrytoken && { registrytoken }),
  };
}

/** Keeps who we are. @returns where: in a file that is not encrypted, or with a program that keeps passwords @throws Failure */
export async function keepCredentials(env: Environment, server: string, auth: AuthConfig): Promise<{ file?: string }> {
  const path = configPath(env);
  const config = readConfigFile(path);
  const { username = '', password = '', identitytoken } = auth as { [K in keyof AuthConfig]?: string };
  const helper = helperOf(config, server);
  if (helper !== undefined) {
    const secret = identitytoken
      ? { Username: TOKEN_NAME, Secret: identitytoken }
      : { Username: username, Secret: password };
    await storeSecret(helper, server, secret);
    writeConfigFile(path, { ...config, auths: { ...config.auths, [server]: {} } });
    return {};
  }
  const encoded = Buffer.from(`${username}:${identitytoken ? '' : password}`).toString('base64');
  const stored = { auth: encoded, ...(identitytoken && { identitytoken }) };
  writeConfigFile(path, { ...config, auths: { ...config.auths, [server]: stored } });
  return { file: path };
}

/** Forgets who we are. @returns whether anything was known @throws Failure */
export async function forgetCredentials(env: Environment, server: string): Promise<boolean> {
  const path = configPath(env);
  const config = readConfigFile(path);
  const helper = helperOf(config, server);
  const known = config.auths?.[server] !== undefined;
  if (helper !== undefined) await eraseSecret(helper, server);
  if (!known) return helper !== undefined;
  const { [server]: _, ...auths } = config.auths ?? {};
  writeConfigFile(path, { ...config, auths });
  return true;
}

/** The header by which the daemon is told who we are. */
export const authHeaders = (auth: AuthConfig): Record<string, string> => ({
  'X-Registry-Auth': Buffer.from(JSON.stringify(auth)).toString('base64url'),
});

/** The same for a build, which may need images of any registry: all that we are known at. @throws Failure */
export async function allAuthHeaders(env: Environment): Promise<Record<string, string>> {
  const config = readConfigFile(configPath(env));
  const servers = new Set([...Object.keys(config.auths ?? {}), ...Object.keys(config.credHelpers ?? {})]);
  const known: Record<string, AuthConfig> = {};
  for (const server of servers) known[server] = await credentialsFor(env, server);
  if (servers.size === 0) return {};
  return { 'X-Registry-Config': Buffer.from(JSON.stringify(known)).toString('base64url') };
}
