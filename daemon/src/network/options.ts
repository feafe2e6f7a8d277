import { invalid } from '@tinydocker/shared/errors.js';
import { parseAddress } from './address.js';
import { INTERFACE_NAME_MAX } from './names.js';
import { type ChildKind, childOptions } from './parent.js';

/* The options of networks that Docker's drivers know, by Docker's names. What is unknown is kept and has no effect, as in Docker. */

const BRIDGE = 'com.docker.network.bridge.';
export const OPTION = {
  name: `${BRIDGE}name`,
  icc: `${BRIDGE}enable_icc`,
  masquerade: `${BRIDGE}enable_ip_masquerade`,
  defaultBridge: `${BRIDGE}default_bridge`,
  hostBinding: `${BRIDGE}host_binding_ipv4`,
  inhibit4: `${BRIDGE}inhibit_ipv4`,
  gatewayMode4: `${BRIDGE}gateway_mode_ipv4`,
  gatewayMode6: `${BRIDGE}gateway_mode_ipv6`,
  mtu: 'com.docker.network.driver.mtu',
  prefix: 'com.docker.network.container_iface_prefix',
  ipv4: 'com.docker.network.enable_ipv4',
  ipv6: 'com.docker.network.enable_ipv6',
  ifname: 'com.docker.network.endpoint.ifname',
  sysctls: 'com.docker.network.endpoint.sysctls',
} as const;

type Options = Readonly<Record<string, string>>;

const TRUE = ['1', 't', 'T', 'TRUE', 'true', 'True'];
const FALSE = ['0', 'f', 'F', 'FALSE', 'false', 'False'];

/** @throws EngineError invalid */
export function booleanOption(options: Options, name: string, fallback: boolean): boolean {
  const text = options[name];
  if (text === undefined) return fallback;
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  throw invalid(
    `failed to parse ${name} value: ${text} (strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax)`,
  );
}

/** 0 where none is given. @throws EngineError invalid */
export function mtuOption(options: Options): number {
  const text = options[OPTION.mtu] ?? options.mtu;
  if (text === undefined || text === '') return 0;
  const parsing = `failed to parse ${OPTION.mtu} value: ${text}`;
  if (!/^[+-]?\d+$/.test(text))
    throw invalid(`${parsing} (strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax)`);
  const mtu = Number(text);
  if (mtu < 0 || mtu > 65535) throw invalid(`invalid MTU number: ${mtu}`);
  return mtu;
}

export const GATEWAY_MODES = ['nat', 'nat-unprotected', 'routed', 'isolated'] as const;
export type GatewayMode = (typeof GATEWAY_MODES)[number];

/** @throws EngineError invalid */
export function gatewayMode(options: Options, family: 4 | 6): GatewayMode {
  const name = family === 4 ? OPTION.gatewayMode4 : OPTION.gatewayMode6;
  const mode = options[name] || 'nat';
  if (!(GATEWAY_MODES as readonly string[]).includes(mode)) {
    throw invalid(`failed to parse ${name} value: ${mode} (unknown gateway mode ${mode})`);
  }
  return mode as GatewayMode;
}

/** What is given to networks of every kind. */
function checkCommonOptions(options: Options): void {
  for (const name of [OPTION.ipv4, OPTION.ipv6]) booleanOption(options, name, true);
  mtuOption(options);
  for (const name of [OPTION.name, OPTION.prefix]) {
    const text = options[name];
    if (text && (text.length > INTERFACE_NAME_MAX || !/^[^\s/:.][^\s/:]*$/.test(text))) {
      throw invalid(`invalid ${name}: ${text} (an interface's name has at most ${INTERFACE_NAME_MAX} characters)`);
    }
  }
}

/** Checks what a macvlan or ipvlan network is given. @throws EngineError invalid, system (in Docker's words) */
export function checkChildOptions(kind: ChildKind, options: Options): void {
  checkCommonOptions(options);
  childOptions(kind, options);
}

/** Checks what a bridge network is given. @throws EngineError invalid */
export function checkBridgeOptions(options: Options): void {
  checkCommonOptions(options);
  for (const name of [OPTION.icc, OPTION.masquerade, OPTION.inhibit4]) booleanOption(options, name, true);
  gatewayMode(options, 4);
  gatewayMode(options, 6);
  const binding = options[OPTION.hostBinding];
  if (binding) parseAddress(binding);
}
