import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { parseSize } from '@tinydocker/shared/units.js';

type Mount = NonNullable<HostConfig['Mounts']>[number];

function flag(key: string, value: string | undefined): boolean {
  if (value === undefined || value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new Error(`invalid value for ${key}: ${value}`);
}

/** `name=value`; a bare name has an empty value. */
function entry(text: string): Record<string, string> {
  const at = text.indexOf('=');
  return at < 0 ? { [text]: '' } : { [text.slice(0, at)]: text.slice(at + 1) };
}

type Setter = (mount: Mount, value: string, key: string) => void;

const source: Setter = (mount, value) => {
  mount.Source = value;
};
const target: Setter = (mount, value) => {
  mount.Target = value;
};

const SETTERS: Readonly<Record<string, Setter>> = {
  type: (mount, value) => {
    mount.Type = value.toLowerCase();
  },
  source,
  src: source,
  target,
  dst: target,
  destination: target,
  'bind-propagation': (mount, value) => {
    mount.BindOptions = { ...mount.BindOptions, Propagation: value.toLowerCase() };
  },
  'bind-recursive': (mount, value) => {
    const options: Readonly<Record<string, object>> = {
      enabled: {},
      disabled: { NonRecursive: true },
      writable: { ReadOnlyNonRecursive: true },
      readonly: { ReadOnlyForceRecursive: true },
    };
    if (!Object.hasOwn(options, value)) {
      const known = '"enabled", "disabled", "writable", or "readonly"';
      throw new Error(`invalid value for bind-recursive: ${value} (must be ${known})`);
    }
    mount.BindOptions = { ...mount.BindOptions, ...options[value] };
  },
  consistency: (mount, value) => {
    mount.Consistency = value.toLowerCase();
  },
  'image-subpath': (mount, value) => {
    mount.ImageOptions = { ...mount.ImageOptions, Subpath: value };
  },
  'volume-driver': (mount, value) => {
    mount.VolumeOptions = {
      ...mount.VolumeOptions,
      DriverConfig: { ...mount.VolumeOptions?.DriverConfig, Name: value },
    };
  },
  'volume-opt': (mount, value) => {
    const { DriverConfig } = mount.VolumeOptions ?? {};
    const Options = { ...DriverConfig?.Options, ...entry(value) };
    mount.VolumeOptions = { ...mount.VolumeOptions, DriverConfig: { ...DriverConfig, Options } };
  },
  'volume-label': (mount, value) => {
    mount.VolumeOptions = { ...mount.VolumeOptions, Labels: { ...mount.VolumeOptions?.Labels, ...entry(value) } };
  },
  'volume-subpath': (mount, value) => {
    mount.VolumeOptions = { ...mount.VolumeOptions, Subpath: value };
  },
  'tmpfs-size': (mount, value) => {
    mount.TmpfsOptions = { ...mount.TmpfsOptions, SizeBytes: parseSize(value) };
  },
  'tmpfs-mode': (mount, value, key) => {
    if (!/^[0-7]{1,5}$/.test(value)) throw new Error(`invalid value for ${key}: ${value}`);
    mount.TmpfsOptions = { ...mount.TmpfsOptions, Mode: Number.parseInt(value, 8) };
  },
};

/** Options that need no value. */
const SWITCHES: Readonly<Record<string, (mount: Mount, on: boolean) => void>> = {
  readonly: (mount, on) => {
    mount.ReadOnly = on;
  },
  ro: (mount, on) => {
    mount.ReadOnly = on;
  },
  'bind-create-src': (mount, on) => {
    mount.BindOptions = { ...mount.BindOptions, CreateMountpoint: on };
  },
  'bind-nonrecursive': (mount, on) => {
    mount.BindOptions = { ...mount.BindOptions, NonRecursive: on };
  },
  'volume-nocopy': (mount, on) => {
    mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: on };
  },
};

/** The fields of one line of comma-separated values: a field in quotes may hold commas. */
function fields(line: string): string[] {
  const found = line.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? [];
  return found.map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field));
}

const OWN = { bind: 'BindOptions', volume: 'VolumeOptions', tmpfs: 'TmpfsOptions', image: 'ImageOptions' } as const;

/** What contradicts itself, in Docker's words. */
function check(mount: Mount): void {
  const type = mount.Type ?? '';
  if (Object.hasOwn(OWN, type)) {
    for (const [other, field] of Object.entries(OWN)) {
      if (other === type || !mount[field]) continue;
      throw new Error(`cannot mix '${other}-*' options with mount type '${type}'`);
    }
  }
  const { ReadOnlyNonRecursive, ReadOnlyForceRecursive, Propagation } = mount.BindOptions ?? {};
  const word = ReadOnlyNonRecursive ? 'writable' : ReadOnlyForceRecursive ? 'readonly' : undefined;
  const needs = (what: string) =>
    new Error(`option 'bind-recursive=${word}' requires '${what}' to be specified in conjunction`);
  if (word && !mount.ReadOnly) throw needs('readonly');
  if (ReadOnlyForceRecursive && Propagation !== 'rprivate') throw needs('bind-propagation=rprivate');
}

/**
 * Reads a value of --mount: `type=bind,source=/data,target=/data,readonly`.
 * @throws Error
 */
export function parseMount(text: string): Mount {
  const mount: Mount = { Type: 'volume' };
  for (const field of fields(text)) {
    const equals = field.indexOf('=');
    const key = (equals < 0 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals < 0 ? undefined : field.slice(equals + 1);
    // Alone it means the container's user; with a value, a map.
    if (key === 'idmap') mount.BindOptions = { ...mount.BindOptions, IDMap: value || 'user' };
    else if (Object.hasOwn(SWITCHES, key)) SWITCHES[key]!(mount, flag(key, value));
    else if (value === undefined) throw new Error(`invalid field '${field}' must be a key=value pair`);
    else if (Object.hasOwn(SETTERS, key)) SETTERS[key]!(mount, value, key);
    else throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  if (!mount.Target) throw new Error('target is required');
  check(mount);
  return mount;
}
