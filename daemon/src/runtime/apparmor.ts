import { appArmorParser, kernelHasAppArmor, loadAppArmorProfile, loadedProfiles } from '../kernel/apparmor.js';
import { APPARMOR_DEFAULT, APPARMOR_PROFILE } from './apparmor-profile.js';

/**
 * The kernel's AppArmor. As Docker has it, a machine without the parser is one without AppArmor: there is no way to its default
 * profile.
 */
export class AppArmor {
  /** Whether containers get profiles. */
  readonly enabled: boolean;
  /** What an administrator should know. */
  readonly problem: string | undefined;
  readonly #file: string;
  #loading: Promise<void> | undefined;
  #loaded = false;

  /** `file`: where the text of the default profile is written to. */
  constructor(file: string) {
    const kernel = kernelHasAppArmor();
    this.#file = file;
    this.enabled = kernel && appArmorParser() !== undefined;
    if (kernel && !this.enabled)
      this.problem =
        'AppArmor is on, but apparmor_parser is missing (Debian package apparmor): containers get no profile';
  }

  /** Whether the default profile is there, so that nobody has to wait for ready(). */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Loads the default profile, once a daemon. @throws Error why it could not be */
  ready(): Promise<void> {
    this.#loading ??= loadAppArmorProfile(APPARMOR_PROFILE, this.#file).then(
      () => {
        this.#loaded = true;
      },
      (error) => {
        this.#loading = undefined; // the next container tries again
        throw new Error(`the AppArmor profile ${APPARMOR_DEFAULT} could not be loaded: ${(error as Error).message}`);
      },
    );
    return this.#loading;
  }

  /** Whether a profile is there to be asked for. */
  knows(profile: string): boolean {
    return loadedProfiles().has(profile);
  }

  /**
   * The profile of a container, as inspect shows it; '' where there are none. `given` is what was asked for.
   */
  profileOf(given: string | undefined, privileged: boolean): string {
    if (!this.enabled) return '';
    return given || (privileged ? 'unconfined' : APPARMOR_DEFAULT);
  }
}
