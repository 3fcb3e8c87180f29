import type { ElevenLabsAgent } from '../../../call/index.ts';
import type { CallContext } from '../../agent.ts';
import { callFacts, carriesOn, type Fact, known, latestLines } from '../../call-facts.ts';

/** What of the conversation so far is told at most, characters. */
const MAX_TRANSCRIPT = 4_000;

/**
 * The first message of a conversation. `source_info` is left out: the service has a list of sources, and we are not on it.
 */
export function initiationMessage(target: ElevenLabsAgent, context: CallContext): object {
  const { user } = context.identity;
  const userId = user.userId ?? user.waId;
  const { overrides } = target;
  return {
    type: 'conversation_initiation_client_data',
    dynamic_variables: dynamicVariables(target, context),
    ...(Object.keys(overrides).length === 0 ? {} : { conversation_config_override: overrides }),
    ...(userId === null ? {} : { user_id: userId }),
  };
}

/**
 * What a prompt may name in braces. The service ends a conversation whose prompt names a variable that is missing, so a fact
 * that is unknown is what the operator set under that name, or else empty. `caller_id`, `called_number` and `call_sid` are
 * the service's own names for calls by telephone.
 */
export function dynamicVariables(target: ElevenLabsAgent, context: CallContext): Readonly<Record<string, Fact>> {
  const told = callFacts(context);
  const facts = { caller_id: told.from_number, called_number: told.to_number, call_sid: told.wacid, ...told };
  return {
    ...Object.fromEntries(Object.keys(facts).map((name) => [name, ''])),
    ...target.dynamicVariables,
    ...target.parameters,
    ...known<Fact>(facts),
  };
}

/** What an agent is told that comes into a call which is under way; null for one that has it from the start. */
export function handoverText(context: CallContext): string | null {
  if (!carriesOn(context)) return null;
  const { attempt, transcript } = context;
  const how =
    attempt > 0
      ? 'Your connection to this phone call was lost for a moment and is there again.'
      : 'You take over this phone call from another agent, which was lost.';
  const lines = latestLines(transcript, MAX_TRANSCRIPT).map(
    ({ party, text }) => `${party === 'user' ? 'Caller' : 'Agent'}: ${text}`,
  );
  return [how, ...(lines.length === 0 ? [] : ['What was said so far:', ...lines])].join('\n');
}
