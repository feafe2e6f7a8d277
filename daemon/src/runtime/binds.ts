import { posix } from 'node:path';
import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { invalid } from '@tinydocker/shared/errors.js';

/** One mount that the user asked for, as inspect shows it, with what the mount itself needs. */
export interface BindMount {
  source: string;
  destination: string;
  /** The third part of `-v`, as given. */
  mode: string;
  rw: boolean;
  propagation: string;
  /** Mounts below the source come along. */
  recursive: boolean;
  /** Read-only goes for the mounts below as well. */
  recursiveReadOnly: boolean;
  /** `-v` makes a missing source directory, `--mount` only when asked. */
  createSource: boolean;
}

const PROPAGATION = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
const ACCESS = ['ro', 'rw'];
const CONSISTENCY = ['consistent', 'cached', 'delegated'];
const LABEL = ['z', 'Z'];

const absolute = (path: string): string => {
  if (!path.startsWith('/')) throw invalid(`invalid mount path: '${path}' mount path must be absolute`);
  // A trailing slash says nothing, and the kernel's mount table shows none.
  const clean = posix.normalize(path);
  return clean.length > 1 && clean.endsWith('/') ? clean.slice(0, -1) : clean;
};

/** A mount point's path inside the container. @throws EngineError invalid: relative, or the root itself */
export function mountDestination(path: string): string {
  const destination = absolute(path);
  if (destination === '/') throw invalid("invalid specification: destination can't be '/'");
  return destination;
}

/** The words of `-v`'s third part; each group may be named once. */
function parseMode(mode: string): { rw: boolean; propagation: string } {
  let rw = true;
  let propagation = 'rprivate';
  const seen = new Set<readonly string[]>();
  for (const word of mode === '' ? [] : mode.split(',')) {
    const group = [ACCESS, PROPAGATION, CONSISTENCY, LABEL].find((words) => words.includes(word));
    if (!group || seen.has(group)) throw invalid(`invalid mode: ${mode}`);
    seen.add(group);
    if (group === ACCESS) rw = word === 'rw';
    if (group === PROPAGATION) propagation = word;
  }
  return { rw, propagation };
}

/** `-v SOURCE:DESTINATION[:MODE]`. @throws EngineError invalid; not-implemented for volumes */
export function parseBind(bind: string): BindMount {
  const parts = bind.split(':');
  const [source, destination, mode = ''] = parts;
  if (parts.length > 3 || parts.some((part, i) => part === '' && i < 2))
    throw invalid(`invalid volume specification: '${bind}'`);
  const within = (type: string, path: () => string): string => {
    try {
      return path();
    } catch (error) {
      const why = (error as Error).message;
      throw invalid(`invalid volume specification: '${bind}': invalid mount config for type "${type}": ${why}`);
    }
  };
  if (destination === undefined) {
    within('volume', () => mountDestination(source!));
    throw invalid(`invalid volume specification: '${bind}': volumes are not offered yet, name a directory of the host`);
  }
  const options = parseMode(mode);
  if (!source!.startsWith('/'))
    throw invalid(`invalid volume specification: '${bind}': volumes are not offered yet, name a directory of the host`);
  return {
    source: within('bind', () => absolute(source!)),
    destination: within('bind', () => mountDestination(destination)),
    mode,
    ...options,
    recursive: true,
    recursiveReadOnly: true,
    createSource: true,
  };
}

type Mount = NonNullable<NonNullable<HostConfig['Mounts']>[number]>;

/** One entry of HostConfig.Mounts with type bind. @throws EngineError invalid */
export function parseBindMount(mount: Mount): BindMount {
  try {
    if (!mount.Target) throw invalid('field Target must not be empty');
    if (!mount.Source) throw invalid('field Source must not be empty');
    const options = mount.BindOptions ?? {};
    const propagation = options.Propagation || 'rprivate';
    if (!PROPAGATION.includes(propagation)) throw invalid(`invalid propagation mode: ${propagation}`);
    return {
      source: absolute(mount.Source),
      destination: mountDestination(mount.Target),
      mode: '',
      rw: !mount.ReadOnly,
      propagation,
      recursive: !options.NonRecursive,
      recursiveReadOnly: !options.NonRecursive && !options.ReadOnlyNonRecursive,
      createSource: options.CreateMountpoint ?? false,
    };
  } catch (error) {
    throw invalid(`invalid mount config for type "bind": ${(error as Error).message}`);
  }
}

/** Every bind mount of a container, `-v` and `--mount`. @throws EngineError invalid, not-implemented */
export function bindMounts(hostConfig: HostConfig): BindMount[] {
  const binds = (hostConfig.Binds ?? []).map(parseBind);
  for (const mount of hostConfig.Mounts ?? []) if (mount.Type === 'bind') binds.push(parseBindMount(mount));
  return binds;
}
