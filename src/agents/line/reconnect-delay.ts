const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 4000;

export interface LostConnection {
  /** Times the agent was dialled again in this call so far. */
  readonly attemptsMade: number;
  /** OnAgentLost.reconnectAttempts */
  readonly attemptsAllowed: number;
  /** False: the agent refused us for good, such as a wrong token. */
  readonly retryable: boolean;
}

/**
 * How long to wait before the agent is dialled again, milliseconds (250, 500, 1000, 2000, 4000, 4000, …); null to give up.
 * Attempts are counted per call and not per loss, so that an agent that flaps does not hold a call for ever.
 */
export function reconnectDelayMs(lost: LostConnection): number | null {
  if (!lost.retryable || lost.attemptsMade >= lost.attemptsAllowed) return null;
  return Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** lost.attemptsMade);
}
