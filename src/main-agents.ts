import { createHash, timingSafeEqual } from 'node:crypto';
import {
  AgentDesk,
  AgentLines,
  AssignedRouting,
  CallPlanner,
  createLauncher,
  HealthWatch,
  type Launcher,
  launchProject,
  partiesOf,
  targetOf,
} from './agents/index.ts';
import type { VoiceAgent } from './agents/ports.ts';
import { DEFAULT_PROJECT_ID } from './call/index.ts';
import type { AgentHealth, TwilioCalls } from './calls-api/index.ts';
import { agentCallUrl } from './calls-api/index.ts';
import type { Config } from './config.ts';
import type { MediaPool, PoolReport } from './media/index.ts';
import type { CallRuntime, LaunchPort, MediaPort } from './runtime/index.ts';
import type { Database } from './storage/index.ts';
import type { Logger } from './telemetry/index.ts';

/** Everything about agents that the main thread has: who may answer, who can, and the ways in for those that dial us. */
export interface Agents {
  readonly policies: CallPlanner;
  /** The media port with the desk before it. */
  readonly media: MediaPort;
  readonly launcher: LaunchPort;
  readonly lines: AgentLines;
  readonly watch: HealthWatch;
  readonly healthOf: (agentId: string) => AgentHealth;
  /** A call is over: its agent has room again. */
  release(key: string): void;
  /** The calls that bots written for Twilio may hang up and redirect. */
  twilioCalls(runtime: () => CallRuntime): TwilioCalls;
}

/** Joins the agents' room to storage and media. `now`: Unix milliseconds. */
export function joinAgents(
  config: Config,
  database: Database,
  media: MediaPool,
  logger: Logger,
  now: () => number,
): Agents {
  const { agents, numbers } = database;
  const { allowLinkLocalAgents: allowLinkLocal } = config;
  const desk = new AgentDesk<PoolReport>(media, now);
  const launcher: Launcher = createLauncher({
    credentials: async (phoneNumberId) => (await numbers.credentials(phoneNumberId))?.secret ?? null,
    project(phoneNumberId) {
      const id = numbers.projectOf(phoneNumberId) ?? DEFAULT_PROJECT_ID;
      return launchProject(id, database.projects.get(id)?.name ?? id);
    },
    allowLinkLocal,
  });
  const lines = new AgentLines({
    agentOf: (token) => agents.list().find((agent) => opensLine(agent, token)) ?? null,
    tellDoor: (thread, command) => media.tellDoor(thread, command),
    callUrl: agentCallUrl(config.http.publicUrl),
    now,
  });
  const assigned = () => {
    const ids = new Set(agents.assignments().flatMap(({ enabled, voiceAgentId }) => (enabled ? [voiceAgentId] : [])));
    return agents.list().filter(({ id }) => ids.has(id));
  };
  return {
    policies: new CallPlanner(new AssignedRouting(numbers, agents)),
    media: {
      perform: (identity, effect) => desk.perform(identity, effect),
      onReport: (listener) => desk.onReport(listener),
      instruct: (key, instruction) => media.instruct(key, instruction),
      close: () => media.close(),
    },
    launcher: {
      async launch(identity, launch, webhook) {
        const result = await desk.launch(launcher, identity, launch, webhook);
        if (result.type === 'failed') {
          const { code, detail } = result;
          logger.warn({ call: identity.id, agent: launch.agent.id, code, reason: detail }, 'an agent failed');
        }
        return result;
      },
    },
    lines,
    watch: new HealthWatch({
      agents: () => assigned().map((agent) => ({ target: targetOf(agent), healthUrl: agent.settings.health_url })),
      allowLinkLocal,
      onFinding: (agentId, finding) => desk.probed(agentId, finding),
    }),
    healthOf: (agentId) => (lines.isOpen(agentId) ? 'ok' : desk.healthOf(agentId)),
    release: (key) => desk.release(key),
    twilioCalls: (runtime) => ({
      find(key) {
        const call = runtime().liveCall(key);
        // As it was when the call began, whatever the book says of it since.
        if (call?.agent?.wire !== 'twilio') return null;
        const { identity, agent, answeredAt } = call;
        return {
          agent,
          status: answeredAt === null ? 'ringing' : 'in-progress',
          ...partiesOf(identity),
          direction: identity.direction,
          startedAt: identity.startedAt,
          answeredAt,
        };
      },
      hangUp: (key) => runtime().control.hangUpForAgent(key, true, 'twilio_completed'),
      instruct: (key, instruction) => runtime().control.instruct(key, instruction),
    }),
  };
}

/** Digests have one length, which the comparison needs; its time says nothing of how much was right. */
function opensLine(agent: VoiceAgent, token: string): boolean {
  const target = targetOf(agent);
  if (target.wire !== 'raw' || target.entry.kind !== 'wait') return false;
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(target.entry.token), digest(token));
}
