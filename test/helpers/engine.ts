import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { ApiClient, ok, type Query } from './api.js';
import { type DaemonOptions, TestDaemon } from './daemon.js';
import type { Hijacked } from './hijack.js';
import { assertUnchanged, captureHost, type HostState, hasShim } from './host-state.js';
import { busyboxTar } from './paths.js';
import { demultiplex, type Output } from './stdcopy.js';
import type { ContainerInspect, ExecInspect } from './types.js';
import { until } from './until.js';

/** A container's configuration as the API takes it; the image and no network are filled in. */
export interface CreateConfig extends Record<string, unknown> {
  Cmd?: string[];
  Env?: string[];
  HostConfig?: Record<string, unknown>;
}

export interface Ran extends Output {
  id: string;
  exitCode: number;
}

const EXTERNAL = process.env.TD_TEST_ENGINE;
const EXTERNAL_IMAGE = 'tdt-busybox:latest';

/** A name that nobody else has. */
export const uniqueName = (what = 'c'): string => `tdt-${what}-${randomBytes(5).toString('hex')}`;

/**
 * An engine under test with what the tests do all the time. Our own daemon, fresh and private, or the one
 * that TD_TEST_ENGINE names, which tests the tests.
 */
export class Engine {
  readonly api: ApiClient;
  readonly daemon: TestDaemon | undefined;
  readonly image: string;
  readonly #created = new Set<string>();
  readonly #before: HostState | undefined;

  private constructor(api: ApiClient, image: string, daemon?: TestDaemon) {
    this.api = api;
    this.image = image;
    this.daemon = daemon;
    this.#before = daemon && captureHost(daemon);
  }

  static async open(options: DaemonOptions & { external?: string | undefined } = {}): Promise<Engine> {
    const external = options.external ?? EXTERNAL;
    if (external === undefined) {
      const daemon = await TestDaemon.start(options);
      return new Engine(daemon.api, 'busybox:latest', daemon);
    }
    const api = new ApiClient(external.replace(/^unix:\/\//, ''));
    await loadBusybox(api, EXTERNAL_IMAGE);
    return new Engine(api, EXTERNAL_IMAGE);
  }

  /** Whether this is our daemon: for what only it promises. */
  get own(): boolean {
    return this.daemon !== undefined;
  }

  /** Removes the containers, ends the daemon, and fails when anything of it is left on the machine. */
  async close(): Promise<void> {
    for (const id of this.#created)
      await this.api.delete(`/containers/${id}`, { force: true, v: true }).catch(() => {});
    if (this.daemon === undefined || this.#before === undefined) return;
    let leak: unknown;
    if (this.daemon.running) {
      await assertUnchanged(this.daemon, this.#before, { view: containersOnly }).catch((error: unknown) => {
        leak = error;
      });
      // Some are opened with the first container and kept; what grows with each of them is a leak.
      const { descriptors } = captureHost(this.daemon);
      if (descriptors.length > this.#before.descriptors.length + 4)
        leak ??= new Error(`descriptors: ${descriptors.join(', ')}`);
    }
    const log = this.daemon.log;
    const forced = await this.daemon.close();
    if (leak !== undefined) throw leak;
    assert.deepEqual(forced, [], `the daemon left these behind; its log ends with\n${log.slice(-2000)}`);
  }

  /** Creates a container of busybox without a network. */
  async create(config: CreateConfig = {}, name?: string): Promise<string> {
    const body = { Image: this.image, ...config, HostConfig: { NetworkMode: 'none', ...config.HostConfig } };
    const { Id } = await ok<{ Id: string }>(this.api.post('/containers/create', body, { name }), 201);
    this.#created.add(Id);
    return Id;
  }

  async start(id: string): Promise<void> {
    await ok(this.api.post(`/containers/${id}/start`), 204);
  }

  /** Creates and starts. */
  async launch(config: CreateConfig, name?: string): Promise<string> {
    const id = await this.create(config, name);
    await this.start(id);
    return id;
  }

  async wait(id: string, condition?: string): Promise<number> {
    return (await ok<{ StatusCode: number }>(this.api.post(`/containers/${id}/wait`, undefined, { condition }), 200))
      .StatusCode;
  }

  inspect(id: string): Promise<ContainerInspect> {
    return ok<ContainerInspect>(this.api.get(`/containers/${id}/json`), 200);
  }

  /** Removes a container and waits until nothing is left of it, so that a picture of the machine is one without it. */
  async remove(id: string): Promise<void> {
    await ok(this.api.delete(`/containers/${id}`, { force: true }), 204);
    this.#created.delete(id);
    if (this.own) await until('its shim has ended', () => !hasShim(id));
  }

  /** To be removed at the end, though it was not created here. */
  adopt(id: string): void {
    this.#created.add(id);
  }

  attach(id: string, query: Query = { stream: 1, stdin: 1, stdout: 1, stderr: 1 }): Promise<Hijacked> {
    return this.api.hijack(`/containers/${id}/attach`, { query });
  }

  /** Runs a container to its end, attached from before its start, and removes it. */
  async run(cmd: string[], config: CreateConfig = {}, input?: Buffer | string): Promise<Ran> {
    const stdin = input === undefined ? {} : { OpenStdin: true, StdinOnce: true, AttachStdin: true };
    const id = await this.create({ Cmd: cmd, ...stdin, ...config });
    const stream = await this.attach(id, { stream: 1, stdin: input === undefined ? 0 : 1, stdout: 1, stderr: 1 });
    try {
      await this.start(id);
      if (input !== undefined) stream.socket.end(input);
      const { stdout, stderr, raw } = await stream.finished();
      const exitCode = await this.wait(id);
      return { id, exitCode, stdout: config.Tty ? raw : stdout, stderr };
    } finally {
      stream.vanish();
      await this.remove(id);
    }
  }

  async createExec(id: string, cmd: string[], config: Record<string, unknown> = {}): Promise<string> {
    const body = { Cmd: cmd, AttachStdout: true, AttachStderr: true, ...config };
    return (await ok<{ Id: string }>(this.api.post(`/containers/${id}/exec`, body), 201)).Id;
  }

  startExec(
    exec: string,
    body: Record<string, unknown> = {},
    options: { early?: string | Buffer; chunked?: boolean } = {},
  ): Promise<Hijacked> {
    return this.api.hijack(`/exec/${exec}/start`, { body: { Detach: false, Tty: false, ...body }, ...options });
  }

  inspectExec(exec: string): Promise<ExecInspect> {
    return ok<ExecInspect>(this.api.get(`/exec/${exec}/json`), 200);
  }

  /** Runs a command inside a container to its end. */
  async exec(id: string, cmd: string[], config: Record<string, unknown> = {}): Promise<Omit<Ran, 'id'>> {
    const exec = await this.createExec(id, cmd, config);
    const stream = await this.startExec(exec, { Tty: config.Tty ?? false });
    assert.equal(stream.status, 101, stream.text());
    const { stdout, stderr, raw } = await stream.finished();
    return { exitCode: (await this.inspectExec(exec)).ExitCode ?? -1, stdout: config.Tty ? raw : stdout, stderr };
  }

  /** The log as far as it is written, without following. */
  async logs(id: string, query: Query = { stdout: 1, stderr: 1 }): Promise<Output> {
    const reply = await this.api.get(`/containers/${id}/logs`, query);
    assert.equal(reply.status, 200, reply.text);
    return demultiplex(reply.body);
  }
}

/** Loads the shipped image into an engine under a name of the tests' own, unless it is there. */
async function loadBusybox(api: ApiClient, reference: string): Promise<void> {
  if ((await api.get(`/images/${reference}/json`)).status === 200) return;
  const before = new Set((await ok<{ Id: string }[]>(api.get('/images/json'))).map((image) => image.Id));
  const tagged = (await api.get('/images/busybox:latest/json')).json<{ Id?: string }>().Id;
  await ok(
    api.call('POST', '/images/load', {
      raw: createReadStream(busyboxTar()),
      headers: { 'content-type': 'application/x-tar' },
    }),
  );
  const image = (await ok<{ Id: string }[]>(api.get('/images/json'))).find(({ Id }) => !before.has(Id));
  const [repo, tag] = reference.split(':');
  await ok(api.post(`/images/${image?.Id ?? 'busybox:latest'}/tag`, undefined, { repo, tag }), 201);
  // The archive's own name goes back to what bore it before.
  if (tagged !== undefined)
    await ok(api.post(`/images/${tagged}/tag`, undefined, { repo: 'busybox', tag: 'latest' }), 201);
}

/** What an engine that goes may not leave: all of its containers. Images and the cgroups' parent may stay. */
const containersOnly = (state: HostState): HostState => ({
  ...state,
  files: state.files.filter((path) => /\/containers\/./.test(path)),
  cgroups: state.cgroups.filter((path) => /\/[0-9a-f]{64}(\/|$)/.test(path)),
  descriptors: [],
});
