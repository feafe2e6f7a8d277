import { parseReference } from '@tinydocker/shared/reference.js';
import { defineCommand } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';
import { list, text } from '../../flags/types.js';
import { showTransfer } from '../../output/transfer.js';
import { openArchive } from './open-archive.js';

async function* nothing(): AsyncGenerator<Uint8Array> {}

export const command = defineCommand({
  names: ['import', 'image import'],
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  summary: 'Import the contents from a tarball to create a filesystem image',
  examples: [
    ['tdctl import rootfs.tar.xz base:1', 'What debootstrap has made, packed by tar'],
    ['tdctl export web | tdctl import -c \'CMD ["/bin/sh"]\' - web:flat', 'All of a container in one layer'],
  ],
  flags: {
    change: list('Apply Dockerfile instruction to the created image', 'c'),
    message: text('Set commit message for imported image', 'm'),
    platform: text('Set platform if server is multi-platform capable'),
  },
  args: { min: 1, max: 2 },
  async run({ engine, stdout }, { flags, args }) {
    const [source = '', name] = args;
    try {
      if (name !== undefined) parseReference(name);
    } catch (error) {
      throw new Failure(messageOf(error));
    }
    const remote = /^https?:\/\//.test(source);
    const content = remote ? nothing() : await openArchive(source, 'import');
    const query = {
      fromSrc: remote ? source : '-',
      repo: name,
      message: flags.message,
      changes: flags.change,
      platform: flags.platform,
    };
    const reply = await engine.upload('/images/create', query, content);
    await showTransfer(reply, ({ status = '' }) => stdout.write(`${status}\n`));
  },
});
