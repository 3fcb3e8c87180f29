import type { GraphAction, GraphFailure } from '../call/index.ts';
import { classify, retryFor, saysAlreadyDone } from './graph-errors.ts';
import type { Exchange } from './graph-exchange.ts';
import { type GraphLine, NO_CREDENTIALS } from './graph-line.ts';
import type { GraphActRequest } from './graph-types.ts';
import { localFailure } from './local-failure.ts';

export interface ActTimes {
  readonly budgetMs: number;
  /** For one attempt at what may be repeated. */
  readonly attemptMs: number;
}

/**
 * Sends one of the four actions of a call, and says what came of all attempts. When an attempt is repeated:
 *
 * - Not one byte of it left: any action.
 * - It left, and no answer or a passing error came back: `pre_accept` (the same SDP again), `reject` and `terminate` (ending
 *   what is ended harms nobody). Never `accept`: a second accept of an accepted call is an error, so its outcome would be
 *   worse known than before. The failure then is of kind `unknown`.
 */
export async function actOnCall(
  line: GraphLine,
  request: GraphActRequest,
  { budgetMs, attemptMs }: ActTimes,
): Promise<{ verdict: 'ok' | GraphFailure; attempts: number }> {
  const { action, phoneNumberId, sdp } = request;
  const needsSdp = action === 'pre_accept' || action === 'accept';
  if (needsSdp && sdp === null) return { verdict: localFailure('refused', 'no SDP to answer with'), attempts: 0 };

  let maybeDone = false;
  return await line.run<'ok' | GraphFailure>({
    method: 'POST',
    phoneNumberId,
    resource: 'calls',
    body: bodyOf(request),
    budgetMs,
    attemptMs: action === 'accept' ? null : attemptMs,
    judge(outcome) {
      const verdict = judge(outcome);
      if (verdict !== 'ok' && maybeDone && saysAlreadyDone(action, verdict)) return 'ok';
      maybeDone ||= outcome.type === 'answered' ? outcome.status >= 500 : outcome.sent;
      return verdict;
    },
    mayRepeat: (outcome, verdict, attempts) => verdict !== 'ok' && mayRepeat(action, outcome, verdict, attempts),
  });
}

function judge(outcome: Exchange): 'ok' | GraphFailure {
  if (outcome.type === 'unanswered') {
    if (outcome.why === NO_CREDENTIALS) return localFailure('refused', 'no credentials for this number');
    return localFailure('unknown', `no answer from Graph: ${outcome.why}`);
  }
  const { status, body } = outcome;
  if (status < 200 || status > 299) return classify(status, body);
  const success = typeof body === 'object' && body !== null && 'success' in body ? body.success : undefined;
  if (success === true || success === 'true') return 'ok';
  const failure = classify(status, body);
  if (failure.code !== null) return failure;
  if (success !== undefined) return { ...failure, kind: 'refused' };
  return { ...failure, message: 'Graph answered with something that is neither success nor error' };
}

function mayRepeat(action: GraphAction, outcome: Exchange, failure: GraphFailure, attempts: number): boolean {
  if (outcome.type === 'unanswered') return !outcome.sent || action !== 'accept';
  if (action === 'accept') return false;
  const retry = retryFor(failure);
  return retry === 'backoff' || (retry === 'once' && attempts === 1);
}

/** `sdp_type` is `answer` although Meta's table says `offer`: only that works (meta-calling.md §2.1). */
function bodyOf({ action, callId, sdp }: GraphActRequest): string {
  const session = sdp === null ? {} : { session: { sdp_type: 'answer', sdp } };
  return JSON.stringify({ messaging_product: 'whatsapp', call_id: callId, action, ...session });
}
