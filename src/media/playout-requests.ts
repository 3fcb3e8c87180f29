import type { AgentLine } from '../agents/index.ts';
import type { PlayoutQueue } from '../audio/index.ts';

/**
 * Sees to it that a mark is answered once. `pulling` says whether frames are taken from the queue yet: before the call is
 * answered none are, and a mark with nothing before it would wait for the answer although there is nothing to wait for.
 */
export function requestMark(agent: AgentLine, playout: PlayoutQueue, pulling: boolean, name: string): void {
  if (!pulling && playout.stats().queuedMs === 0) agent.marked(name, false);
  // Too many wait: this one will never be reached.
  else if (!playout.mark(name)) agent.marked(name, true);
}

/** Empties the queue and tells the agent what became of its marks and its items; also when there was nothing to throw away. */
export function requestClear(agent: AgentLine, playout: PlayoutQueue): void {
  const cleared = playout.clear();
  for (const mark of cleared.marks) agent.marked(mark, true);
  agent.cleared(cleared.items, cleared.discardedMs);
}
