import { invalid } from '@tinydocker/shared/errors.js';

const FLAGS =
  'ro rw nosuid suid nodev dev noexec exec sync async noatime atime nodiratime diratime relatime norelatime strictatime nostrictatime private rprivate shared rshared slave rslave unbindable runbindable'.split(
    ' ',
  );
const VALUES = /^(size|mode|uid|gid|nr_inodes|nr_blocks|mpol)=.+$/;

/**
 * Options of a tmpfs, over Docker's noexec,nosuid,nodev, each of which its opposite takes away.
 * @throws EngineError invalid for a word that tmpfs(5) does not have
 */
export function tmpfsOptions(text: string): string[] {
  const words = text.split(',').filter((word) => word !== '');
  const unknown = words.find((word) => !FLAGS.includes(word) && !VALUES.test(word));
  if (unknown !== undefined) throw invalid(`invalid tmpfs option "${unknown}"`);
  const defaults = ['noexec', 'nosuid', 'nodev'];
  return [...defaults.filter((word) => !words.includes(word) && !words.includes(word.slice(2))), ...words];
}
