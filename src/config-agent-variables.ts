import { z } from 'zod';
import { optional, standard, type Text } from './config-meta.ts';
import { agentUnavailable, agentUrl, integer, onOff, token } from './config-values.ts';

const AGENT = 'Its agent';

/** The variables of the first number's agent. */
export const AGENT_VARIABLES = {
  TALKWIRE_AGENT_URL: optional(
    {
      group: AGENT,
      description:
        'Where the voice agent is that answers the number: its websocket; with the wire twilio also its TwiML webhook (http), with pipecat its start route (http).',
      example: 'ws://127.0.0.1:9000',
    },
    agentUrl,
  ),
  TALKWIRE_AGENT_WIRE: standard(
    'raw',
    { group: AGENT, description: 'What the agent at TALKWIRE_AGENT_URL speaks: raw, twilio or pipecat.' },
    z.enum(['raw', 'twilio', 'pipecat'], { error: 'must be raw, twilio or pipecat' }) as Text<
      'raw' | 'twilio' | 'pipecat'
    >,
  ),
  TALKWIRE_AGENT_FILE: optional(
    {
      group: AGENT,
      description:
        'A JSON file that describes the agent as the body of POST /platform/v1/voice_agents does; for agents of every kind, instead of TALKWIRE_AGENT_URL.',
    },
    z.string(),
  ),
  TALKWIRE_AGENT_TOKEN: optional(
    {
      group: AGENT,
      description:
        "Token or key that the agent is opened with: the token of a websocket, the key of a start route (public_api_key), of OpenAI or of ElevenLabs, Twilio's auth token. Kept sealed in the database.",
      secret: true,
    },
    token,
  ),
  TALKWIRE_AGENT_TOKEN_IN: standard(
    'header',
    {
      group: AGENT,
      description: 'Where the token of a websocket goes: header (Authorization: Bearer) or query (token).',
    },
    z.enum(['header', 'query'], { error: 'must be header or query' }) as Text<'header' | 'query'>,
  ),
  TALKWIRE_AGENT_SAMPLE_RATE: standard(
    '16000',
    { group: AGENT, description: 'Rate of the sound both ways on the raw wire, Hz: 8000, 16000, 24000 or 48000.' },
    z
      .enum(['8000', '16000', '24000', '48000'], { error: 'must be 8000, 16000, 24000 or 48000' })
      .transform((text) => Number(text) as 8000 | 16000 | 24000 | 48000) as Text<8000 | 16000 | 24000 | 48000>,
  ),
  TALKWIRE_AGENT_CONNECT_TIMEOUT_MS: standard(
    '5000',
    { group: AGENT, description: 'From dialling the agent until it must be ready, milliseconds.' },
    integer(100, 30_000),
  ),
  TALKWIRE_AGENT_RECONNECT_ATTEMPTS: standard(
    '3',
    { group: AGENT, description: 'How often a lost agent is dialled again within one call; 0 for never.' },
    integer(0, 100),
  ),
  TALKWIRE_ON_AGENT_UNAVAILABLE: standard(
    'reject',
    {
      group: AGENT,
      description: 'When no agent answers: reject, or prompt:<file> to take the call and play that prompt.',
    },
    agentUnavailable,
  ),
  TALKWIRE_ALLOW_LINK_LOCAL_AGENTS: standard(
    'off',
    {
      group: AGENT,
      description:
        'Let agents have link-local addresses and those of metadata services, where clouds hand out credentials: on or off. Private and loopback addresses are always allowed.',
    },
    onOff,
  ),
};
