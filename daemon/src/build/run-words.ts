import { posix } from 'node:path';
import { invalid, notImplemented } from '@tinydocker/shared/errors.js';
import { parseSize } from '@tinydocker/shared/units.js';
import type { Instruction } from './dockerfile.js';
import { type Expansion, expand } from './expand.js';
import { readFlags } from './flags.js';

/** What `RUN --mount` asks for. */
export interface RunMount {
  readonly type: 'bind' | 'cache' | 'tmpfs' | 'secret' | 'ssh';
  /** Absolute; '' where a secret is a variable only. */
  readonly target: string;
  /** The variable that a secret is in. */
  readonly env: string | undefined;
  /** bind: a path below the context, or below `from`; cache: below `from`. */
  readonly source: string;
  /** A stage or an image. */
  readonly from: string | undefined;
  readonly readOnly: boolean;
  /** Of a cache, a secret or an agent. */
  readonly id: string;
  readonly sharing: 'shared' | 'private' | 'locked';
  readonly required: boolean;
  readonly mode: number | undefined;
  readonly uid: number;
  readonly gid: number;
  /** tmpfs: bytes. */
  readonly size: number | undefined;
}

const TYPES = ['bind', 'cache', 'tmpfs', 'secret', 'ssh'] as const;
const KEYS = [
  ...['type', 'target', 'dst', 'destination', 'source', 'src', 'from', 'readonly', 'ro', 'rw', 'readwrite', 'id'],
  ...['sharing', 'required', 'mode', 'uid', 'gid', 'size', 'env'],
];

/** `a=b,"c=d,e",f`: fields of a CSV line. */
function fields(text: string): [string, string | undefined][] {
  return (text.match(/(?:"(?:[^"]|"")*"|[^,])+/g) ?? []).map((field) => {
    const plain = field.startsWith('"') ? field.slice(1, -1).replace(/""/g, '"') : field;
    const at = plain.indexOf('=');
    return at < 0 ? [plain, undefined] : [plain.slice(0, at), plain.slice(at + 1)];
  });
}

function flagOf(values: ReadonlyMap<string, string | undefined>, ...names: string[]): boolean | undefined {
  const name = names.find((one) => values.has(one));
  if (name === undefined) return undefined;
  const value = values.get(name) ?? 'true';
  if (value !== 'true' && value !== 'false' && value !== '1' && value !== '0')
    throw invalid(`invalid value for ${name}: ${value}`);
  return value === 'true' || value === '1';
}

function numberOf(values: ReadonlyMap<string, string | undefined>, name: string, base: 8 | 10): number | undefined {
  const value = values.get(name);
  if (value === undefined) return undefined;
  if (!(base === 8 ? /^[0-7]{1,5}$/ : /^[0-9]{1,10}$/).test(value)) throw invalid(`invalid value for ${name}: ${value}`);
  return Number.parseInt(value, base);
}

const initialTarget = (type: RunMount['type'], id: string): string =>
  type === 'secret' ? `/run/secrets/${id}` : `/run/buildkit/ssh_agent.${id}`;

/** One `--mount`, with variables put in. @param directory what relative targets are in */
export function parseRunMount(text: string, directory: string): RunMount {
  const values = new Map(fields(text));
  for (const key of values.keys()) if (!KEYS.includes(key)) throw invalid(`unexpected key '${key}' in '${text}'`);
  const type = (values.get('type') ?? 'bind') as RunMount['type'];
  if (!TYPES.includes(type)) throw invalid(`unsupported mount type "${type}"`);
  const target = values.get('target') ?? values.get('dst') ?? values.get('destination');
  const source = values.get('source') ?? values.get('src') ?? '';
  const sharing = (values.get('sharing') ?? 'shared') as RunMount['sharing'];
  if (!['shared', 'private', 'locked'].includes(sharing)) throw invalid(`unsupported sharing value "${sharing}"`);
  if (type !== 'secret' && type !== 'ssh' && !target) throw invalid('invalid mount target ""');
  const given = values.get('id');
  const id = given || (type === 'secret' ? posix.basename(source || target || '') : type === 'ssh' ? 'default' : '');
  if (type === 'secret' && !id) throw invalid('one of source, target required');
  const size = values.get('size');
  const env = type === 'secret' && values.has('env') ? values.get('env') || id : undefined;
  if (env !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(env)) throw invalid(`invalid name of a variable: "${env}"`);
  return {
    type,
    target: env !== undefined && !target ? '' : posix.resolve(directory, target ?? initialTarget(type, id)),
    env,
    source,
    from: values.get('from'),
    readOnly: flagOf(values, 'readonly', 'ro') ?? !(flagOf(values, 'rw', 'readwrite') ?? type !== 'bind'),
    id,
    sharing,
    required: flagOf(values, 'required') ?? false,
    mode: numberOf(values, 'mode', 8),
    uid: numberOf(values, 'uid', 10) ?? 0,
    gid: numberOf(values, 'gid', 10) ?? 0,
    size: size === undefined ? undefined : parseSize(size),
  };
}

export interface RunOptions {
  readonly mounts: readonly RunMount[];
  readonly network: 'default' | 'none' | 'host';
}

/** The flags of a RUN. @throws EngineError invalid; not-implemented: --security */
export function parseRun(instruction: Instruction, by: Expansion, directory: string): RunOptions {
  const { texts, lists } = readFlags(instruction, { mount: 'list', network: 'text', security: 'text', device: 'list' });
  const network = (texts.network ?? 'default') as RunOptions['network'];
  if (!['default', 'none', 'host'].includes(network)) throw invalid(`unsupported network mode "${network}"`);
  if (texts.security !== undefined && texts.security !== 'sandbox')
    throw notImplemented(`this engine builds without privileges only (--security=${texts.security})`);
  if (lists.device) throw notImplemented('this engine offers no devices to a build (--device)');
  const mounts = (lists.mount ?? []).map((text) => parseRunMount(expand(text, by), directory));
  return { mounts, network };
}

/** What a RUN takes from other stages, as far as its flags say without variables. */
export function runSources({ flags }: Instruction): string[] {
  return flags
    .filter(({ name }) => name === 'mount')
    .flatMap(({ value }) => new Map(fields(value ?? '')).get('from') ?? []);
}
