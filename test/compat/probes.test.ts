import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { answers, PROBE } from '../helpers/probe.js';
import { dockerArchive } from '../helpers/tar.js';
import { facts, MASKED, PROBE_SCRIPT, PROCESS_SCRIPT, WRITTEN } from './probe-script.js';
import { openSides, type Side } from './sides.js';

/** A difference between the engines: whatever is not here is the same, and nothing here is looser. */
interface Difference {
  /** Keys that it is about. */
  key: RegExp;
  theirs: RegExp;
  ours: RegExp;
  why: string;
}

const FACTS: readonly Difference[] = [
  {
    ...{ key: /^mount \/$/, theirs: /^overlay$/, ours: /^overlay nodev$/ },
    why: 'device nodes of an image or made in the root open nothing',
  },
  {
    ...{ key: /^mount \/(proc|sys)\/[\w/]+$/, theirs: /^tmpfs ro$/, ours: /^tmpfs ro nosuid nodev noexec$/ },
    why: 'what covers a masked directory',
  },
  {
    ...{ key: /^mount \/proc\/[\w/]+$/, theirs: /^tmpfs nosuid$/, ours: /^tmpfs ro nosuid noexec$/ },
    why: 'what covers a masked file: its mode cannot be changed through it (CVE-2025-31133 is about what it is)',
  },
  {
    ...{
      key: /^mount \/sys\/fs\/cgroup$/,
      theirs: /^tmpfs nosuid nodev noexec$/,
      ours: /^tmpfs ro nosuid nodev noexec$/,
    },
    why: 'cgroup v1: the directory of the hierarchies is read-only as they are',
  },
  {
    ...{ key: /^write \/sys\/fs\/cgroup\/(made|cgroup\.procs)$/, theirs: /^yes$/, ours: /^no$/ },
    why: 'the same',
  },
];

const REFUSED = /^(EPERM|ENOSYS)$/;
const CALLS: readonly Difference[] = [
  {
    ...{ key: /^socket:high\+\d+$/, theirs: /./, ours: /^EPERM$/ },
    why: 'families of sockets are compared as 64 bits, of which the kernel takes 32: AF_ALG and AF_VSOCK are to be had by it',
  },
  {
    ...{ key: /^socketcall:\d+$/, theirs: /./, ours: /^ENOSYS$/ },
    why: 'no filter sees the family behind the pointer; without AppArmor nobody does',
  },
  {
    ...{ key: /^socket(32)?:38$/, theirs: /^EAFNOSUPPORT$/, ours: /^EPERM$/ },
    why: 'AF_ALG (CVE-2026-31431): this reference was released before it was refused',
  },
  { ...{ key: /^32:102$/, theirs: /./, ours: /^ENOSYS$/ }, why: 'socketcall' },
  {
    ...{ key: /^(64:41|64:198|32:359)$/, theirs: /^EINVAL$/, ours: /^EPERM$/ },
    why: 'a family that there is not: refused by the filter, there by the kernel',
  },
  {
    ...{ key: /^socket(32)?:46$/, theirs: /^EAFNOSUPPORT$/, ours: /^EPERM$/ },
    why: 'the same: beyond the last family',
  },
];

const sides = await openSides();
const directory = mkdtempSync(join(tmpdir(), 'tdt-probes-'));
const archive = join(directory, 'probe.tar');
const image = 'tdt-probe:v1';
const layer = [{ name: 'probe', mode: 0o755, content: readFileSync(PROBE) }];
writeFileSync(archive, dockerArchive({ tag: image, layers: [layer], config: { Cmd: ['/probe'] } }).archive);
after(async () => {
  for (const side of [sides.ours, sides.reference]) await side.run(`docker rmi -f ${image}`);
  rmSync(directory, { recursive: true });
  await sides.close();
});

async function output(side: Side, script: string): Promise<string> {
  const { stdout, stderr, code } = await side.run(script);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** Every difference must have its row, and every row its difference. */
function compare(
  ours: Map<string, string>,
  theirs: Map<string, string>,
  table: readonly Difference[],
  mustOccur: boolean,
): string[] {
  const used = new Set<Difference>();
  const unexplained: string[] = [];
  for (const key of new Set([...ours.keys(), ...theirs.keys()])) {
    const [our, their] = [ours.get(key) ?? 'absent', theirs.get(key) ?? 'absent'];
    if (our === their) continue;
    const row = table.find((d) => d.key.test(key) && d.theirs.test(their) && d.ours.test(our));
    if (row) used.add(row);
    else unexplained.push(`${key}: ${their} there, ${our} here`);
  }
  if (mustOccur) for (const row of table) if (!used.has(row)) unexplained.push(`${row.key} does not differ`);
  return unexplained;
}

const shell = (script: string) => `sh -c '${script.replaceAll("'", `'\\''`)}'`;
const environment = `-e MASKED="${MASKED}" -e WRITTEN="${WRITTEN}"`;

/** What is asked, and the script that runs it; `around` those that look at more than the process. */
const RUNS: readonly (readonly [name: string, script: string])[] = [
  ['around', `run --rm ${environment} $IMAGE ${shell(PROBE_SCRIPT)}`],
  ['around, as another user', `run --rm -u 1000:1000 ${environment} $IMAGE ${shell(PROBE_SCRIPT)}`],
  // Not what is around an exec: a reference that lives in a chroot has execs whose root is the host's.
  ['an exec', `run -d --name $N $IMAGE sleep 600 >/dev/null && docker exec $N ${shell(PROCESS_SCRIPT)}`],
  ['without new privileges', `run --rm --security-opt no-new-privileges $IMAGE ${shell(PROCESS_SCRIPT)}`],
  ['with all capabilities but one', `run --rm --cap-add ALL --cap-drop SYS_ADMIN $IMAGE ${shell(PROCESS_SCRIPT)}`],
  ['privileged', `run --rm --privileged $IMAGE ${shell(PROCESS_SCRIPT)}`],
];
for (const [name, script] of RUNS) {
  test(`a process finds the same as in the reference, or less: ${name}`, async () => {
    const [ours, theirs] = (await Promise.all(
      [sides.ours, sides.reference].map(async (side) => facts(await output(side, script))),
    )) as [Map<string, string>, Map<string, string>];
    assert.ok(ours.size > 25, [...ours.keys()].join());
    assert.equal(ours.get('status Seccomp'), name === 'privileged' ? '0' : '2');
    assert.deepEqual(compare(ours, theirs, FACTS, name === 'around'), []);
  });
}

test('every system call is answered as in the reference, or refused', async () => {
  const script = `docker load -q -i ${archive} >/dev/null && run --rm ${image}`;
  const [ours, theirs] = (await Promise.all(
    [sides.ours, sides.reference].map(async (side) => answers(await output(side, script))),
  )) as [Map<string, string>, Map<string, string>];
  assert.ok(ours.size > 400);
  assert.deepEqual(compare(ours, theirs, CALLS, false), []);
  for (const [call, answer] of ours)
    if (answer !== theirs.get(call)) assert.match(answer, REFUSED, `${call}: ${theirs.get(call)} there`);
});
