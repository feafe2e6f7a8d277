import { invalid } from '@tinydocker/shared/errors.js';
import type { ContainerMount } from '../lib/mount.js';
import { IDMAP_USER, parseIdmap } from './idmap.js';
import { absolutePath, mountDestination } from './mount-path.js';

export const PROPAGATION = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const ACCESS = ['ro', 'rw'];
const CONSISTENCY = ['consistent', 'cached', 'delegated', 'default'];
const LABEL = ['z', 'Z'];
const COPY = ['nocopy'];
const IDMAP = ['idmap'];
const GROUPS = [ACCESS, PROPAGATION, CONSISTENCY, LABEL, COPY, IDMAP];

interface Mode {
  rw: boolean;
  propagation: string | undefined;
  copy: boolean;
  idmap: string | undefined;
}

/** The words of `-v`'s third part; each group may be named once. @throws EngineError invalid */
export function parseMode(mode: string): Mode {
  const found: Mode = { rw: true, propagation: undefined, copy: true, idmap: undefined };
  const seen = new Set<readonly string[]>();
  for (const word of mode === '' ? [] : mode.split(',')) {
    const [name = '', ...value] = word.split('=');
    const group = GROUPS.find((words) => words.includes(name));
    if (name === 'U') {
      throw invalid(
        `invalid mode: ${mode}: files of the host are not given another owner here; "idmap" shows them as another's`,
      );
    }
    if (!group || seen.has(group) || (value.length > 0 && group !== IDMAP)) throw invalid(`invalid mode: ${mode}`);
    seen.add(group);
    if (group === ACCESS) found.rw = word === 'rw';
    if (group === PROPAGATION) found.propagation = word;
    if (group === COPY) found.copy = false;
    if (group === IDMAP) found.idmap = value.length > 0 ? value.join('=') : IDMAP_USER;
  }
  if (found.idmap !== undefined) parseIdmap(found.idmap);
  return found;
}

/** What words of the mode mean nothing for a volume or for a directory of the host, as Docker says it. */
function checkWords(type: 'bind' | 'volume', mode: Mode): void {
  const field = type === 'bind' ? (mode.copy ? undefined : 'VolumeOptions') : mode.propagation && 'BindOptions';
  if (field) throw invalid(`field ${field} must not be specified`);
  if (type === 'volume' && mode.idmap !== undefined) {
    throw invalid('the files of a volume are shown as they are: "idmap" is for directories of the host');
  }
}

const modeOnly = (text: string): boolean => {
  try {
    parseMode(text);
    return true;
  } catch {
    return false;
  }
};

/** `-v SOURCE:DESTINATION[:MODE]`; a source without a slash at its beginning names a volume. @throws EngineError invalid */
export function parseBind(bind: string): ContainerMount {
  const parts = bind.split(':');
  const [source, destination, text = ''] = parts;
  const malformed = parts.length > 3 || parts.some((part, i) => part === '' && i < 2);
  if (malformed || (parts.length === 2 && modeOnly(destination!)))
    throw invalid(`invalid volume specification: '${bind}'`);
  const mode = parseMode(text);
  const type = source!.startsWith('/') ? 'bind' : 'volume';
  try {
    // A lone path is an anonymous volume on it.
    const anonymous = destination === undefined;
    if (!anonymous) checkWords(type, mode);
    return {
      type: anonymous ? 'volume' : type,
      source: anonymous ? '' : type === 'bind' ? absolutePath(source!) : source!,
      destination: mountDestination(destination ?? source!),
      mode: text || (type === 'volume' ? 'z' : ''),
      rw: mode.rw,
      propagation: type === 'bind' ? (mode.propagation ?? 'rprivate') : '',
      recursive: true,
      recursiveReadOnly: true,
      ...(type === 'bind' && !anonymous ? { createSource: true } : { fill: mode.copy, anonymous }),
      ...(mode.idmap !== undefined && { idmap: mode.idmap }),
    };
  } catch (error) {
    const kind = destination === undefined ? 'volume' : type;
    const why = (error as Error).message;
    throw invalid(`invalid volume specification: '${bind}': invalid mount config for type "${kind}": ${why}`);
  }
}
