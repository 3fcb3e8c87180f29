/**
 * What a bridge relies on in an agent, as behaviours that can be checked against anyone's: each one is a call over the
 * agent's own wire, and a verdict. `talkwire check-agent` prints them.
 */
export { type CheckAgentOptions, CheckOptionError, checkAgent, type Finding } from './check-agent.ts';
export { runCheckAgent } from './run-check-agent.ts';
