import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { VERSION } from '@tinydocker/shared/version.js';
import type { FastifyInstance } from 'fastify';
import { type Logger, pino } from 'pino';
import { createApp } from './app.js';
import { type Config, loadConfig } from './config.js';
import { ConfigError } from './config-file.js';
import { asksFor, USAGE } from './config-flags.js';
import { createDeps, type Deps } from './deps.js';
import { releaseParent } from './kernel/cgroup.js';
import { lockFile } from './kernel/lock.js';
import { sdNotify } from './kernel/notify.js';
import { type Listeners, listen } from './listen.js';
import { Paths } from './paths.js';
import { releaseBundles } from './runtime/bundle.js';
import { parseSeccompProfile } from './runtime/seccomp-profile.js';
import { UserMaps } from './runtime/user-maps.js';
import { restoreBuilds } from './services/build/restore.js';
import { watchHealth } from './services/containers/health-monitor.js';
import { validateLogConfig } from './services/containers/log-config.js';
import { restartDue, startWithDaemon } from './services/containers/restart-due.js';
import { restoreContainers } from './services/containers/restore.js';
import { prepareSeccomp } from './services/containers/seccomp.js';
import { endLingering } from './services/containers/supervise.js';
import { restoreImages } from './services/images/restore.js';
import { followNames } from './services/networks/names.js';
import { restorePorts } from './services/networks/ports.js';
import { releaseNetworks } from './services/networks/release.js';
import { restoreNetworks, settleNetworks } from './services/networks/restore.js';
import { restoreVolumes, settleVolumes } from './services/volumes/restore.js';

/*
 * tinydockerd. Owns the store and tells the shims what to do; the containers do not need it to run, and it may be killed at any
 * moment: starting is the same as starting again after that.
 *
 *   flags ─► config ─► directories, lock ─► deps ─► restore ─► app ─► listen ─► READY=1 ... signal ─► close
 */

/** How long requests may go on after a signal before their connections are closed, in ms. */
const GRACE = 1000;

/** Whoever reads the name of this process is told which daemon it is. */
process.title = 'tinydockerd';

async function main(argv: readonly string[]): Promise<void> {
  const asked = asksFor(argv);
  if (asked === 'help') return void process.stdout.write(USAGE);
  if (asked === 'version') return void process.stdout.write(`tinydockerd version ${VERSION}\n`);
  const config = loadConfig(argv);
  if (process.getuid?.() !== 0) {
    throw new ConfigError('tinydockerd must run as root: it mounts file systems and makes namespaces and cgroups');
  }
  checkLogDefaults(config);
  checkUserNamespaces(config);
  checkSeccompDefault(config);
  process.umask(0o022);
  const paths = new Paths(config.dataRoot, config.execRoot);
  makeDirectories(config, paths);
  lockDataRoot(paths);

  const log = makeLog(config);
  const deps = createDeps(config, paths, log);
  prepareAppArmor(deps);
  deps.seccomp.prepare();
  prepareSeccomp(deps, {}); // while the rest is done: it is there before the first container asks for it
  deps.restarts.onDue((id) => void restartDue(deps, id));
  watchHealth(deps);
  // Images first: what a container stands on must be known when it is looked at.
  await restoreImages(deps);
  restoreVolumes(deps);
  await restoreNetworks(deps);
  // Before the containers: those that have asked meanwhile are answered as soon as their shims are found.
  followNames(deps);
  await restoreContainers(deps);
  await restoreBuilds(deps);
  await settleVolumes(deps);
  await settleNetworks(deps);
  await restorePorts(deps);
  const app = await createApp(deps);
  compileAtOnce();
  const listeners = await listen(app.server, config);
  writePidfile(config);
  stopOnSignals(config, deps, app, listeners);
  log.info({ version: VERSION, dataRoot: config.dataRoot }, `listening on ${listeners.addresses.join(', ')}`);
  sdNotify('READY=1');
  // Nobody needs to wait for these; requests that come meanwhile find them as they are.
  await startWithDaemon(deps);
}

/** What containers get that ask for nothing has to be right before there are any. */
function checkLogDefaults({ logDriver, logOptions }: Config): void {
  try {
    validateLogConfig({ LogConfig: { Type: logDriver, Config: { ...logOptions } } });
  } catch (error) {
    throw new ConfigError(`failed to set log opts: ${(error as Error).message}`);
  }
}

/** Better no daemon than one whose containers are root of the host without anyone's knowing. */
function checkUserNamespaces({ usernsRemap, usernsPool }: Config): void {
  try {
    new UserMaps(usernsRemap, usernsPool);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

function checkSeccompDefault({ seccompProfile, seccompProfileName }: Config): void {
  if (seccompProfile === seccompProfileName) return; // one of the names
  try {
    parseSeccompProfile(seccompProfile);
  } catch (error) {
    throw new ConfigError(`seccomp profile ${seccompProfileName}: ${(error as Error).message}`);
  }
}

/** While the rest is done; a container that needs it says why it is not there. */
function prepareAppArmor({ apparmor, log }: Deps): void {
  if (apparmor.problem) log.warn(apparmor.problem);
  if (apparmor.enabled) apparmor.ready().catch((error) => log.error({ err: error }, 'apparmor'));
}

/**
 * A daemon runs a container now and then, mostly code that never becomes hot: from here on each function is compiled when it first
 * runs, instead of being interpreted until it has been called often enough. That makes a container's life a tenth shorter. What
 * runs at the start alone is left out: it would only take memory.
 */
function compileAtOnce(): void {
  setFlagsFromString('--no-lazy-feedback-allocation');
  setFlagsFromString('--always-sparkplug');
}

/** One JSON object a line on standard error. A log that nobody reads any more is no reason to stop. */
function makeLog(config: Config): Logger {
  const destination = pino.destination({ dest: 2, sync: true });
  destination.on('error', () => {});
  return pino({ level: config.logLevel, base: null }, destination);
}

/** What may be in a directory that is going to be a data root. */
const FOREIGN = new Set(['lost+found']);

/**
 * What containers were told (secrets in their environment) is nobody's business but root's. A directory that has other
 * things in it, /tmp say, keeps its mode.
 */
function makeDirectories(config: Config, paths: Paths): void {
  for (const [path, mode] of [
    [config.dataRoot, 0o710],
    [config.execRoot, 0o700],
  ] as const) {
    try {
      mkdirSync(path, { recursive: true, mode });
    } catch (error) {
      throw new ConfigError(`cannot make the directory ${path}: ${(error as NodeJS.ErrnoException).code}`);
    }
    const entries = readdirSync(path).filter((name) => !FOREIGN.has(name));
    if (entries.length === 0 || existsSync(paths.lock)) chmodSync(path, mode);
  }
}

/** The lock lasts as long as the process, whatever ends it: its descriptor is never closed. */
function lockDataRoot(paths: Paths): void {
  if (lockFile(paths.lock) === undefined) {
    const pid = readFileSync(paths.lock, 'utf8').trim();
    throw new ConfigError(
      `another tinydockerd${pid ? ` (process ${pid})` : ''} already uses ${paths.dataRoot}: stop it, or choose another --data-root`,
    );
  }
  writeFileSync(paths.lock, `${process.pid}\n`);
}

function writePidfile(config: Config): void {
  mkdirSync(dirname(config.pidfile), { recursive: true });
  writeFileSync(config.pidfile, `${process.pid}\n`);
}

/** Waits for what should take a moment, and no longer than `ms`: one shim that hangs does not keep the daemon. */
const within = (ms: number, work: Promise<void>): Promise<void> =>
  Promise.race([work, new Promise<void>((resolve) => setTimeout(resolve, ms).unref())]);

/** Ends the daemon in order; containers go on. A second signal does not wait. */
function stopOnSignals(config: Config, deps: Deps, app: FastifyInstance, listeners: Listeners): void {
  let stopping = false;
  const stop = async (signal: NodeJS.Signals) => {
    if (stopping) process.exit(1);
    stopping = true;
    deps.log.info({ signal }, 'stopping; containers go on');
    sdNotify('STOPPING=1');
    listeners.close();
    setTimeout(() => app.server.closeAllConnections(), GRACE).unref();
    await app.close();
    await within(GRACE, endLingering(deps));
    await within(GRACE, deps.shims.zygote.close());
    await within(GRACE, releaseNetworks(deps));
    deps.close();
    releaseBundles(deps.paths.bundles);
    releaseParent(config.cgroupParent);
    rmSync(config.pidfile, { force: true });
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      stop(signal).catch((error) => fail(error, deps.log));
    });
  }
  // A terminal that goes away is no reason to stop.
  process.on('SIGHUP', () => {});
}

/** Says why and ends: in one sentence where the user can do something about it. */
function fail(error: unknown, log?: Logger): never {
  if (error instanceof ConfigError) process.stderr.write(`tinydockerd: ${error.message}\n`);
  else if (log) log.fatal({ err: error }, 'the daemon cannot go on');
  else
    process.stderr.write(`tinydockerd: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exit(1);
}

process.on('uncaughtException', (error) => fail(error));
main(process.argv.slice(2)).catch((error) => fail(error));
