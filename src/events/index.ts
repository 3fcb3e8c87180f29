/**
 * What happened, told to others: events and Meta's own webhooks are rows before they are attempts, and are sent until they
 * are taken, in order for each call, signed, with a log of every attempt.
 */

export { HttpCourier } from './courier.ts';
export { DeliveryDesk } from './delivery-desk.ts';
export { headersFault } from './delivery-headers.ts';
export { EVENT_TYPES } from './event-types.ts';
export type * from './ports.ts';
export { sampleOf } from './samples.ts';
export { urlFault } from './url-fault.ts';
export { newWebhookSecret, secretFault } from './webhook-secret.ts';
