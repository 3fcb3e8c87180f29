import { type CheckAgentOptions, checkAgent } from './check-agent.ts';

const SIGNS = { pass: 'pass', fail: 'FAIL', skip: 'skip' } as const;

/** Checks an agent and prints a line for each behaviour. Resolves to the exit code: 1 if one of them failed. */
export async function runCheckAgent(
  options: CheckAgentOptions,
  print: (line: string) => void = (line) => void process.stdout.write(`${line}\n`),
): Promise<0 | 1> {
  const counts = { pass: 0, fail: 0, skip: 0 };
  for await (const { behaviour, result, detail } of checkAgent(options)) {
    counts[result] += 1;
    print(`${SIGNS[result]}  ${behaviour.padEnd(40)}${detail}`);
  }
  print(`${counts.pass} passed, ${counts.fail} failed, ${counts.skip} skipped`);
  return counts.fail === 0 ? 0 : 1;
}
