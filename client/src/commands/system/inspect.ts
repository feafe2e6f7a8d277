import { examples, type Verb } from '../../command.js';
import type { Context } from '../../context.js';
import { CommandError, DaemonError, ExitCode } from '../../errors.js';
import { compile } from '../../output/template.js';

const PATHS: Record<string, (name: string) => string> = {
  container: (name) => `/containers/${name}/json`,
  image: (name) => `/images/${name}/json`,
};

/** The first kind of object that has this name. */
async function find(context: Context, name: string, types: string[], size: boolean): Promise<unknown> {
  for (const type of types) {
    try {
      return await context.engine.get(PATHS[type]!(name), { size });
    } catch (error) {
      if (!(error instanceof DaemonError) || error.status !== 404) throw error;
    }
  }
  return undefined;
}

export const inspect: Verb = {
  summary: 'Return low-level information on containers and images',
  define(command, context) {
    command
      .argument('<name...>')
      .usage('[OPTIONS] NAME|ID [NAME|ID...]')
      .option('-f, --format <template>', 'Go template, or "json"')
      .option('-s, --size', "Sum up the sizes of a container's files")
      .option('--type <type>', 'container or image')
      .addHelpText(
        'after',
        examples('inspect web', "inspect -f '{{.State.Pid}}' web", "inspect -f '{{json .Config}}' busybox"),
      )
      .action(async (names: string[], flags: { format?: string; size?: true; type?: string }) => {
        if (flags.type && !Object.hasOwn(PATHS, flags.type))
          throw new CommandError(`"${flags.type}" is not a valid value for --type`);
        const types = flags.type ? [flags.type] : Object.keys(PATHS);
        const found: unknown[] = [];
        const missing: string[] = [];
        for (const name of names) {
          const object = await find(context, name, types, flags.size ?? false);
          if (object === undefined) missing.push(name);
          else found.push(object);
        }
        if (!flags.format) context.stdout.write(`${JSON.stringify(found, null, 4)}\n`);
        else {
          const line = flags.format === 'json' ? JSON.stringify : compile(flags.format);
          for (const object of found) context.stdout.write(`${line(object)}\n`);
        }
        for (const name of missing) context.stderr.write(`error: no such ${flags.type ?? 'object'}: ${name}\n`);
        if (missing.length > 0) throw new ExitCode(1);
      });
  },
};
