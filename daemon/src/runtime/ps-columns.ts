import type { ProcessFacts } from '../kernel/proc.js';

/** What a table of processes is made from, besides the process. */
export interface PsContext {
  /** Seconds since 1970. */
  now: number;
  /** When the machine started, seconds since 1970. */
  bootTime: number;
  /** Clock ticks a second. */
  hertz: number;
  /** KiB of the machine. */
  memory: number;
  userName(uid: number): string;
  groupName(gid: number): string;
}

/** A process with its command line; undefined: it cannot be read. */
export interface PsProcess extends ProcessFacts {
  args: string[] | undefined;
}

interface PsColumn {
  title: string;
  value(process: PsProcess, context: PsContext): string;
}

const two = (n: number): string => String(n).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const startOf = (p: PsProcess, c: PsContext): number => c.bootTime + p.startTicks / c.hertz;
const cpuSeconds = (p: PsProcess, c: PsContext): number => Math.floor(p.ticks / c.hertz);

/** As ps(1): [days-]hh:mm:ss */
export function clock(seconds: number): string {
  const days = Math.floor(seconds / 86_400);
  const rest = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  return days > 0 ? `${days}-${rest}` : rest;
}

/** As ps(1): [[days-]hh:]mm:ss */
function elapsed(seconds: number): string {
  return seconds < 3600 ? `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}` : clock(seconds);
}

/** As ps(1): the time of today, the day of this year, the year. */
export function startedAt(start: number, now: number): string {
  const [then, today] = [new Date(start * 1000), new Date(now * 1000)];
  if (then.getFullYear() !== today.getFullYear()) return String(then.getFullYear());
  if (then.toDateString() === today.toDateString()) return `${two(then.getHours())}:${two(then.getMinutes())}`;
  return `${MONTHS[then.getMonth()]}${two(then.getDate())}`;
}

/** Percent of one CPU over its life. */
function cpuPercent(p: PsProcess, c: PsContext): number {
  const lived = c.now - startOf(p, c);
  return lived > 0 ? (p.ticks / c.hertz / lived) * 100 : 0;
}

/** Names of terminals as the host knows them; devices.txt of the kernel has their numbers. */
export function terminalName(device: number): string {
  const major = (device >> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >> 12) & 0xfff00);
  if (major >= 136 && major <= 143) return `pts/${(major - 136) * 256 + minor}`;
  if (major === 4) return minor < 64 ? `tty${minor}` : `ttyS${minor - 64}`;
  return '?';
}

/** ps cuts what is longer than eight characters. */
const shortName = (name: string): string => (name.length > 8 ? `${name.slice(0, 7)}+` : name);

function stateOf(p: PsProcess): string {
  const nice = p.nice < 0 ? '<' : p.nice > 0 ? 'N' : '';
  const more = [p.locked > 0 && 'L', p.session === p.pid && 's', p.threads > 1 && 'l', p.foreground === p.pgrp && '+'];
  return p.state + nice + more.filter(Boolean).join('');
}

/** One line, whatever is in it. */
const printable = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');

const nameOf = (p: PsProcess): string => printable(p.comm) + (p.state === 'Z' ? ' <defunct>' : '');

function commandOf(p: PsProcess): string {
  const line = printable((p.args ?? []).join(' '));
  if (line !== '') return line;
  return `[${printable(p.comm)}]${p.state === 'Z' ? ' <defunct>' : ''}`;
}

const column = (title: string, value: PsColumn['value']): PsColumn => ({ title, value });

const user = (title: string) => column(title, (p, c) => shortName(c.userName(p.uid)));
const group = (title: string) => column(title, (p, c) => shortName(c.groupName(p.gid)));
const args = (title: string) => column(title, commandOf);
const name = (title: string) => column(title, nameOf);
const tty = (title: string) => column(title, (p) => terminalName(p.tty));
const time = column('TIME', (p, c) => clock(cpuSeconds(p, c)));
const cpu = column('%CPU', (p, c) => Math.min(cpuPercent(p, c), 999).toFixed(1));
const mem = column('%MEM', (p, c) => ((p.resident / c.memory) * 100).toFixed(1));
const stime = (title: string) => column(title, (p, c) => startedAt(startOf(p, c), c.now));
const number = (title: string, value: (p: PsProcess) => number) => column(title, (p) => String(value(p)));

/** The columns of ps -o that we know ourselves. */
const COLUMNS: Readonly<Record<string, PsColumn>> = {
  pid: number('PID', (p) => p.pid),
  ppid: number('PPID', (p) => p.ppid),
  pgid: number('PGID', (p) => p.pgrp),
  pgrp: number('PGRP', (p) => p.pgrp),
  sid: number('SID', (p) => p.session),
  sess: number('SESS', (p) => p.session),
  user: user('USER'),
  uname: user('USER'),
  euser: user('EUSER'),
  uid: number('UID', (p) => p.uid),
  euid: number('EUID', (p) => p.uid),
  group: group('GROUP'),
  egroup: group('EGROUP'),
  gid: number('GID', (p) => p.gid),
  egid: number('EGID', (p) => p.gid),
  c: column('C', (p, c) => String(Math.min(99, Math.floor(cpuPercent(p, c))))),
  pcpu: cpu,
  '%cpu': cpu,
  pmem: mem,
  '%mem': mem,
  vsz: number('VSZ', (p) => p.virtual),
  vsize: number('VSZ', (p) => p.virtual),
  rss: number('RSS', (p) => p.resident),
  rssize: number('RSS', (p) => p.resident),
  tty: tty('TT'),
  tt: tty('TT'),
  tname: tty('TTY'),
  stat: column('STAT', stateOf),
  s: column('S', (p) => p.state),
  state: column('S', (p) => p.state),
  stime: stime('STIME'),
  start_time: stime('START'),
  time,
  cputime: time,
  etime: column('ELAPSED', (p, c) => elapsed(Math.max(0, Math.floor(c.now - startOf(p, c))))),
  etimes: column('ELAPSED', (p, c) => String(Math.max(0, Math.floor(c.now - startOf(p, c))))),
  nlwp: number('NLWP', (p) => p.threads),
  thcount: number('THCNT', (p) => p.threads),
  ni: number('NI', (p) => p.nice),
  nice: number('NI', (p) => p.nice),
  psr: number('PSR', (p) => p.processor),
  comm: name('COMMAND'),
  ucmd: name('CMD'),
  ucomm: name('COMMAND'),
  cmd: args('CMD'),
  args: args('COMMAND'),
  command: args('COMMAND'),
};

/** ps -ef, Docker's default. */
const FULL: readonly PsColumn[] = [
  user('UID'),
  ...['pid', 'ppid', 'c', 'stime'].map((key) => COLUMNS[key]!),
  tty('TTY'),
  time,
  args('CMD'),
];

/** Minutes without hours, as BSD has them. */
const bsdTime = column('TIME', (p, c) => {
  const seconds = cpuSeconds(p, c);
  return `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
});

/** ps aux. */
const BSD: readonly PsColumn[] = [
  ...['user', 'pid', '%cpu', '%mem', 'vsz', 'rss'].map((key) => COLUMNS[key]!),
  tty('TTY'),
  ...['stat', 'start_time'].map((key) => COLUMNS[key]!),
  bsdTime,
  args('COMMAND'),
];

/** Words of a list of columns; undefined where one of them is not known here, or is to have another heading. */
function listed(list: string): readonly PsColumn[] | undefined {
  const columns = list.split(',').map((word) => (Object.hasOwn(COLUMNS, word) ? COLUMNS[word] : undefined));
  return columns.every((one) => one !== undefined) ? (columns as PsColumn[]) : undefined;
}

/**
 * The columns that arguments of ps ask for, in the forms that people use: -ef, aux, -o pid,comm, -eo and axo. Undefined for any
 * other: the host's ps knows what they mean.
 */
export function psColumns(words: readonly string[]): readonly PsColumn[] | undefined {
  const [first = '-ef', second, ...more] = words;
  if (second === undefined) {
    if (first === '-ef' || first === '-f') return FULL;
    return first === 'aux' ? BSD : undefined;
  }
  return more.length === 0 && ['-o', '-eo', '-Ao', 'axo'].includes(first) ? listed(second) : undefined;
}

/** The table of some processes, by number. */
export function psTable(
  columns: readonly PsColumn[],
  processes: readonly PsProcess[],
  context: PsContext,
): { Titles: string[]; Processes: string[][] } {
  const sorted = [...processes].sort((a, b) => a.pid - b.pid);
  return {
    Titles: columns.map(({ title }) => title),
    Processes: sorted.map((process) => columns.map(({ value }) => value(process, context))),
  };
}
