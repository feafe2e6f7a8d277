import { type FieldLookup, Template } from './template/evaluate.js';
import { isMap, TypedNull } from './template/values.js';

/*
 * `inspect --format` runs over the daemon's JSON, where Docker's runs over Go structures first. What Go knows and JSON does not
 * say is here: the type of what is null or left out.
 */

const MAPS = new Set([
  ...['Labels', 'ExposedPorts', 'Volumes', 'PortBindings', 'Ports', 'Tmpfs', 'Sysctls', 'Annotations', 'StorageOpt'],
  ...['Networks', 'DriverOpts', 'Options', 'Data', 'Details'],
]);
const POINTERS = new Set([
  ...['Healthcheck', 'Health', 'StopTimeout', 'PidsLimit', 'OomKillDisable', 'MemorySwappiness', 'Init', 'IPAMConfig'],
  ...['SizeRw', 'SizeRootFs'],
]);
/** Members that the API leaves out when they are empty. */
const LEFT_OUT: Readonly<Record<string, unknown>> = {
  StopSignal: '',
  MacAddress: '',
  Variant: '',
  OsVersion: '',
  Created: '',
  NetworkDisabled: false,
  ArgsEscaped: false,
  Shell: null,
  ExposedPorts: null,
  Annotations: null,
  StorageOpt: null,
  Tmpfs: null,
  Sysctls: null,
  Mounts: null,
  Init: null,
  Healthcheck: null,
  Health: null,
  StopTimeout: null,
  SizeRw: null,
  SizeRootFs: null,
};

const typeOf = (name: string) => (MAPS.has(name) ? 'map' : POINTERS.has(name) ? 'pointer' : 'list');

const inspectField: FieldLookup = (value, name, parents) => {
  const parent = parents.at(-1) ?? '';
  if (isMap(value) && Object.hasOwn(value, name))
    return value[name] === null ? new TypedNull(typeOf(name)) : value[name];
  // A key of a real map may be missing; a member of a structure may not.
  if (MAPS.has(parent) && (isMap(value) || value instanceof TypedNull)) return undefined;
  if (isMap(value) && Object.hasOwn(LEFT_OUT, name)) {
    const zero = LEFT_OUT[name];
    return zero === null ? new TypedNull(typeOf(name)) : zero;
  }
  throw new Error(`map has no entry for key "${isMap(value) ? name : parent}"`);
};

/** A template for what inspect commands get. @throws TemplateError */
export const inspectTemplate = (source: string): Template => new Template(source, { field: inspectField });
