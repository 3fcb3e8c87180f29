import type { AgentLoss } from '../../agent.ts';
import { broken, type SocketEnd } from '../../net/socket-end.ts';

/**
 * What the end of a socket means that is no hang-up. `errorType`: what the service called its last error; it tells more than
 * the code it closes with.
 */
export function lossOf(end: SocketEnd, errorType: string | null): AgentLoss {
  const loss = end.kind === 'broken' ? end : broken('socket_lost', true, `the agent closed with ${end.code}`);
  if (errorType === null) return loss;
  const detail = `${loss.detail} (${errorType})`;
  // It closes with 1008 for anything that it does not like in agent or call, and then says what.
  return { ...loss, detail, code: loss.code === 'unauthorized' ? 'agent_error' : loss.code };
}
