import type { ImageConfig } from '@tinydocker/shared/api/images.js';

/**
 * An image's configuration, as the OCI image specification and Docker's older form have it; an image's id is the digest
 * of its bytes. Members that are not named here are kept in those bytes.
 */
export interface OciImage {
  architecture: string;
  variant?: string;
  os: string;
  'os.version'?: string;
  created?: string;
  author?: string;
  comment?: string;
  docker_version?: string;
  config?: ImageConfig | null;
  rootfs: { type: string; diff_ids?: string[] | null };
  history?: OciHistory[] | null;
}

/** How one layer came to be; one with `empty_layer` changed the configuration only. */
export interface OciHistory {
  created?: string;
  created_by?: string;
  author?: string;
  comment?: string;
  empty_layer?: boolean;
}
