import { createReadStream } from 'node:fs';
import { LineDecoder } from '@tinydocker/shared/json-lines.js';
import { examples, type Verb } from '../../command.js';
import { CommandError } from '../../errors.js';

interface Progress {
  stream?: string;
  status?: string;
  error?: string;
}

export const load: Verb = {
  summary: 'Load images from an archive or STDIN',
  define(command, context) {
    command
      .usage('[OPTIONS]')
      .option('-i, --input <file>', 'Read from this file instead of stdin')
      .option('-q, --quiet', 'Print nothing but errors')
      .addHelpText('after', examples('load -i busybox.tar', 'load < busybox.tar.gz'))
      .action(async (flags: { input?: string; quiet?: true }) => {
        if (!flags.input && context.stdin.isTTY)
          throw new CommandError('requested load from stdin, but stdin is empty: name a file with -i');
        const stream = flags.input ? createReadStream(flags.input, { highWaterMark: 1 << 20 }) : context.stdin;
        const opened = flags.input
          ? new Promise<void>((resolve, reject) => {
              stream.once('open', () => resolve());
              stream.once('error', (error: NodeJS.ErrnoException) =>
                reject(
                  new CommandError(
                    `open ${flags.input}: ${error.code === 'ENOENT' ? 'no such file or directory' : error.message}`,
                  ),
                ),
              );
            })
          : Promise.resolve();
        await opened;
        const response = await context.engine.request('POST', '/images/load', {
          query: { quiet: flags.quiet ?? !context.stdout.isTTY },
          stream,
          contentType: 'application/x-tar',
        });
        const lines = new LineDecoder<Progress>();
        for await (const part of response) {
          for (const line of lines.push(part as Buffer)) {
            if (line.error) throw new CommandError(line.error);
            if (line.stream && !flags.quiet) context.stdout.write(line.stream);
          }
        }
      });
  },
};
