/**
 * Writes docs/reference/cli.md from the commands themselves and build/cli-notes.ts. `node build/cli-reference.ts` writes it;
 * test/cli-reference.test.ts fails when it differs from them.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Argument, Command, type Option } from 'commander';
import { COMMANDS } from '../gateway/cli/commands.ts';
import type { CommandContext } from '../gateway/cli/context.ts';
import { CLI_NOTES } from './cli-notes.ts';

export const CLI_FILE = join(import.meta.dirname, '..', 'docs', 'reference', 'cli.md');

const INTRODUCTION = `<!-- Made from gateway/cli/ and build/cli-notes.ts by build/cli-reference.ts; do not edit. -->

# Command line

\`npx meshgate COMMAND\`, or \`npm run --silent meshgate -- COMMAND\` in the checkout. \`meshgate help COMMAND\` shows the same flags.

| Exit code | Meaning |
| --- | --- |
| 0 | Fine. |
| 1 | Findings: a file is wrong, a workload is denied, a test fails. |
| 2 | Wrong use: flags that are missing, unknown, or contradict each other. |
| 3 | It could not run: a file, a source or a tool is not there. |

Results go to stdout; warnings, findings and errors, each with its code from [errors.md](errors.md), to stderr.
`;

const NO_CONTEXT: CommandContext = {
  environment: {},
  root: new URL('file:///'),
  workerFile: new URL('file:///'),
  version: '',
  stdout: () => undefined,
  stderr: () => undefined,
  finish: () => undefined,
};

/** The whole reference as Markdown. */
export function cliReference(): string {
  const program = new Command('meshgate');
  for (const register of COMMANDS) register(program, NO_CONTEXT);
  return [INTRODUCTION, ...visibleCommands(program).flatMap((command) => sections(command, 'meshgate'))].join('\n');
}

/** Commands that help shows, without `help` itself. */
function visibleCommands(command: Command): Command[] {
  const visible = command.createHelp().visibleCommands(command) as Command[];
  return visible.filter((each) => each.name() !== 'help');
}

function sections(command: Command, parent: string): string[] {
  const name = `${parent} ${command.name()}`;
  const inner = visibleCommands(command);
  if (inner.length > 0) return inner.flatMap((each) => sections(each, name));
  const notes = CLI_NOTES[name.split(' ')[1] ?? ''] ?? '';
  const usage = `${name} ${command.registeredArguments.map(argumentText).join(' ')}`.trim();
  const parts = [`## ${name}\n`, `${sentence(command.description())}\n`, `\`\`\`text\n${usage} [options]\n\`\`\`\n`];
  if (command.registeredArguments.length > 0) {
    parts.push(
      table(
        'Argument',
        command.registeredArguments.map((each) => [argumentText(each), each.description]),
      ),
    );
  }
  const options = command.options.filter((option) => !option.hidden);
  if (options.length > 0)
    parts.push(
      table(
        'Option',
        options.map((option) => [option.flags, optionText(option)]),
      ),
    );
  return [...parts, ...(notes === '' ? [] : [`${notes.trim()}\n`])];
}

function argumentText(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function optionText(option: Option): string {
  const parts = [option.description];
  if (option.argChoices !== undefined)
    parts.push(`one of ${option.argChoices.map((choice) => `\`${choice}\``).join(', ')}`);
  if (option.mandatory) parts.push('required');
  if (option.defaultValue !== undefined && option.defaultValue !== true)
    parts.push(`default \`${String(option.defaultValue)}\``);
  return parts.join('; ');
}

function table(head: string, rows: readonly (readonly [name: string, text: string])[]): string {
  const lines = rows.map(
    ([name, text]) => `| \`${name.replaceAll('|', '\\|')}\` | ${sentence(text).replaceAll('|', '\\|')} |`,
  );
  return `| ${head} | |\n| --- | --- |\n${lines.join('\n')}\n`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

if (import.meta.main) writeFileSync(CLI_FILE, cliReference());
