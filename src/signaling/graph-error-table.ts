import { CALLING_ERRORS } from './calling-errors.ts';
import { GENERAL_ERRORS } from './general-errors.ts';
import type { GraphErrorRule } from './graph-error-rule.ts';

/** Meta's errors that can meet a call (meta-calling.md §7.2), by code. docs/errors.md is generated from it. */
export const META_ERRORS: readonly GraphErrorRule[] = [...GENERAL_ERRORS, ...CALLING_ERRORS];
