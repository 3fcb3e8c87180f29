import type { AgentFailure, CallIdentity, Effect, RuntimeAgent } from '../../call/index.ts';
import { AgentHttpError, askAgent } from '../net/http.ts';
import type { LaunchProject } from './launch-project.ts';

export interface LauncherOptions {
  /** The WhatsApp token that answers calls of this number; null if there is none. */
  readonly credentials: (phoneNumberId: string) => Promise<string | null>;
  /** Whose call it is: the project that has this number. */
  readonly project: (phoneNumberId: string) => LaunchProject;
  readonly allowLinkLocal: boolean;
}

export type LaunchOutcome =
  | { readonly type: 'launched'; readonly tookMs: number }
  | { readonly type: 'failed'; readonly code: AgentFailure; readonly detail: string };

/** What the call machine asks for (its effect agent.launch). */
export type Launch = Extract<Effect, { type: 'agent.launch' }>;

export interface Launcher {
  /** `webhook` is Meta's body as it came, of this call alone. Never rejects. */
  launch(identity: CallIdentity, launch: Launch, webhook: unknown): Promise<LaunchOutcome>;
}

/**
 * Hands calls to runtimes that do their own media, by Kapso's launch contract (kapso-api.md §8). A launch is never tried
 * twice: two runtimes would answer one call.
 */
export function createLauncher(options: LauncherOptions): Launcher {
  const { credentials, project, allowLinkLocal } = options;

  async function launch(identity: CallIdentity, asked: Launch, webhook: unknown): Promise<LaunchOutcome> {
    const { agent, timeoutMs } = asked;
    const begun = performance.now();
    try {
      const token = await credentials(identity.phoneNumberId);
      if (token === null) {
        return { type: 'failed', code: 'unauthorized', detail: 'the number has no WhatsApp token to launch with' };
      }
      await askAgent({
        url: agent.url,
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(agent.key === null ? {} : { Authorization: `Bearer ${agent.key}` }),
        },
        body: JSON.stringify({
          createDailyRoom: false,
          body: {
            kind: 'whatsapp_connect',
            webhook,
            whatsapp_token: token,
            phone_number_id: identity.phoneNumberId,
            context: launchContext(project(identity.phoneNumberId), identity, agent, webhook),
          },
        }),
        timeoutMs,
        allowLinkLocal,
      });
      return { type: 'launched', tookMs: performance.now() - begun };
    } catch (error) {
      // What else can be thrown may hold the token.
      if (!(error instanceof AgentHttpError)) {
        return { type: 'failed', code: 'connect_refused', detail: 'the runtime could not be launched' };
      }
      return { type: 'failed', code: error.loss.code, detail: error.loss.detail };
    }
  }

  return { launch };
}

/** Kapso's keys, and `parameters`, which are ours. What a bridge does not know is null. */
function launchContext(project: LaunchProject, identity: CallIdentity, agent: RuntimeAgent, webhook: unknown) {
  const { user, phoneNumberId } = identity;
  return {
    project,
    config: {
      id: phoneNumberId,
      name: identity.displayPhoneNumber ?? phoneNumberId,
      phone_number_id: phoneNumberId,
      display_phone_number: identity.displayPhoneNumber,
      calls_enabled: true,
      business_account_id: businessAccountOf(webhook),
      is_coexistence: false,
    },
    call: {
      id: identity.id,
      call_id: identity.callId,
      direction: identity.direction,
      status: 'connected',
      started_at: new Date(identity.startedAt).toISOString(),
    },
    contact: {
      id: user.userId ?? user.waId,
      wa_id: user.waId,
      user_id: user.userId,
      profile_name: user.name,
    },
    parameters: agent.parameters,
  };
}

/** Meta's webhooks name the account in the entry that they came in. */
function businessAccountOf(webhook: unknown): string | null {
  const entries = (webhook as { readonly entry?: unknown } | null | undefined)?.entry;
  const first: unknown = Array.isArray(entries) ? entries[0] : null;
  const id = (first as { readonly id?: unknown } | null | undefined)?.id;
  return typeof id === 'string' ? id : null;
}
