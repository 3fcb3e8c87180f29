import { dialFrom } from './chain.ts';
import type { Effect } from './effects.ts';
import { type EndedBy, rejected } from './ending.ts';
import { type Gone, hear, wordOf } from './hearing.ts';
import type { Input } from './inputs.ts';
import type { CallPolicy } from './policy.ts';
import type { Voice } from './state.ts';

/** What an input does to the voice of a call that is not answered yet. */
export type VoiceChange =
  /** The input does not concern the voice. */
  | { readonly type: 'none' }
  | { readonly type: 'ignored'; readonly reason: string }
  | { readonly type: 'changed'; readonly voice: Voice; readonly effects: readonly Effect[] }
  /** Nobody will speak: the call must be refused. */
  | {
      readonly type: 'unavailable';
      readonly endedBy: EndedBy;
      readonly detail: string | null;
      readonly effects: readonly Effect[];
    };

/** Follows the agent until the call is answered, and walks the chain; at its end the policy decides what comes instead. */
export function changeVoice(policy: CallPolicy, voice: Voice, input: Input): VoiceChange {
  const word = hear(policy, voice, input, false);
  switch (word.type) {
    case 'none':
    case 'ignored':
    case 'changed':
      return word;
    case 'hangup':
      // It declined the call, which neither the chain nor the policy for an agent that cannot be had covers.
      return { type: 'unavailable', endedBy: 'agent', detail: wordOf(word.reason), effects: word.effects };
    case 'gone':
      return replace(policy, word, input.at);
    default:
      return word satisfies never;
  }
}

function replace(policy: CallPolicy, { seat, code, late, chainBy, effects }: Gone, at: number): VoiceChange {
  const letGo: Effect[] = late
    ? [{ type: 'agent.close', ending: rejected('agent_unavailable', 'bridge', 'not_ready') }]
    : [];
  const hop = dialFrom(policy, seat + 1, at, chainBy);
  if (hop.voice !== null) return { type: 'changed', voice: hop.voice, effects: [...effects, ...letGo, ...hop.effects] };
  const { onAgentUnavailable } = policy;
  switch (onAgentUnavailable.action) {
    case 'reject':
      return { type: 'unavailable', endedBy: 'bridge', detail: code, effects: [...effects, ...hop.effects] };
    case 'prompt': {
      const prompt: Voice = { kind: 'prompt', prompt: onAgentUnavailable.prompt, lost: null };
      return { type: 'changed', voice: prompt, effects: [...effects, ...letGo, ...hop.effects] };
    }
    default:
      return onAgentUnavailable satisfies never;
  }
}
