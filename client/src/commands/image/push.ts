import { parseReference } from '@tinydocker/shared/reference.js';
import { imagePath } from '../../api/paths.js';
import { defineCommand } from '../../command.js';
import { authHeaders, credentialsFor, serverOf } from '../../credentials/credentials.js';
import { Failure, messageOf } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import { showTransfer, TransferView } from '../../output/transfer.js';
import { windowSize } from '../../terminal.js';

export const command = defineCommand({
  names: ['push', 'image push'],
  usage: '[OPTIONS] NAME[:TAG]',
  summary: 'Upload an image to a registry',
  examples: [
    ['tdctl push registry.example.com/app:1.0', 'After tdctl login registry.example.com'],
    ['tdctl push -a registry.example.com/app', 'All tags'],
  ],
  flags: {
    'all-tags': bool('Push all tags of an image to the repository', 'a'),
    'disable-content-trust': bool('Skip image signing', undefined, true),
    platform: text('Push a platform-specific manifest as a single-platform image to the registry'),
    quiet: bool('Suppress verbose output', 'q'),
  },
  args: { min: 1, max: 1 },
  async run({ engine, env, stdout }, { flags, args }) {
    let reference: ReturnType<typeof parseReference>;
    try {
      reference = parseReference(args[0]!);
    } catch (error) {
      throw new Failure(messageOf(error));
    }
    const { domain, name, tag, digest } = reference;
    if (digest !== undefined) throw new Failure('cannot push a digest reference');
    const all = flags['all-tags'];
    const named = args[0]!.lastIndexOf(':') > args[0]!.lastIndexOf('/');
    if (all && named) throw new Failure("tag can't be used with --all-tags/-a");
    if (!all && !named && !flags.quiet) stdout.write('Using default tag: latest\n');
    const auth = await credentialsFor(env, serverOf(domain));
    const query = { tag: all ? undefined : tag, platform: flags.platform };
    const path = imagePath(reference.familiarName, '/push');
    const reply = await engine.open('POST', path, { query, headers: authHeaders(auth) });
    const view = new TransferView(stdout, stdout.isTerminal ? (windowSize()?.columns ?? 80) : undefined);
    await showTransfer(reply, (line) => {
      if (!flags.quiet && line.aux === undefined) view.show(line);
    });
    if (flags.quiet) stdout.write(`${all ? name : reference.canonical}\n`);
  },
});
