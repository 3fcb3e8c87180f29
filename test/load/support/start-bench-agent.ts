import { type ChildProcess, fork } from 'node:child_process';
import type { AgentNote } from './bench-agent.ts';

/** Starts the agent of a benchmark in a process of its own. Rejects if it ends before it listens. */
export function startBenchAgent(
  onNote: (note: Exclude<AgentNote, { type: 'listening' }>) => void,
): Promise<{ readonly agent: ChildProcess; readonly agentUrl: string }> {
  const agent = fork(new URL('./bench-agent.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    agent.once('exit', (code) => reject(new Error(`the agent ended with code ${code}`)));
    agent.on('message', (note: AgentNote) => {
      if (note.type === 'listening') resolve({ agent, agentUrl: note.url });
      else onNote(note);
    });
  });
}
