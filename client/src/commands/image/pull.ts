import { parseReference } from '@tinydocker/shared/reference.js';
import { defineCommand } from '../../command.js';
import { Failure, messageOf } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import { pullImage } from './pull-image.js';

export const command = defineCommand({
  names: ['pull', 'image pull'],
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  summary: 'Download an image from a registry',
  examples: [
    ['tdctl pull debian:12', 'From Docker Hub'],
    ['tdctl pull --platform linux/arm64 registry.example.com/app', 'For another machine, from another registry'],
  ],
  flags: {
    'all-tags': bool('Download all tagged images in the repository', 'a'),
    'disable-content-trust': bool('Skip image verification', undefined, true),
    platform: text('Set platform if server is multi-platform capable'),
    quiet: bool('Suppress verbose output', 'q'),
  },
  args: { min: 1, max: 1 },
  async run(context, { flags, args }) {
    const image = args[0]!;
    let reference: ReturnType<typeof parseReference>;
    try {
      reference = parseReference(image);
    } catch (error) {
      throw new Failure(messageOf(error));
    }
    const all = flags['all-tags'];
    const named = reference.digest !== undefined || image.lastIndexOf(':') > image.lastIndexOf('/');
    if (all && named) throw new Failure("tag can't be used with --all-tags/-a");
    if (!all && !named && !flags.quiet) context.stdout.write('Using default tag: latest\n');
    const output = flags.quiet ? undefined : context.stdout;
    await pullImage(context, image, { platform: flags.platform, all, output });
    context.stdout.write(`${all ? reference.name : reference.canonical}\n`);
  },
});
