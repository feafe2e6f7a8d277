import type { Readable } from 'node:stream';
import type { ApiClient } from './api.js';
import { type TarEntry, tar } from './tar.js';

/** What a line of the answer to a build says. */
interface Message {
  stream?: string;
  step?: { index: number; total: number; text: string; state: string; line?: number; exitCode?: number };
  aux?: { ID: string };
  error?: string;
  errorDetail?: { code?: number; message: string };
}

export interface Built {
  status: number;
  /** All that it said. */
  text: string;
  /** '' where it failed. */
  id: string;
  error: string | undefined;
  code: number | undefined;
  /** How each counted step ended, by its text. */
  steps: Record<string, string>;
  messages: Message[];
}

/** Parameters; `t` may be several. */
export type BuildQuery = Record<string, string | number | boolean | undefined | string[]>;

/** Names of files and what is in them, or entries of an archive. */
export type ContextFiles = Record<string, string> | TarEntry[];

export const contextTar = (dockerfile: string | undefined, files: ContextFiles = {}): Buffer => {
  const entries = Array.isArray(files) ? files : Object.entries(files).map(([name, content]) => ({ name, content }));
  return tar([...(dockerfile === undefined ? [] : [{ name: 'Dockerfile', content: dockerfile }]), ...entries]);
};

/** Sends an archive to be built. */
export async function buildArchive(
  api: ApiClient,
  archive: Buffer | Readable | undefined,
  query: BuildQuery = {},
  headers: Record<string, string> = {},
): Promise<Built> {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query))
    for (const one of Array.isArray(value) ? value : [value]) if (one !== undefined) search.append(name, String(one));
  const reply = await api.call('POST', `/build?${search}`, {
    ...(archive && { raw: archive }),
    headers: { 'content-type': 'application/x-tar', ...headers },
  });
  if (reply.status !== 200) {
    const empty = { text: '', id: '', code: undefined, steps: {}, messages: [] };
    return { ...empty, status: reply.status, error: reply.message };
  }
  const messages = reply.text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line) as Message);
  const ended = messages.flatMap(({ step }) =>
    step && step.state !== 'started' ? [[step.text, step.state] as const] : [],
  );
  const failure = messages.find(({ error }) => error !== undefined);
  return {
    status: reply.status,
    text: messages.map(({ stream }) => stream ?? '').join(''),
    id: messages.findLast(({ aux }) => aux)?.aux?.ID ?? '',
    error: failure?.error,
    code: failure?.errorDetail?.code,
    steps: Object.fromEntries(ended),
    messages,
  };
}

/** Builds a Dockerfile with the files of its context. */
export const build = (
  api: ApiClient,
  dockerfile: string,
  files: ContextFiles = {},
  query: BuildQuery = {},
  headers: Record<string, string> = {},
): Promise<Built> => buildArchive(api, contextTar(dockerfile, files), query, headers);
