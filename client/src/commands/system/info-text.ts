import type { SystemInfo } from '@tinydocker/shared/api/system.js';
import { binarySize } from '@tinydocker/shared/units.js';

/** `name=seccomp,profile=builtin` as a heading and what belongs to it. */
function securityLines(option: string): string[] {
  const pairs = option.split(',').map((part) => part.split('=') as [string, string?]);
  const name = pairs.find(([key]) => key === 'name')?.[1] ?? option;
  const others = pairs.filter(([key]) => key !== 'name');
  return [`  ${name}`, ...others.map(([key, value]) => `   ${key[0]!.toUpperCase()}${key.slice(1)}: ${value ?? ''}`)];
}

const list = (title: string, values: readonly string[]): string[] =>
  values.length > 0 ? [` ${title}:`, ...values.map((value) => `  ${value}`)] : [];

/** What `info` says about the daemon, in Docker's order. */
export function infoText(info: SystemInfo): string {
  const proxies: readonly (readonly [string, string])[] = [
    ['HTTP Proxy', info.HttpProxy],
    ['HTTPS Proxy', info.HttpsProxy],
    ['No Proxy', info.NoProxy],
  ];
  const lines = [
    ` Containers: ${info.Containers}`,
    `  Running: ${info.ContainersRunning}`,
    `  Paused: ${info.ContainersPaused}`,
    `  Stopped: ${info.ContainersStopped}`,
    ` Images: ${info.Images}`,
    ` Server Version: ${info.ServerVersion}`,
    ` Storage Driver: ${info.Driver}`,
    ...(info.DriverStatus ?? []).map(([name, value]) => `  ${name}: ${value}`),
    ` Logging Driver: ${info.LoggingDriver}`,
    ` Cgroup Driver: ${info.CgroupDriver}`,
    ` Cgroup Version: ${info.CgroupVersion}`,
    ' Plugins:',
    `  Volume: ${(info.Plugins?.Volume ?? []).join(' ')}`,
    `  Network: ${(info.Plugins?.Network ?? []).join(' ')}`,
    `  Log: ${(info.Plugins?.Log ?? []).join(' ')}`,
    ` Runtimes: ${Object.keys(info.Runtimes ?? {}).join(' ')}`,
    ` Default Runtime: ${info.DefaultRuntime}`,
    ` Init Binary: ${info.InitBinary}`,
    ...(info.SecurityOptions?.length ? [' Security Options:', ...info.SecurityOptions.flatMap(securityLines)] : []),
    ` Kernel Version: ${info.KernelVersion}`,
    ` Operating System: ${info.OperatingSystem}`,
    ` OSType: ${info.OSType}`,
    ` Architecture: ${info.Architecture}`,
    ` CPUs: ${info.NCPU}`,
    ` Total Memory: ${binarySize(info.MemTotal)}`,
    ` Name: ${info.Name}`,
    ` ID: ${info.ID}`,
    ` Docker Root Dir: ${info.DockerRootDir}`,
    ` Debug Mode: ${info.Debug}`,
    ...proxies.filter(([, value]) => value).map(([name, value]) => ` ${name}: ${value}`),
    ...list('Labels', info.Labels ?? []),
    ` Experimental: ${info.ExperimentalBuild}`,
    ...list('Insecure Registries', info.RegistryConfig?.InsecureRegistryCIDRs ?? []),
    ` Live Restore Enabled: ${info.LiveRestoreEnabled}`,
  ];
  return `${lines.join('\n')}\n`;
}
