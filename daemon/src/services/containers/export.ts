import { EngineError } from '@tinydocker/shared/errors.js';
import { type ArchiveDeps, type ArchiveTarget, type OutgoingArchive, outgoing, targetArguments } from './archive.js';
import { publishContainer } from './publish.js';
import { askInRoot } from './root.js';

/**
 * A container's whole root as a tar archive. What is mounted in it is not part of it: there are empty directories.
 * @throws EngineError not-found, system: before anything is sent
 */
export async function exportContainer(
  deps: ArchiveDeps,
  nameOrId: string,
  target: ArchiveTarget,
): Promise<OutgoingArchive> {
  const record = deps.containers.resolve(nameOrId);
  const options = { input: true, archive: target.fd, alone: true };
  const { helper, reply } = await askInRoot(deps, record.id, 'export', targetArguments(target), options);
  if (!reply.ok) throw new EngineError('system', reply.error);
  return outgoing(helper, () => publishContainer(deps, record, 'export'));
}
