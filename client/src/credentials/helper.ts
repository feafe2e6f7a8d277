import { spawn } from 'node:child_process';
import { Failure, messageOf } from '../errors.js';

/** What docker-credential programs say of a registry that they know nothing of. */
const UNKNOWN = /credentials not found in native keychain/;
/** A helper that says more is not believed. */
const OUTPUT_LIMIT = 1024 * 1024;

interface Answer {
  code: number | null;
  output: string;
}

function run(helper: string, verb: 'get' | 'store' | 'erase', input: string): Promise<Answer> {
  const program = `docker-credential-${helper}`;
  return new Promise((resolve, reject) => {
    const child = spawn(program, [verb], { stdio: ['pipe', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (piece: string) => {
      output += piece;
      if (output.length > OUTPUT_LIMIT) child.kill();
    });
    child.stdin.on('error', () => {}); // it has ended without reading
    child.on('error', (error) => reject(new Failure(`cannot run ${program}: ${messageOf(error)}`)));
    child.on('close', (code) => resolve({ code, output }));
    child.stdin.end(input);
  });
}

const failed = (helper: string, { output }: Answer): Failure =>
  new Failure(`error from docker-credential-${helper}: ${output.trim() || 'it says nothing'}`);

/** A name and its secret, as docker-credential-helpers have them. */
export interface Secret {
  Username: string;
  Secret: string;
}

/** Asks a program that keeps passwords; undefined where it has none. @throws Failure */
export async function getSecret(helper: string, server: string): Promise<Secret | undefined> {
  const answer = await run(helper, 'get', server);
  if (answer.code !== 0) {
    if (UNKNOWN.test(answer.output)) return undefined;
    throw failed(helper, answer);
  }
  try {
    const { Username, Secret } = JSON.parse(answer.output) as Partial<Secret>;
    if (typeof Username === 'string' && typeof Secret === 'string') return { Username, Secret };
  } catch {
    // said below
  }
  throw new Failure(`the answer of docker-credential-${helper} cannot be read`);
}

/** @throws Failure */
export async function storeSecret(helper: string, server: string, secret: Secret): Promise<void> {
  const answer = await run(helper, 'store', JSON.stringify({ ServerURL: server, ...secret }));
  if (answer.code !== 0) throw failed(helper, answer);
}

/** @throws Failure */
export async function eraseSecret(helper: string, server: string): Promise<void> {
  const answer = await run(helper, 'erase', server);
  if (answer.code !== 0 && !UNKNOWN.test(answer.output)) throw failed(helper, answer);
}
