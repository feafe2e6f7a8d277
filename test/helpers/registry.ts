import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { gzipSync } from 'node:zlib';
import { collect } from './api.js';
import { Engine } from './engine.js';
import { ImageLoader } from './image-loader.js';
import { digest, imageConfig, type TestImage, tar } from './tar.js';
import { until } from './until.js';

/** A port that nothing listens on in this moment. */
async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    http
      .get({ host: '127.0.0.1', port, path: '/v2/', agent: false }, (response) => {
        response.resume();
        resolve(true);
      })
      .on('error', () => resolve(false));
  });

export interface RegistryOptions {
  /** What goes into its configuration beside storage and port. */
  config?: string;
  /** The words before a command that is to run on its machine, another one than the test's, and its address there. */
  enter?: readonly string[];
  address?: string;
  /** Its certificate, and the authority that its clients must have one of: it speaks TLS then. Files. */
  tls?: { certificate: string; key: string; clientAuthority?: string };
}

/** What an image in the registry is made of. */
export interface PushedImage {
  manifest: string;
  config: string;
  /** Digests of the blobs as they were pushed. */
  layers: string[];
}

/** How a layer's bytes are sent, and under which media type. */
export interface LayerForm {
  type: string;
  pack: (layer: Buffer) => Buffer;
}

export const OCI_GZIP: LayerForm = {
  type: 'application/vnd.oci.image.layer.v1.tar+gzip',
  pack: (layer) => gzipSync(layer),
};
export const OCI_PLAIN: LayerForm = { type: 'application/vnd.oci.image.layer.v1.tar', pack: (layer) => layer };
export const DOCKER_GZIP: LayerForm = {
  type: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
  pack: (layer) => gzipSync(layer),
};

/** Debian's docker-registry on loopback, with a port and a directory of its own. */
export class Registry {
  readonly home = mkdtempSync(join(tmpdir(), 'tdt-registry-'));
  readonly host: string;
  readonly port: number;
  #process: ChildProcess | undefined;
  readonly #options: RegistryOptions;

  private constructor(port: number, options: RegistryOptions) {
    this.port = port;
    this.host = `${options.address ?? '127.0.0.1'}:${port}`;
    this.#options = options;
    process.once('exit', this.#atExit);
  }

  readonly #atExit = () => {
    this.#process?.kill('SIGKILL');
    rmSync(this.home, { recursive: true, force: true });
  };

  static async start(options: RegistryOptions = {}): Promise<Registry> {
    const registry = new Registry(await freePort(), options);
    mkdirSync(join(registry.home, 'store'));
    await registry.#launch(options.config);
    return registry;
  }

  async #launch(config = ''): Promise<void> {
    const { enter, tls } = this.#options;
    const authority = tls?.clientAuthority ? `, clientcas: [${tls.clientAuthority}]` : '';
    const secure = tls ? `, tls: {certificate: ${tls.certificate}, key: ${tls.key}${authority}}` : '';
    const text = `version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: ${this.home}/store}, delete: {enabled: true}}
http: {addr: "${this.host}"${secure}}
${config}
`;
    writeFileSync(join(this.home, 'config.yml'), text);
    const [program, ...args] = [...(enter ?? []), 'docker-registry', 'serve', join(this.home, 'config.yml')];
    const child = spawn(program!, args, { stdio: 'ignore' });
    this.#process = child;
    const ended = new Promise<never>((_resolve, reject) => {
      child.on('error', reject);
      child.on('exit', (code) => reject(new Error(`docker-registry ended with ${code}`)));
    });
    ended.catch(() => {});
    // One on another machine is not reached from here: who uses it, waits.
    if (enter === undefined) await Promise.race([until('the registry answers', () => answers(this.port)), ended]);
  }

  /** The same store with another configuration. */
  async reopen(config: string): Promise<Registry> {
    await this.#end();
    await this.#launch(config);
    return this;
  }

  async #end(): Promise<void> {
    const child = this.#process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  async close(): Promise<void> {
    await this.#end();
    process.off('exit', this.#atExit);
    rmSync(this.home, { recursive: true, force: true });
  }

  /** A request as it is. */
  async request(
    method: string,
    path: string,
    body?: Buffer,
    headers: http.OutgoingHttpHeaders = {},
  ): Promise<{ status: number; headers: http.IncomingHttpHeaders; body: Buffer }> {
    const url = new URL(path, `http://${this.host}`);
    const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
      http
        .request(
          url,
          { method, agent: false, headers: { ...(body && { 'content-length': body.length }), ...headers } },
          resolve,
        )
        .on('error', reject)
        .end(body);
    });
    return { status: response.statusCode ?? 0, headers: response.headers, body: await collect(response) };
  }

  async pushBlob(repository: string, data: Buffer): Promise<string> {
    const start = await this.request('POST', `/v2/${repository}/blobs/uploads/`, Buffer.alloc(0));
    assert.equal(start.status, 202);
    const url = new URL(String(start.headers.location), `http://${this.host}`);
    url.searchParams.set('digest', digest(data));
    const done = await this.request('PUT', url.href, data, { 'content-type': 'application/octet-stream' });
    assert.equal(done.status, 201, done.body.toString());
    return digest(data);
  }

  async pushManifest(repository: string, reference: string, manifest: object, mediaType: string): Promise<string> {
    const data = Buffer.from(JSON.stringify(manifest));
    const done = await this.request('PUT', `/v2/${repository}/manifests/${reference}`, data, {
      'content-type': mediaType,
    });
    assert.equal(done.status, 201, done.body.toString());
    return digest(data);
  }

  /** Pushes an image by hand, in the form asked for. */
  async push(repository: string, tag: string, image: TestImage, form = OCI_GZIP): Promise<PushedImage> {
    const docker = form.type.includes('docker');
    const layers = image.layers.map((layer) => (Buffer.isBuffer(layer) ? layer : tar(layer)));
    const config = imageConfig(image, layers);
    const blobs = layers.map(form.pack);
    for (const blob of [config, ...blobs]) await this.pushBlob(repository, blob);
    const describe = (mediaType: string, data: Buffer) => ({ mediaType, digest: digest(data), size: data.length });
    const mediaType = docker
      ? 'application/vnd.docker.distribution.manifest.v2+json'
      : 'application/vnd.oci.image.manifest.v1+json';
    const manifest = {
      schemaVersion: 2,
      mediaType,
      config: describe(
        docker ? 'application/vnd.docker.container.image.v1+json' : 'application/vnd.oci.image.config.v1+json',
        config,
      ),
      layers: blobs.map((blob) => describe(form.type, blob)),
    };
    return {
      manifest: await this.pushManifest(repository, tag, manifest, mediaType),
      config: digest(config),
      layers: blobs.map(digest),
    };
  }

  /** What a tag or digest stands for. */
  async manifest<T>(repository: string, reference: string): Promise<T> {
    const accept = [
      'application/vnd.docker.distribution.manifest.v2+json',
      'application/vnd.oci.image.manifest.v1+json',
      'application/vnd.oci.image.index.v1+json',
    ].join(', ');
    const reply = await this.request('GET', `/v2/${repository}/manifests/${reference}`, undefined, { accept });
    assert.equal(reply.status, 200, reply.body.toString());
    return JSON.parse(reply.body.toString()) as T;
  }
}

/** An engine and a registry for the tests of one file; `images` removes what is loaded through it. */
export async function openWithRegistry(): Promise<{ engine: Engine; registry: Registry; images: ImageLoader }> {
  const [engine, registry] = await Promise.all([Engine.open(), Registry.start()]);
  const images = new ImageLoader(engine.api);
  after(async () => {
    await images.removeAll();
    await registry.close();
    await engine.close();
  });
  return { engine, registry, images };
}
