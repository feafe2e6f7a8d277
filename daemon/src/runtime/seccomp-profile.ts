import { invalid } from '@tinydocker/shared/errors.js';

/** A condition about one argument of a system call; numbers above 2^53 are digits. */
export interface SyscallCondition {
  index: number;
  value?: number | string;
  valueTwo?: number | string;
  op: string;
}

/** When a rule counts (includes) and when not (excludes). */
export interface RuleFilter {
  arches?: readonly string[] | null;
  /** All of them, of the bounding set; with excludes any of them. */
  caps?: readonly string[] | null;
  /** "4.8". */
  minKernel?: string;
}

export interface SyscallRule {
  names: readonly string[];
  action: string;
  errnoRet?: number | null;
  args?: readonly SyscallCondition[] | null;
  includes?: RuleFilter | null;
  excludes?: RuleFilter | null;
}

/** A profile in Docker's format, of which the one of the OCI runtime specification (linux.seccomp) is a part. */
export interface SeccompProfile {
  defaultAction: string;
  defaultErrnoRet?: number | null;
  architectures?: readonly string[] | null;
  archMap?: readonly { architecture: string; subArchitectures?: readonly string[] | null }[] | null;
  flags?: readonly string[] | null;
  syscalls?: readonly SyscallRule[] | null;
}

const ACTIONS = ['ALLOW', 'ERRNO', 'KILL', 'KILL_PROCESS', 'KILL_THREAD', 'LOG', 'TRACE', 'TRAP'];
const COMPARISONS = ['EQ', 'GE', 'GT', 'LE', 'LT', 'MASKED_EQ', 'NE'];
const ARCHITECTURES =
  'AARCH64 ARM LOONGARCH64 M68K MIPS MIPS64 MIPS64N32 MIPSEL MIPSEL64 MIPSEL64N32 PARISC PARISC64 PPC PPC64 PPC64LE ' +
  'RISCV64 S390 S390X SH SHEB X32 X86 X86_64';
const FLAGS = ['TSYNC', 'LOG', 'SPEC_ALLOW'];
const ERRNO_MAX = 0xffff;
const ARGUMENTS = 6;

const fail = (what: string) => invalid(`Decoding seccomp profile failed: ${what}`);

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function object(value: unknown, what: string): Json {
  if (!isObject(value)) throw fail(`${what} is not an object`);
  return value;
}

function list(value: unknown, what: string): unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw fail(`${what} is not a list`);
  return value;
}

function strings(value: unknown, what: string): string[] {
  return list(value, what).map((entry) => {
    if (typeof entry !== 'string') throw fail(`${what} is not a list of strings`);
    return entry;
  });
}

/** One of the names that begin with `prefix`. */
function word(value: unknown, what: string, prefix: string, known: readonly string[]): string {
  if (value === undefined || value === null || value === '') throw fail(`${what} is missing`);
  if (typeof value !== 'string' || !value.startsWith(prefix) || !known.includes(value.slice(prefix.length))) {
    throw fail(`${what} ${JSON.stringify(value).slice(0, 60)} is not one of ${prefix}{${known.join(', ')}}`);
  }
  return value;
}

function action(value: unknown, what: string): string {
  if (value === 'SCMP_ACT_NOTIFY')
    throw fail(`${what} SCMP_ACT_NOTIFY needs a supervisor, which this engine does not run`);
  return word(value, what, 'SCMP_ACT_', ACTIONS);
}

function errno(value: unknown, what: string): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 0 || value > ERRNO_MAX)
    throw fail(`${what} is not a number from 0 to ${ERRNO_MAX}`);
  return value;
}

function uint64(value: unknown, what: string): number | string {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'string' && BIG.test(value) && BigInt(value) < 2n ** 64n) return value;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw fail(`${what} is not a number of 64 bits`);
}

function condition(value: unknown, rule: string): SyscallCondition {
  const given = object(value, `a condition of ${rule}`);
  const index = given.index ?? 0;
  if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= ARGUMENTS)
    throw fail(
      `index ${JSON.stringify(index)} of a condition of ${rule}: system calls have arguments 0 to ${ARGUMENTS - 1}`,
    );
  return {
    index,
    value: uint64(given.value, `value of a condition of ${rule}`),
    valueTwo: uint64(given.valueTwo, `valueTwo of a condition of ${rule}`),
    op: word(given.op, `op of a condition of ${rule}`, 'SCMP_CMP_', COMPARISONS),
  };
}

function ruleFilter(value: unknown, what: string): RuleFilter | undefined {
  if (value === undefined || value === null) return undefined;
  const given = object(value, what);
  const minKernel = given.minKernel ?? '';
  if (typeof minKernel !== 'string' || !/^(\d{1,6}\.\d{1,6})?$/.test(minKernel))
    throw fail(`invalid kernel version: ${JSON.stringify(minKernel)}, expected "<kernel>.<major>"`);
  return {
    arches: strings(given.arches, `arches of ${what}`),
    caps: strings(given.caps, `caps of ${what}`),
    ...(minKernel && { minKernel }),
  };
}

function rule(value: unknown, index: number): SyscallRule {
  const given = object(value, `rule ${index + 1}`);
  const names = strings(given.names, `names of rule ${index + 1}`);
  if (given.name) {
    if (names.length > 0)
      throw fail("both 'name' and 'names' are specified in the seccomp profile, use either 'name' or 'names'");
    names.push(...strings([given.name], `name of rule ${index + 1}`));
  }
  const what = names.length > 0 ? `rule ${index + 1} (${names[0]!.slice(0, 40)})` : `rule ${index + 1}`;
  return {
    names,
    action: action(given.action, `action of ${what}`),
    errnoRet: errno(given.errnoRet, `errnoRet of ${what}`),
    args: list(given.args, `args of ${what}`).map((entry) => condition(entry, what)),
    includes: ruleFilter(given.includes, `includes of ${what}`),
    excludes: ruleFilter(given.excludes, `excludes of ${what}`),
  };
}

function architectureMap(value: unknown): NonNullable<SeccompProfile['archMap']> {
  const known = ARCHITECTURES.split(' ');
  return list(value, 'archMap').map((entry) => {
    const given = object(entry, 'an entry of archMap');
    return {
      architecture: word(given.architecture, 'architecture', 'SCMP_ARCH_', known),
      subArchitectures: strings(given.subArchitectures, 'subArchitectures').map((name) =>
        word(name, 'architecture', 'SCMP_ARCH_', known),
      ),
    };
  });
}

/** Whole numbers that a double cannot hold. */
const BIG = /^\d{16,20}$/;

/** JSON.parse, but of numbers of 64 bits the digits: a mask is no mask any more when it has been rounded. */
function parseJson(text: string): unknown {
  const exact = text.replace(/"(?:[^"\\]|\\.)*"|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g, (token) =>
    BIG.test(token) ? `"${token}"` : token,
  );
  try {
    return JSON.parse(exact);
  } catch (error) {
    throw fail((error as Error).message);
  }
}

/** Reads a profile, Docker's or the specification's, and checks all of it. @throws EngineError invalid */
export function parseSeccompProfile(text: string): SeccompProfile {
  const given = object(parseJson(text), 'it');
  const architectures = strings(given.architectures, 'architectures').map((name) =>
    word(name, 'architecture', 'SCMP_ARCH_', ARCHITECTURES.split(' ')),
  );
  const archMap = architectureMap(given.archMap);
  if (architectures.length > 0 && archMap.length > 0) {
    throw fail(
      "both 'architectures' and 'archMap' are specified in the seccomp profile, use either 'architectures' or 'archMap'",
    );
  }
  if (given.listenerPath) throw fail('listenerPath needs a supervisor, which this engine does not run');
  return {
    defaultAction: action(given.defaultAction, 'defaultAction'),
    defaultErrnoRet: errno(given.defaultErrnoRet, 'defaultErrnoRet'),
    architectures,
    archMap,
    flags: strings(given.flags, 'flags').map((name) => word(name, 'flag', 'SECCOMP_FILTER_FLAG_', FLAGS)),
    syscalls: list(given.syscalls, 'syscalls').map(rule),
  };
}
