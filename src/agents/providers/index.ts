/** Voice agents as people describe them: the fields of each kind, checked, and what becomes of them on a call. */
export { changedVoiceAgentBody, newVoiceAgentBody } from './body-schemas.ts';
export { type EnvironmentAgent, putEnvironmentAgent } from './environment-agent.ts';
export {
  field,
  flag,
  key,
  matching,
  number,
  prose,
  text,
  textDictionary,
  wholeNumber,
} from './fields.ts';
export { FieldFaults, InvalidFields } from './invalid-fields.ts';
export { secretFields } from './schemas.ts';
export { accountSidOf, targetOf } from './target-of.ts';
export { changedVoiceAgent, kindNamed, newVoiceAgent, withoutSecrets } from './voice-agent.ts';
