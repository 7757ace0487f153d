/** How help is laid out: commands by what they are for, options of a command before those that all have. */
import { Help, type Argument, type Command, type HelpConfiguration, type Option } from 'commander';

/** Passed on to the commands that are made afterwards. */
export const helpLayout: HelpConfiguration = {
  subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
  visibleOptions(command) {
    const all = Help.prototype.visibleOptions.call(this, command);
    return [...all.filter((each) => !isCommon(each)), ...all.filter(isCommon)];
  },
};

function argumentTerm(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}

function isCommon({ long }: Option): boolean {
  return long === '--json' || long === '--no-color' || long === '--help';
}

const groups: readonly (readonly [heading: string, commands: readonly string[]])[] = [
  ['Begin:', ['init', 'run', 'list', 'validate']],
  ['Look:', ['status', 'logs', 'runs', 'tasks', 'events', 'query', 'draw', 'inspect']],
  ['Go on, answer, stop:', ['resume', 'answer', 'signal', 'pause', 'cancel', 'terminate']],
  ['Put right:', ['retry', 'rerun', 'skip', 'complete', 'edit', 'fork', 'break', 'migrate']],
  ['Prove:', ['verify', 'test', 'simulate']],
  ['Keep and remove:', ['export', 'import', 'prune']],
];

/** Headings stand in the order in which the first command of each was added. */
export function groupCommands(program: Command): void {
  for (const [heading, names] of groups)
    for (const command of program.commands) if (names.includes(command.name())) command.helpGroup(heading);
}
