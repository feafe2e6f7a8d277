// A shim under test, driven as the daemon does it: a bundle, a control connection, clients handed over.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Client, Control } from './connections.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const kernel = (name) => import(join(here, `../../daemon/dist/kernel/${name}.js`));
const { closeFd, connectUnix, sendWithFds, socketPair } = await kernel('socket');
const { spawn, waitPid } = await kernel('spawn');

const SHIM = process.env.TD_SHIM ?? join(here, '../build/td-shim');
const CAPABILITIES = ['CAP_CHOWN', 'CAP_DAC_OVERRIDE', 'CAP_FOWNER', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID'];

/** An OCI process that runs a script in the container's shell. */
export const shell = (script, more = {}) => ({
  args: ['sh', '-c', script],
  env: ['PATH=/bin', 'HOME=/', 'TERM=xterm'],
  cwd: '/',
  user: { uid: 0, gid: 0 },
  capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
  ...more,
});

const NAMESPACES = ['mount', 'pid', 'uts', 'ipc', 'network'];
const CGROUPS = '/sys/fs/cgroup';
const CGROUP_PARENT = `td-shim-test-${process.pid}`;

/** The parent of the containers' cgroups in every hierarchy, which a daemon would have made and would keep. */
const cgroupParents = () =>
  [CGROUPS, ...readdirSync(CGROUPS).map((name) => join(CGROUPS, name))]
    .map((hierarchy) => join(hierarchy, CGROUP_PARENT))
    .filter((directory) => existsSync(directory));

let serial = 0;
const running = new Set();

/** A directory with a root filesystem of BusyBox alone, for all containers of one test file. */
export class Ground {
  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), 'td-shim-test-'));
    this.layer = join(this.dir, 'layer');
    for (const name of ['bin', 'dev', 'proc', 'sys', 'tmp', 'etc'])
      mkdirSync(join(this.layer, name), { recursive: true });
    copyFileSync('/bin/busybox', join(this.layer, 'bin/busybox'));
    for (const name of [
      'sh',
      'cat',
      'sleep',
      'printf',
      'echo',
      'stty',
      'seq',
      'head',
      'yes',
      'kill',
      'true',
      'dd',
      'test',
      'wc',
      'date',
      'ls',
      'id',
      'nslookup',
      'nc',
    ])
      symlinkSync('busybox', join(this.layer, 'bin', name));
    writeFileSync(join(this.layer, 'etc/passwd'), 'root:x:0:0:root:/:/bin/sh\n');
    writeFileSync(join(this.layer, 'etc/group'), 'root:x:0:\n');
  }

  /** Ends what a failed test has left running, too. */
  async remove() {
    for (const shim of running) {
      await shim.connect().ask('shutdown');
      await shim.ended;
    }
    for (const directory of cgroupParents()) rmdirSync(directory);
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The containers' cgroups, in every hierarchy. */
  cgroups() {
    return cgroupParents().flatMap((parent) =>
      readdirSync(parent, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => join(parent, name)),
    );
  }

  /** Writes the bundle of a container that runs `process`. */
  bundle(process, { stdin = { open: false, once: false }, log, namespaces = NAMESPACES, resolver } = {}) {
    const id = (++serial).toString(16).padStart(64, '0');
    const dir = join(this.dir, id.slice(-12));
    for (const name of ['rootfs', 'upper', 'work']) mkdirSync(join(dir, name), { recursive: true, mode: 0o755 });
    const options = ['nosuid', 'noexec', 'nodev'];
    const config = {
      ociVersion: '1.2.0',
      process,
      root: { path: join(dir, 'rootfs') },
      hostname: namespaces.includes('uts') ? 'test' : undefined,
      mounts: [
        {
          destination: '/',
          type: 'overlay',
          source: 'overlay',
          options: [`lowerdir=${this.layer}`, `upperdir=${dir}/upper`, `workdir=${dir}/work`],
        },
        { destination: '/proc', type: 'proc', source: 'proc', options },
        { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=65536k'] },
        {
          destination: '/dev/pts',
          type: 'devpts',
          source: 'devpts',
          options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
        },
      ],
      linux: {
        namespaces: namespaces.map((type) => ({ type })),
        cgroupsPath: `/${CGROUP_PARENT}/${id}`,
        resources: {},
      },
    };
    const logPath = join(dir, 'container.log');
    const shim = {
      id,
      user: '',
      groups: [],
      makeCwd: false,
      stdin,
      resolver,
      log: { driver: 'json-file', path: logPath, maxSize: 0, maxFiles: 1, ...log },
    };
    writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
    writeFileSync(join(dir, 'shim.json'), JSON.stringify(shim));
    return { id, dir, logPath };
  }
}

export class Shim {
  constructor(bundle, env = []) {
    this.bundle = bundle;
    const [ours, theirs] = socketPair();
    this.pid = spawn(SHIM, ['td-shim', bundle.id, bundle.dir], env, { fds: [theirs], stderr: 2 });
    closeFd(theirs);
    const alive = setInterval(() => {}, 1 << 30); // a child alone does not keep Node's loop going
    running.add(this);
    this.ended = waitPid(this.pid).finally(() => {
      clearInterval(alive);
      running.delete(this);
    });
    this.control = new Control(ours);
  }

  /** Another control connection, through the socket in the bundle. */
  connect() {
    return new Control(connectUnix(join(this.bundle.dir, 'shim.sock')));
  }

  async attach(target, streams, options) {
    const [ours, theirs] = socketPair();
    const answer = await this.control.ask('attach', { target, ...streams }, [theirs]);
    closeFd(theirs);
    if (!answer.ok) {
      closeFd(ours);
      throw new Error(answer.error.message);
    }
    return new Client(ours, options);
  }

  async start() {
    const answer = await this.control.ask('start');
    if (!answer.ok) throw new Error(`${answer.error.step}: ${answer.error.message} ${answer.error.errno}`);
    return answer;
  }

  /** An exec with a client, or without one. */
  async exec(exec, process, streams, stdin = false) {
    const [ours, theirs] = socketPair();
    const request = { exec, process, user: '', groups: [], stdin };
    const answer = await this.control.ask(
      'exec',
      streams ? { ...request, attach: streams } : request,
      streams ? [theirs] : [],
    );
    closeFd(theirs);
    if (streams && answer.ok) return { answer, client: new Client(ours) };
    closeFd(ours);
    return { answer };
  }

  /** Acknowledges the exit and waits for the shim's end. */
  async finish() {
    const exit = await this.control.event('exit');
    this.control.ack('exit');
    await this.control.closed;
    const { status } = await this.ended;
    if (status !== 0) throw new Error(`td-shim ended with ${status}`);
    return exit;
  }

  log() {
    return readFileSync(this.bundle.logPath, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  }

  logged(stream) {
    return this.log()
      .filter((record) => record.stream === stream)
      .map((record) => record.log)
      .join('');
  }
}

/** A zygote under test, ordered from as the daemon does it. */
export class Zygote {
  #orders;
  #open = true;

  constructor(ground) {
    const [ours, theirs] = socketPair('packets');
    const room = ' '.repeat(64 + 1 + ground.dir.length + 16);
    this.pid = spawn(SHIM, ['td-shim', 'zygote', room], [], { fds: [theirs], stderr: 2 });
    closeFd(theirs);
    this.#orders = ours;
    const alive = setInterval(() => {}, 1 << 30);
    this.ended = waitPid(this.pid).finally(() => clearInterval(alive));
  }

  send(message) {
    const [ours, theirs] = socketPair();
    sendWithFds(this.#orders, message, [theirs]);
    closeFd(theirs);
    return new Control(ours);
  }

  /** The control connection of a new shim. */
  order(bundle) {
    return this.send(Buffer.from(`${bundle.id}\0${bundle.dir}\0\0`));
  }

  /** What the death of the daemon is to it. */
  drop() {
    if (this.#open) closeFd(this.#orders);
    this.#open = false;
  }
}
