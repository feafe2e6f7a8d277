import type { HostConfig } from '@tinydocker/shared/api/containers.js';
import { parseSize } from '@tinydocker/shared/units.js';

type Mount = NonNullable<HostConfig['Mounts']>[number];

function flag(key: string, value: string | undefined): boolean {
  if (value === undefined || value === '1' || value === 'true') return true;
  if (value === '0' || value === 'false') return false;
  throw new Error(`invalid value for ${key}: ${value}`);
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
  'volume-nocopy': (mount, on) => {
    mount.VolumeOptions = { ...mount.VolumeOptions, NoCopy: on };
  },
};

/** The fields of one line of comma-separated values: a field in quotes may hold commas. */
function fields(line: string): string[] {
  const found = line.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? [];
  return found.map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field));
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
    if (Object.hasOwn(SWITCHES, key)) SWITCHES[key]!(mount, flag(key, value));
    else if (value === undefined) throw new Error(`invalid field '${field}' must be a key=value pair`);
    else if (Object.hasOwn(SETTERS, key)) SETTERS[key]!(mount, value, key);
    else throw new Error(`unexpected key '${key}' in '${field}'`);
  }
  if (!mount.Target) throw new Error('target is required');
  return mount;
}
