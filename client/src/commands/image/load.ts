import { LineDecoder } from '@tinydocker/shared/json-lines.js';
import { defineCommand } from '../../command.js';
import { Failure } from '../../errors.js';
import { bool, text } from '../../flags/types.js';
import { openArchive } from './open-archive.js';

interface Progress {
  stream?: string;
  error?: string;
  errorDetail?: { message?: string };
}

export const command = defineCommand({
  names: ['load', 'image load'],
  usage: '[OPTIONS]',
  summary: 'Load an image from a tar archive or STDIN',
  examples: [
    ['tdctl load -i app.tar', 'An archive made by docker save or an OCI layout'],
    ['ssh build docker save app | tdctl load', 'From another machine'],
  ],
  flags: {
    input: text('Read from tar archive file, instead of STDIN', 'i'),
    platform: text('Load only the given platform(s)'),
    quiet: bool('Suppress the load output', 'q'),
  },
  args: { min: 0, max: 0 },
  async run({ engine, stdout }, { flags }) {
    const content = await openArchive(flags.input, 'load');
    const reply = await engine.upload('/images/load', { quiet: true, platform: flags.platform }, content);
    const decoder = new LineDecoder<Progress>();
    let failure: string | undefined;
    const show = (messages: readonly Progress[]) => {
      for (const { stream, error, errorDetail } of messages) {
        if (stream !== undefined) stdout.write(stream);
        failure ??= errorDetail?.message ?? error;
      }
    };
    await reply.each((chunk) => show(decoder.push(chunk)));
    show(decoder.end());
    if (failure !== undefined) throw new Failure(failure);
  },
});
