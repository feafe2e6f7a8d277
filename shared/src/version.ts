/** The version of tinydocker: daemon, client and helpers are released together. */
export const VERSION = '0.1.0';

/** The Docker Engine API that we speak, newest and oldest. */
export const API_VERSION = '1.51';
export const MIN_API_VERSION = '1.24';
