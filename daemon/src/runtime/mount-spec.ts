import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { EngineError, invalid } from '@tinydocker/shared/errors.js';
import type { ContainerMount } from '../lib/mount.js';
import { PROPAGATION } from './bind-spec.js';
import { parseIdmap } from './idmap.js';
import { absolutePath, mountDestination, subPath } from './mount-path.js';
import { tmpfsOptions } from './tmpfs.js';

type Mount = NonNullable<NonNullable<HostConfig['Mounts']>[number]>;

const OPTIONS = {
  BindOptions: 'bind',
  VolumeOptions: 'volume',
  ImageOptions: 'image',
  TmpfsOptions: 'tmpfs',
} as const;

const plain = (mount: Mount): Omit<ContainerMount, 'type' | 'source'> => ({
  destination: mountDestination(mount.Target!),
  mode: '',
  rw: !mount.ReadOnly,
  propagation: '',
  recursive: true,
  recursiveReadOnly: true,
});

function bind(mount: Mount): ContainerMount {
  if (!mount.Source) throw invalid('field Source must not be empty');
  const options = mount.BindOptions ?? {};
  const propagation = options.Propagation || 'rprivate';
  if (!PROPAGATION.includes(propagation)) throw invalid(`invalid propagation mode: ${propagation}`);
  if (options.IDMap) parseIdmap(options.IDMap);
  if (options.ReadOnlyForceRecursive && (options.ReadOnlyNonRecursive || options.NonRecursive)) {
    throw invalid('ReadOnlyForceRecursive contradicts ReadOnlyNonRecursive and NonRecursive');
  }
  return {
    ...plain(mount),
    type: 'bind',
    source: absolutePath(mount.Source),
    propagation,
    recursive: !options.NonRecursive,
    recursiveReadOnly: !options.NonRecursive && !options.ReadOnlyNonRecursive,
    createSource: options.CreateMountpoint ?? false,
    ...(options.IDMap && { idmap: options.IDMap }),
  };
}

function volume(mount: Mount): ContainerMount {
  const options = mount.VolumeOptions ?? {};
  const anonymous = !mount.Source;
  if (anonymous && mount.ReadOnly) throw invalid('must not set ReadOnly mode when using anonymous volumes');
  if (anonymous && options.Subpath) throw invalid('must not set Subpath when using anonymous volumes');
  const subpath = options.Subpath ? subPath(options.Subpath, 'volume') : '';
  return {
    ...plain(mount),
    type: 'volume',
    source: mount.Source ?? '',
    mode: 'z',
    anonymous,
    // What an image has at the mount point belongs to the whole of the volume, not to a part.
    fill: !options.NoCopy && subpath === '',
    ...(subpath && { subpath }),
  };
}

function image(mount: Mount): ContainerMount {
  if (!mount.Source) throw invalid('field Source must not be empty');
  const subpath = mount.ImageOptions?.Subpath ? subPath(mount.ImageOptions.Subpath, 'image') : '';
  return {
    ...plain(mount),
    type: 'image',
    source: mount.Source,
    rw: false,
    propagation: 'rprivate',
    ...(subpath && { subpath }),
  };
}

function tmpfs(mount: Mount): ContainerMount {
  if (mount.Source) throw invalid('field Source must not be specified');
  const words = (mount.TmpfsOptions?.Options ?? []).map((pair) => pair.join('='));
  const { SizeBytes, Mode } = mount.TmpfsOptions ?? {};
  if (SizeBytes) words.push(`size=${SizeBytes}`);
  if (Mode) words.push(`mode=${Mode.toString(8)}`);
  if (mount.ReadOnly) words.push('ro');
  return { ...plain(mount), type: 'tmpfs', source: '', options: tmpfsOptions(words.join(',')) };
}

const KINDS: Readonly<Record<string, (mount: Mount) => ContainerMount>> = { bind, volume, image, tmpfs };

/** One entry of HostConfig.Mounts. @throws EngineError invalid */
export function parseMount(mount: Mount): ContainerMount {
  const type = mount.Type ?? '';
  const kind = Object.hasOwn(KINDS, type) ? KINDS[type]! : undefined;
  if (!kind) throw invalid(`invalid mount config for type "${type}": mount type unknown`);
  for (const [field, of] of Object.entries(OPTIONS)) {
    if (of !== type && mount[field as keyof typeof OPTIONS]) {
      throw invalid(`${field} must not be specified on mount type "${type}"`);
    }
  }
  try {
    if (!mount.Target) throw invalid('field Target must not be empty');
    return kind(mount);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw invalid(`invalid mount config for type "${type}": ${error.message}`);
  }
}
