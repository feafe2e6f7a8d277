import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { invalid, notImplemented, unavailable } from '@tinydocker/shared/errors.js';

/**
 * A branch, a tag or a commit. What git would take for an option or for a rule of its own (`..`, `@{`, `:`) is refused
 * (CVE-2019-13139, CVE-2026-44517).
 */
const REF = /^[A-Za-z0-9_][A-Za-z0-9_./+-]*$/;

interface Repository {
  readonly url: string;
  readonly ref: string;
  readonly directory: string;
}

/** ADDRESS[#REF[:DIRECTORY]]. @throws EngineError invalid */
export function parseRepository(text: string): Repository {
  const at = text.indexOf('#');
  const address = at < 0 ? text : text.slice(0, at);
  const fragment = at < 0 ? '' : text.slice(at + 1);
  const colon = fragment.indexOf(':');
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  const directory = colon < 0 ? '' : fragment.slice(colon + 1);
  if (ref !== '' && (!REF.test(ref) || ref.includes('..'))) throw invalid(`invalid git ref: ${JSON.stringify(ref)}`);
  const url = /^github\.com\//i.test(address) ? `https://${address}` : address;
  if (url.startsWith('-') || /[\0-\x20]/.test(url) || /::/.test(url))
    throw invalid(`invalid address of a repository: ${JSON.stringify(address)}`);
  if (directory.includes('\0')) throw invalid('invalid directory of a repository');
  return { url, ref, directory };
}

/** Nothing of this machine's users or of the daemon's own is asked, and no program of the repository run. */
function environment(home: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    HOME: home,
    LANG: 'C',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'http:https:git:ssh',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    ...(process.env.http_proxy && { http_proxy: process.env.http_proxy }),
    ...(process.env.https_proxy && { https_proxy: process.env.https_proxy }),
    ...(process.env.no_proxy && { no_proxy: process.env.no_proxy }),
  };
}

function git(args: readonly string[], cwd: string, home: string, signal: AbortSignal): Promise<void> {
  const options = { cwd, env: environment(home), signal, maxBuffer: 1 << 20 };
  // No hooks, no links to other directories of this machine, no program that a repository names.
  const safe = ['-c', 'core.hooksPath=/dev/null', '-c', 'core.fsmonitor=false', '-c', 'protocol.file.allow=never'];
  return new Promise((resolve, reject) => {
    execFile('git', [...safe, ...args], options, (error, _stdout, stderr) => {
      if (!error) return resolve();
      if (signal.aborted) return reject(signal.reason);
      if ((error as NodeJS.ErrnoException).code === 'ENOENT')
        return reject(notImplemented('a repository cannot be fetched: git is not installed on this machine'));
      const words = stderr.trim().split('\n').at(-1) ?? '';
      reject(unavailable(`git ${args[0]}: ${words || error.message}`));
    });
  });
}

/**
 * Fetches a repository into a directory, which is made, and gives the directory in it that is meant.
 * @throws EngineError invalid: the address; not-implemented: no git; unavailable
 */
export async function cloneRepository(
  text: string,
  directory: string,
  signal: AbortSignal,
  keepGitDirectory: boolean,
): Promise<string> {
  const repository = parseRepository(text);
  const home = `${directory}.home`;
  mkdirSync(directory, { mode: 0o755 });
  mkdirSync(home, { mode: 0o700 });
  try {
    const run = (...args: string[]) => git(args, directory, home, signal);
    await run('init', '--quiet');
    await run('remote', 'add', 'origin', repository.url);
    const ref = repository.ref || 'HEAD';
    // Only some servers give a commit that no branch ends with.
    await run('fetch', '--quiet', '--depth', '1', 'origin', '--', ref).catch(async (error) => {
      signal.throwIfAborted();
      if (!/^[0-9a-f]{7,64}$/.test(ref)) throw error;
      await run('fetch', '--quiet', '--tags', 'origin', '--', '+refs/heads/*:refs/remotes/origin/*');
      await run('update-ref', 'FETCH_HEAD', ref);
    });
    await run('checkout', '--quiet', '--detach', 'FETCH_HEAD');
    await run('submodule', '--quiet', 'update', '--init', '--recursive', '--depth', '1');
    if (!keepGitDirectory) rmSync(join(directory, '.git'), { recursive: true, force: true });
    return repository.directory;
  } finally {
    rmSync(home, { recursive: true, force: true });
  }
}
