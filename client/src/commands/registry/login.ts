import type { AuthResponse } from '@tinydocker/shared/api/auth.js';
import { defineCommand } from '../../command.js';
import { credentialsFor, DOCKER_HUB, keepCredentials, serverOf } from '../../credentials/credentials.js';
import { Failure } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import type { Output } from '../../output/stream.js';
import { ask, readAll } from './ask.js';

interface Given {
  username?: string | undefined;
  password?: string | undefined;
  'password-stdin': boolean;
}

async function whoIsIt(
  flags: Given,
  server: string,
  known: string | undefined | null,
  stdout: Output,
): Promise<[string, string]> {
  const { username, password } = flags;
  if (flags['password-stdin']) {
    if (password !== undefined) throw new Failure('--password and --password-stdin are mutually exclusive');
    if (!username) throw new Failure('Must provide --username with --password-stdin');
    return [username, (await readAll()).replace(/\r?\n$/, '')];
  }
  if (username && password) return [username, password];
  if (!process.stdin.isTTY) {
    throw new Failure(
      'Cannot perform an interactive login from a non TTY device: use --username with --password-stdin',
    );
  }
  if (server === DOCKER_HUB) stdout.write('Log in with your Docker ID to push and pull images from Docker Hub.\n');
  const name = username || (await ask(stdout, known ? `Username (${known}): ` : 'Username: ')) || known || '';
  if (name === '') throw new Failure('Username cannot be empty');
  const secret = password || (await ask(stdout, 'Password: ', true));
  if (secret === '') throw new Failure('Password cannot be empty');
  return [name, secret];
}

export const command = defineCommand({
  names: ['login'],
  usage: '[OPTIONS] [SERVER]',
  summary: 'Authenticate to a registry',
  examples: [
    ['tdctl login registry.example.com', 'Asks for name and password'],
    ['tdctl login -u me --password-stdin registry.example.com <token', 'In a script'],
  ],
  flags: {
    password: text('Password or Personal Access Token (PAT)', 'p'),
    'password-stdin': bool('Take the Password or Personal Access Token (PAT) from stdin'),
    username: text('Username', 'u'),
  },
  args: { min: 0, max: 1 },
  async run({ engine, env, stdout, stderr }, { flags, args }) {
    const server = serverOf(args[0]);
    if (flags.password !== undefined) {
      stderr.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
    }
    const before = await credentialsFor(env, server);
    const [username, password] = await whoIsIt(flags, server, before.username, stdout);
    const auth = { username, password, serveraddress: server };
    const { Status, IdentityToken } = await engine.post<AuthResponse>('/auth', undefined, auth);
    const kept = IdentityToken ? { username, identitytoken: IdentityToken } : auth;
    const { file } = await keepCredentials(env, server, kept);
    if (file !== undefined) {
      stderr.write(
        `\nWARNING! Your credentials are stored unencrypted in '${file}'.\nConfigure a credential helper to remove this warning.\n\n`,
      );
    }
    stdout.write(`${Status}\n`);
  },
});
