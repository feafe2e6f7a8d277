import type { Readable } from 'node:stream';
import { EngineError, unavailable } from '@tinydocker/shared/errors.js';
import type { Deps } from '../../deps.js';
import type { LayerHelper } from '../../kernel/layer-helper.js';
import { type PathStat, parseContainerPath, pathArguments, pathError, pathStat, type StatReply } from './path-stat.js';
import { publishContainer } from './publish.js';
import { askInRoot, hasMounts, type RootDeps } from './root.js';

export type ArchiveDeps = RootDeps & Pick<Deps, 'events' | 'locks'>;

/** Where an archive goes: td-layer writes to the client's connection itself. */
export interface ArchiveTarget {
  fd: number;
  /** In HTTP's chunked coding; the last, empty chunk is the caller's. */
  chunked: boolean;
}

/** An archive that is ready to be sent. Either is to be called. */
export interface OutgoingArchive {
  /** Sends it all. @throws EngineError where it could not be sent, or not whole */
  send(): Promise<void>;
  /** Ends it, at any time: nobody wants it any more. */
  cancel(): void;
}

/** The second half of a verb that writes an archive: it waits for a byte, and says when all is written. */
export function outgoing(helper: LayerHelper, sent: () => void): OutgoingArchive {
  return {
    async send() {
      helper.input.end('\n');
      try {
        const reply = await helper.reply();
        if (!reply.ok) throw new EngineError('system', reply.error);
        sent();
      } finally {
        await helper.close();
      }
    },
    cancel() {
      helper.kill();
      void helper.close();
    },
  };
}

export const targetArguments = ({ chunked }: ArchiveTarget): string[] => (chunked ? ['chunked'] : []);

/**
 * What lies at a path of a container, as a tar archive.
 * @throws EngineError not-found (container, path), invalid, system: before anything is sent
 */
export async function readContainerPath(
  deps: ArchiveDeps,
  nameOrId: string,
  given: string | undefined,
  target: ArchiveTarget,
): Promise<OutgoingArchive & { stat: PathStat }> {
  const path = parseContainerPath(given);
  const record = deps.containers.resolve(nameOrId);
  const args = [...pathArguments(path), ...targetArguments(target)];
  const options = { input: true, archive: target.fd };
  const { helper, reply } = await askInRoot<StatReply>(deps, record.id, 'archive', args, options);
  if (!reply.ok) throw pathError(reply, nameOrId, given);
  const archive = outgoing(helper, () => publishContainer(deps, record, 'archive-path'));
  return { ...archive, stat: pathStat(path, reply) };
}

export interface ExtractOptions {
  /** A directory takes no other file's place, nor the other way round. */
  noOverwriteDirNonDir?: boolean;
  /** All belongs to the container's user. */
  copyUIDGID?: boolean;
}

/** Feeds what a client sends to the helper, until one of them has enough. */
async function feed(helper: LayerHelper, body: Readable): Promise<Awaited<ReturnType<LayerHelper['reply']>>> {
  const gone = new Promise<never>((_resolve, reject) => {
    const vanished = () => reject(unavailable('the client has gone before the end of its archive'));
    body.on('error', vanished);
    body.on('close', () => {
      if (!body.readableEnded) vanished();
    });
  });
  body.pipe(helper.input);
  try {
    return await Promise.race([helper.reply(), gone]);
  } finally {
    body.unpipe(helper.input);
    body.resume(); // what comes after an error is read and forgotten, so that the client reads the answer
    helper.kill();
    await helper.close();
  }
}

/**
 * Extracts an archive into a directory of a container.
 * @param body undefined: an empty one
 * @throws EngineError not-found (container, path), invalid (no directory, read-only, the archive), unavailable (the client), system
 */
export async function writeContainerPath(
  deps: ArchiveDeps,
  nameOrId: string,
  given: string | undefined,
  options: ExtractOptions,
  body: Readable | undefined,
): Promise<void> {
  const { path } = parseContainerPath(given);
  const { id } = deps.containers.resolve(nameOrId);
  const extract = async (): Promise<'done' | 'gone'> => {
    const record = deps.containers.resolve(id);
    const owner = options.copyUIDGID ? record.config.User : '';
    const args = [
      'path',
      path,
      ...(options.noOverwriteDirNonDir ? ['keep-kind'] : []),
      ...(owner ? ['owner', owner] : []),
    ];
    const { helper, reply: ready } = await askInRoot(deps, id, 'extract', args, { input: true, write: true });
    if (!ready.ok && ready.kind === 'gone') return 'gone';
    if (!ready.ok) throw pathError(ready, nameOrId, given);
    if (!body) helper.input.end();
    const reply = body ? await feed(helper, body) : await helper.reply().finally(() => helper.close());
    if (!reply.ok) throw pathError(reply, nameOrId, given);
    publishContainer(deps, record, 'extract-to-dir');
    return 'done';
  };
  if (hasMounts(deps.containers.resolve(id)) && (await extract()) === 'done') return;
  // Two mounts of one writable layer, the container's and this one, would not know of each other.
  await deps.locks.run(id, extract);
}
