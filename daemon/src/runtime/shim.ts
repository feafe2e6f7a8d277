import { connectUnix } from '../kernel/socket.js';
import { ShimChannel, type ShimEvent, type ShimReply } from './channel.js';
import type { TakenConnection } from './connection.js';
import type { ShimInterface } from './interface.js';
import type { OciProcess } from './oci.js';

/** How a container ended, as the event and exit.json say it. */
export interface ExitReport {
  /** 0-255; 128 and the signal's number where a signal ended it. */
  status: number;
  signal: number;
  oomKilled: boolean;
  exitedAt: string;
}

export interface ExecExit {
  exec: string;
  status: number;
  signal: number;
}

/** What a shim tells without being asked. Called in the order of the wire. */
export interface ShimListener {
  exit(report: ExitReport): void;
  execExit(report: ExecExit): void;
  detach(target: string, reason: string): void;
  /** Records of the log are being lost at this file or address; errno '': no longer, after so many. */
  log(target: string, errno: string, lost: number): void;
  /** The kernel ran out of the container's memory; whoever its victim is, the container may go on. */
  oom(): void;
  /** The container asks for a name, and nobody answers yet. */
  resolver(): void;
  /** The connection has ended: with it the shim, and all that it held. */
  gone(): void;
}

/** Which streams a client wants, and the keys that let it go. */
export interface AttachStreams {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** stdcopy frames instead of raw bytes. */
  mux: boolean;
  detachKeys: number[];
}

export interface ExecRequest {
  exec: string;
  process: OciProcess;
  user: string;
  groups: string[];
  stdin: boolean;
  /** What a later daemon is to know of it. */
  note: string;
}

const withEarly = (streams: AttachStreams, connection: TakenConnection) => ({
  ...streams,
  early: connection.early.toString('base64'),
});

/** The one td-shim of a started container, as seen through its control connection. */
export class Shim {
  /** Resolves when the connection has ended. */
  readonly gone: Promise<void>;
  /** Resolves with the record of the start as the shim wrote it (`{"event":"steps","steps":[...]}`); undefined: there is none. */
  readonly steps: Promise<Buffer | undefined>;
  readonly #channel: ShimChannel;
  #holds = 0;

  /** Takes ownership of the control connection's descriptor. */
  constructor(control: number, listener: ShimListener) {
    let resolveGone = () => {};
    this.gone = new Promise((resolve) => {
      resolveGone = resolve;
    });
    let resolveSteps = (_line?: Buffer) => {};
    this.steps = new Promise((resolve) => {
      resolveSteps = resolve;
    });
    this.#channel = new ShimChannel(control, {
      event: (event) => dispatch(event, listener),
      steps: resolveSteps,
      closed: () => {
        resolveSteps();
        resolveGone();
        listener.gone();
      },
    });
  }

  /** Creates and starts the container. `onStarted` is called before an event of its end can be. */
  async start(onStarted: (reply: ShimReply) => void): Promise<void> {
    await this.#channel.request('start', {}, undefined, onStarted);
  }

  /** Hands a client over to the shim; the caller closes its own copy of the connection. `target` is '' or an exec. */
  async attach(target: string, streams: AttachStreams, connection: TakenConnection): Promise<void> {
    await this.#channel.request('attach', { target, ...withEarly(streams, connection) }, connection.fd);
  }

  /**
   * Hands a client over that first gets what is in the log: the shim keeps its output, and the container's back, until `replay` has
   * sent the records up to the given time. Nothing is lost between the two, nothing comes twice.
   */
  async attachBehind(
    streams: AttachStreams,
    connection: TakenConnection,
    replay: (until: string) => Promise<void>,
  ): Promise<void> {
    this.#holds += 1;
    const target = '';
    const hold = this.#holds;
    const fields = { target, hold, ...withEarly(streams, connection) };
    const { time } = await this.#channel.request('attach', fields, connection.fd);
    try {
      await replay(time ?? '');
    } finally {
      // Also where it has failed: the container is not to be held back by it.
      await this.#channel.request('release', { target, hold }).catch(() => {});
    }
  }

  /** Runs one more process. Without a client it is detached. @throws ShimFailure with the exit code to report */
  async exec(
    request: ExecRequest,
    client: { streams: AttachStreams; connection: TakenConnection } | undefined,
    onStarted: (reply: ShimReply) => void,
  ): Promise<void> {
    const attach = client && { attach: withEarly(client.streams, client.connection) };
    await this.#channel.request('exec', { ...request, ...attach }, client?.connection.fd, onStarted);
  }

  async resize(target: string, rows: number, cols: number): Promise<void> {
    await this.#channel.request('resize', { target, rows, cols });
  }

  /** `onSent` is called before any event of what comes of it can be. */
  async kill(signal: number, target = '', onSent?: () => void): Promise<void> {
    await this.#channel.request('kill', { signal, target }, undefined, onSent);
  }

  /**
   * Has the sockets of the container's name server sent over a Unix socket, the caller's to close; without one they are only made. `onReply`
   * is called before any event of the container's end can be.
   */
  async resolver(fd?: number, onReply?: () => void): Promise<void> {
    await this.#channel.request('resolver', {}, fd, onReply);
  }

  /** One interface more of the container's own network. @throws ShimFailure */
  async connect(what: ShimInterface): Promise<void> {
    await this.#channel.request('connect', { interface: what });
  }

  /** One less. @throws ShimFailure */
  async disconnect(what: ShimInterface): Promise<void> {
    await this.#channel.request('disconnect', { interface: what });
  }

  /** The default routes go by this interface from now on. @throws ShimFailure */
  async route(what: ShimInterface): Promise<void> {
    await this.#channel.request('route', { interface: what });
  }

  hello(onReply?: (reply: ShimReply) => void): Promise<ShimReply> {
    return this.#channel.request('hello', {}, undefined, onReply);
  }

  /** The event has been dealt with: attached clients may see their end. */
  ack(event: 'exit' | 'exec-exit', exec?: string): void {
    this.#channel.notify('ack', exec === undefined ? { event } : { event, exec });
  }

  /** Kills what is there and ends the shim. */
  async shutdown(): Promise<void> {
    await this.#channel.request('shutdown', {}).catch(() => {}); // its end is the answer too
    await this.gone;
  }

  /** Lets go of the connection; the container goes on. */
  release(): void {
    this.#channel.close();
  }
}

function dispatch(event: ShimEvent, listener: ShimListener): void {
  if (event.event === 'exit') listener.exit(event as unknown as ExitReport);
  else if (event.event === 'exec-exit') listener.execExit(event as unknown as ExecExit);
  else if (event.event === 'detach') listener.detach(String(event.target ?? ''), String(event.reason ?? ''));
  else if (event.event === 'log')
    listener.log(String(event.target ?? ''), String(event.errno ?? ''), Number(event.lost ?? 0));
  else if (event.event === 'oom') listener.oom();
  else if (event.event === 'resolver') listener.resolver();
  // Anything else is of a newer protocol: what we do not know, we need not do.
}

/** Connects to the shim that an earlier daemon started. @throws SystemError ENOENT, ECONNREFUSED: there is none */
export const connectShim = (bundle: string): number => connectUnix(`${bundle}/shim.sock`);
